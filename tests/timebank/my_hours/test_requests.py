"""What a member has asked for: how far it is, taking it back while that goes."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from ledger import approvals, gifts, redemptions
from ledger.models import MovementRequest
from tests.factories import MemberFactory, StaffFactory, UserFactory
from tests.ledger.people import by, hours

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(do, relative):
    def asked(kind, **changes):
        do(kind, **changes)
        return MovementRequest.objects.order_by("-pk").first()

    return asked


def address(request, act="request"):
    return reverse(f"my_hours_{act}", args=[request.key])


def read(client, request):
    return client.get(address(request)).content.decode()


def test_a_donation_can_be_taken_back_and_says_until_when(asked, signed_in, member):
    request = asked("donate")
    until = timezone.localtime(request.decided_at + datetime.timedelta(minutes=10))

    page = read(signed_in, request)
    answer = signed_in.post(address(request, "undo"), follow=True)

    assert f"until <strong>{until:%H:%M}</strong>" in page
    assert "You have your hours back." in answer.content.decode()
    assert address(request, "undo") not in answer.content.decode()
    assert hours(member) == (600, 0, 0)


def test_after_ten_minutes_a_donation_is_final(asked, signed_in, member):
    request = asked("donate")
    request.decided_at -= datetime.timedelta(minutes=11)
    request.save(update_fields=["decided_at"])

    assert address(request, "undo") not in read(signed_in, request)
    answer = signed_in.post(address(request, "undo"), follow=True)

    assert "has passed" in answer.content.decode()
    assert hours(member) == (480, 0, 0)


def test_a_gift_that_was_approved_can_be_taken_back(asked, signed_in, member, relative, checker):
    request = asked("gift")
    approvals.approve(request, by=checker, at=timezone.now())
    assert hours(relative) == (0, 120, 0)

    signed_in.post(address(request, "undo"))

    assert hours(member) == (600, 0, 0)
    assert hours(relative) == (0, 0, 0)


@pytest.mark.parametrize("kind", ["gift", "redeem"])
def test_what_waits_can_be_withdrawn_once(asked, signed_in, kind):
    request = asked(kind)
    assert "waits for a second person" in read(signed_in, request)

    signed_in.post(address(request, "withdraw"))
    again = signed_in.post(address(request, "withdraw"), follow=True)

    request.refresh_from_db()
    assert request.state == "withdrawn"
    assert [m.level_tag for m in again.context["messages"]] == ["success", "error"]
    assert "No hours were moved" in again.content.decode()


def test_what_was_approved_is_not_withdrawn(asked, signed_in, checker):
    request = asked("redeem")
    approvals.approve(request, by=checker, at=timezone.now())

    page = read(signed_in, request)
    signed_in.post(address(request, "withdraw"))

    request.refresh_from_db()
    assert "The hours are set aside" in page
    assert address(request, "withdraw") not in page
    assert request.state == "done"


def test_a_redemption_is_not_undone_here(asked, signed_in, checker):
    request = asked("redeem")
    approvals.approve(request, by=checker, at=timezone.now())

    answer = signed_in.post(address(request, "undo"), follow=True)

    assert "This cannot be undone." in answer.content.decode()


def test_what_was_sent_back_says_why(asked, signed_in, checker):
    request = asked("gift")
    approvals.send_back(request, by=checker, at=timezone.now(), reason="户口本 <看不清>")

    assert "户口本 &lt;看不清&gt;" in read(signed_in, request)


@pytest.mark.parametrize("act", ["request", "undo", "withdraw"])
def test_another_member_finds_nothing(asked, client, relative, act):
    request = asked("donate")
    client.force_login(UserFactory(member=MemberFactory()))

    send = client.get if act == "request" else client.post
    assert send(address(request, act)).status_code == 404


@pytest.mark.parametrize("act", ["request", "undo", "withdraw"])
def test_the_receiver_of_a_gift_does_not_see_what_the_giver_asked(asked, client, relative, act):
    request = asked("gift")
    client.force_login(UserFactory(member=relative))

    send = client.get if act == "request" else client.post
    assert send(address(request, act)).status_code == 404


@pytest.mark.parametrize("act", ["undo", "withdraw"])
def test_staff_are_led_to_their_own_pages(asked, client, act):
    request = asked("donate")
    client.force_login(StaffFactory(role="administrator"))

    assert client.post(address(request, act)).url == reverse("home")
    assert client.get(address(request)).url == reverse("home")
    request.refresh_from_db()
    assert request.state == "done"


@pytest.mark.parametrize("act", ["undo", "withdraw"])
def test_nothing_changes_by_a_link(asked, signed_in, act):
    assert signed_in.get(address(asked("donate"), act)).status_code == 405


def test_what_staff_asked_for_me_is_seen_and_not_withdrawn_by_me(signed_in, member, relative):
    clerk = StaffFactory(role="clerk")
    told = {"to": relative, "minutes": 60, "relation": "parent", "proof": "户口本"}
    request = gifts.ask(member, **told, **by(clerk))

    assert address(request) in signed_in.get(reverse("my_hours")).content.decode()
    assert address(request, "withdraw") not in read(signed_in, request)
    assert signed_in.post(address(request, "withdraw")).status_code == 404


def test_the_list_asks_as_much_for_three_requests_as_for_one(asked, signed_in, member, relative):
    counts = []
    for count in (1, 2):
        for _request in range(count):
            asked("gift", minutes="1")
        with CaptureQueriesContext(connection) as queries:
            page = signed_in.get(reverse("my_hours")).content.decode()
        counts.append(len(queries))

    assert page.count("高老太") == 3
    assert counts[0] == counts[1] <= 10


def test_a_redemption_says_what_became_of_the_hours(asked, signed_in, checker, clerk):
    request = asked("redeem")
    approvals.approve(request, by=checker, at=timezone.now())
    assert "set aside for the visit, until" in read(signed_in, request)

    redemptions.charge(request, minutes=90, on=timezone.localdate(), **by(clerk))

    html = read(signed_in, request)
    assert "1 h 30 min</span> used." in html
    assert "set aside for the visit" not in html
    assert "1 h 30 min used" in signed_in.get(reverse("my_hours")).content.decode()


def test_a_redemption_that_was_released_gives_the_hours_back(asked, signed_in, checker, clerk):
    request = asked("redeem")
    approvals.approve(request, by=checker, at=timezone.now())
    redemptions.release(request, **by(clerk))

    assert "Nothing was used." in read(signed_in, request)
