"""A booking with all its legs, and the form that asks for its reversal."""

import uuid

import pytest

from ledger import donations, reversals
from ledger.models import MovementRequest, Transfer, TransferKind
from tests.factories import community

from .pages import ELSEWHERE, enter, errors, filled
from .people import by, hours

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client, member):
    client.about = member
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def donation(member, clerk):
    return donations.give(member, minutes=60, **by(clerk))


def at(booked, area=None):
    return f"/hours/journals/{(area or booked.area).code}/{booked.key}/"


def test_it_is_asked_for_with_a_reason_and_done_by_a_second_person(
    client, member, donation, approve
):
    enter(client, "clerk")
    sent = filled(reason="wrong member", makes_up="on")

    assert "donated" in client.get(at(donation)).content.decode()
    for _ in range(2):
        client.post(at(donation), sent)
    asked = MovementRequest.objects.get(kind="reversal")
    assert (asked.reason, asked.makes_up, asked.original) == (
        "wrong member",
        True,
        donation.key,
    )
    approve(asked)

    assert hours(member) == (600, 0, 0)
    assert "reversed before" in client.get(at(donation)).content.decode()


@pytest.mark.parametrize("reason", ["", " ", "\0", "好" * 501])
def test_it_needs_a_fit_reason(client, donation, reason):
    enter(client, "clerk")

    answer = client.post(at(donation), filled(reason=reason))

    assert errors(answer, "reason")


def test_what_a_visit_booked_is_not_reversed_here(client, member):
    earned = Transfer.objects.get(kind=TransferKind.EARN).journal
    enter(client, "clerk")
    place = f"/hours/journals/{member.area.code}/{earned}/"

    answer = client.post(place, filled(reason="x"))

    assert "Undo the visit itself." in answer.content.decode()
    assert not MovementRequest.objects.exists()


def test_that_one_waits_already_is_said(client, donation, clerk):
    reversals.ask(donation.area, donation.key, reason="x", **by(clerk))
    enter(client, "clerk")

    assert "waits already" in client.get(at(donation)).content.decode()


def test_an_auditor_reads_it_and_asks_for_nothing(client, donation):
    enter(client, "auditor")

    answer = client.get(at(donation))

    assert answer.status_code == 200
    assert '<form method="post" novalidate>' not in answer.content.decode()
    assert client.post(at(donation), filled(reason="x")).status_code == 403


@pytest.mark.parametrize(("role", "status"), [("member", 403), ("outside", 404)])
def test_others_do_not_see_it(client, donation, role, status):
    enter(client, role)

    assert client.get(at(donation)).status_code == status
    assert client.post(at(donation), filled(reason="x")).status_code == status


def test_a_booking_of_another_book_is_not_there(client, donation):
    enter(client, "outside")

    assert client.get(at(donation, community(ELSEWHERE))).status_code == 404
    missing = f"/hours/journals/{ELSEWHERE}/{uuid.uuid4()}/"
    assert client.get(missing).status_code == 404
