"""Requests and others at once, on connections of their own."""

import uuid

import pytest
from django.utils import timezone

from ledger.verification import verify
from members.models import DataRequest, Member
from services.models import Visit
from services.visits import refusals
from tests.factories import ElderFactory, StaffFactory
from tests.ledger.people import pool
from tests.services.test_visits_log import log
from tests.services.test_visits_races import second_while_first_is_open
from timebank.merging import merges
from timebank.personal import asking

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_two_who_ask_at_once_one_is_told_that_it_is_asked_for(ask):
    one, other = second_while_first_is_open(lambda: ask("copy"), lambda: ask("copy"))

    assert isinstance(one, DataRequest)
    assert isinstance(other, asking.AskedAlready)


def test_of_two_who_erase_at_once_one_does(person, served, ask, erase):
    request, second = ask(hours_words="都捐给公益池"), StaffFactory(role="administrator")
    before = pool(person.area)

    _done, other = second_while_first_is_open(
        lambda: erase(request), lambda: erase(request, by=second)
    )

    assert isinstance(other, asking.NotOpen)
    assert pool(person.area) == before + 60
    assert verify().faults == []


def test_a_request_is_withdrawn_or_carried_out(person, ask, erase, clerk):
    request = ask()

    _withdrawn, other = second_while_first_is_open(
        lambda: asking.withdraw(request, by=clerk, at=timezone.now()), lambda: erase(request)
    )

    assert isinstance(other, asking.NotOpen)
    assert Member.objects.get(pk=person.pk).standing == Member.Standing.HERE


def test_a_visit_logged_while_its_volunteer_is_restricted_is_refused(person, ask, clerk):
    elder = ElderFactory().member

    _asked, refused = second_while_first_is_open(
        ask, lambda: log(person, elder, by=clerk, at=timezone.now())
    )

    assert isinstance(refused, refusals.NotOnRecord)
    assert not Visit.objects.exists()


def test_nobody_is_merged_and_erased_at_once(person, ask, clerk, checker):
    other = ElderFactory().member
    merge = merges.ask(
        person,
        other,
        taken=[],
        reason="同一身份证",
        key=uuid.uuid4(),
        by=clerk,
        at=timezone.now(),
    )

    _asked, refused = second_while_first_is_open(
        ask, lambda: merges.approve(merge, by=checker, at=timezone.now())
    )

    assert isinstance(refused, merges.NotHere)
