import datetime

import pytest
from django.utils import timezone

from tests.factories import StaffFactory, VolunteerFactory
from tests.timebank.test_my_time import bank

DAY = datetime.date(2026, 3, 8)
NOW = timezone.make_aware(datetime.datetime(2026, 11, 20, 9, 30))


@pytest.fixture
def volunteer(db):
    return VolunteerFactory(member__name="高桂䶮").member


@pytest.fixture
def clerk(db):
    return StaffFactory(username="clerk", role="clerk")


@pytest.fixture
def fill(volunteer):
    """Lines of the volunteer's account: of so many minutes, on these days, in this order."""

    def fill(*lines, member=volunteer):
        return [bank(member, minutes, day=day) for minutes, day in lines]

    return fill
