"""Requests with a clock: who asks, by when, who closes them."""

import datetime
import uuid

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.utils import timezone

from members.models import DataRequest
from services import workdays
from services.models import Holiday
from tests.factories import MemberFactory, StaffFactory, UserFactory, community
from timebank.personal import asking

pytestmark = pytest.mark.django_db
COPY = DataRequest.Kind.COPY


def test_it_is_due_within_fifteen_working_days(ask, person, clerk):
    at = timezone.make_aware(datetime.datetime(2025, 3, 3, 9))  # a Monday
    request = asking.ask(person, kind=COPY, by=clerk, at=at, key=uuid.uuid4())

    assert request.due_on == datetime.date(2025, 3, 24)


def test_holidays_are_not_counted_and_make_up_days_are():
    monday = datetime.date(2024, 3, 4)
    Holiday.objects.create(day=datetime.date(2024, 3, 5), is_workday=False)
    assert workdays.after(monday, 1) == datetime.date(2024, 3, 6)

    Holiday.objects.create(day=datetime.date(2024, 3, 9), is_workday=True)
    assert workdays.after(datetime.date(2024, 3, 8), 1) == datetime.date(2024, 3, 9)


def test_a_member_asks_for_themselves_and_takes_it_back(ask, person):
    request = ask(COPY, by=person.user)

    asking.withdraw(request, by=person.user, at=timezone.now())

    request.refresh_from_db()
    assert (request.state, request.closed_by) == (DataRequest.State.WITHDRAWN, person.user)


def test_nobody_asks_for_somebody_else(ask):
    for nobody in (
        UserFactory(member=MemberFactory()),
        StaffFactory(role="auditor"),
        StaffFactory(role="clerk", area=community("530111001002")),
    ):
        with pytest.raises(PermissionDenied):
            ask(COPY, by=nobody)


def test_nobody_withdraws_what_others_asked_for(ask):
    request = ask(COPY)

    for nobody in (UserFactory(member=MemberFactory()), StaffFactory(role="auditor")):
        with pytest.raises(PermissionDenied):
            asking.withdraw(request, by=nobody, at=timezone.now())


def test_the_same_is_asked_for_once_at_a_time(ask):
    key = uuid.uuid4()

    assert ask(COPY, key=key) == ask(COPY, key=key)
    with pytest.raises(asking.AskedAlready):
        ask(COPY)


def test_a_copy_is_handed_out_once_identity_was_checked(ask, clerk):
    request = ask(COPY)

    asking.hand_out(request, identity="id_card", by=clerk, at=timezone.now())

    request.refresh_from_db()
    assert (request.state, request.identity, request.closed_by) == ("done", "id_card", clerk)
    with pytest.raises(asking.NotOpen):
        asking.hand_out(request, identity="id_card", by=clerk, at=timezone.now())


def test_a_member_hands_nothing_out(ask, person):
    with pytest.raises(PermissionDenied):
        asking.hand_out(ask(COPY), identity="known", by=person.user, at=timezone.now())


def test_a_request_is_not_done_without_saying_how_they_were_recognized(ask, clerk):
    request = ask(COPY)

    with pytest.raises(
        IntegrityError, match="members_datarequest_done_says_how_they_were_recognized"
    ):
        DataRequest.objects.filter(pk=request.pk).update(
            state="done", closed_by=clerk, closed_at=timezone.now()
        )


def test_what_is_closed_names_who_closed_it(ask):
    request = ask(COPY)

    with pytest.raises(IntegrityError, match="members_datarequest_is_closed_by_somebody"):
        DataRequest.objects.filter(pk=request.pk).update(state="withdrawn")
