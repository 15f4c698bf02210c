import datetime
import uuid

import pytest
from django.utils import timezone

from services.models import Category, Visit
from services.papers import certificates
from tests.factories import ElderFactory, StaffFactory, VisitFactory, VolunteerFactory

START, END = datetime.date(2026, 1, 1), datetime.date(2026, 10, 31)
NOW = timezone.make_aware(datetime.datetime(2026, 11, 20, 9, 30))


@pytest.fixture
def holder(db):
    return VolunteerFactory(member__name="高桂䶮", member__id_number="530111196005011234").member


@pytest.fixture
def clerk(db):
    return StaffFactory(username="clerk", role="clerk")


@pytest.fixture
def elder(db):
    return ElderFactory(member__name="李国英").member


@pytest.fixture
def serve(holder, elder):
    """A confirmed visit of the holder."""

    def serve(minutes, day=datetime.date(2026, 3, 8), category="companionship", **more):
        more = {"volunteer": holder, "state": Visit.State.CONFIRMED, "confirmed_at": NOW} | more
        return VisitFactory(
            elder=elder,
            category=Category.objects.get(code=category),
            service_date=day,
            served_minutes=minutes,
            bankable_minutes=0,
            not_banked={"volunteer_choice": minutes},
            **more,
        )

    return serve


@pytest.fixture
def issue(holder, clerk):
    """A certificate of the holder's service in the period."""

    def issue(member=holder, *, start=START, end=END, by=clerk, at=NOW, key=None, seen=None):
        if seen is None:
            seen = certificates.figures(member, start=start, end=end).digest
        return certificates.issue(
            member, start=start, end=end, seen=seen, key=key or uuid.uuid4(), by=by, at=at
        )

    return issue
