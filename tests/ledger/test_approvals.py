"""The second person: who may, what is refused, and what the database refuses all the same."""

import datetime
import uuid

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import override

from ledger import approvals, openings, requests
from ledger.models import MovementRequest, Policy
from ledger.requests import State
from members.models import User
from tests.factories import MemberFactory, StaffFactory, community

from .people import by, hours

pytestmark = pytest.mark.django_db
NOW = datetime.datetime(2026, 11, 25, 4, tzinfo=datetime.UTC)


@pytest.fixture
def waiting(member, clerk, today):
    said = {"minutes": 60, "on": today, "evidence": "scan 12"}
    return openings.ask(member, **said, **by(clerk))


def test_nobody_approves_what_they_entered_whatever_their_role(member, today):
    administrator = StaffFactory(role="administrator")
    said = {"minutes": 60, "on": today, "evidence": "scan 12"}
    request = openings.ask(member, **said, **by(administrator))

    with pytest.raises(approvals.OwnEntry):
        approvals.approve(request, by=administrator, at=timezone.now())
    with pytest.raises(approvals.OwnEntry):
        approvals.send_back(request, by=administrator, at=timezone.now(), reason="no")

    assert not approvals.may_approve(request, by=administrator)
    assert hours(member) == (600, 0, 0)


@pytest.mark.parametrize("role", ["checker", "coordinator", "administrator"])
def test_second_persons_approve(waiting, member, role):
    second = StaffFactory(role=role)
    assert approvals.may_approve(waiting, by=second)

    request = approvals.approve(waiting, by=second, at=timezone.now())

    assert (request.state, request.approver) == (State.DONE, second)
    assert hours(member) == (660, 0, 0)
    assert not approvals.may_approve(request, by=second)


def test_others_do_not(waiting, member):
    for stranger in (
        StaffFactory(role="clerk"),
        StaffFactory(role="auditor"),
        StaffFactory(role="checker", area=community("530111001002")),
        User.objects.create(username="wang", member=member),
    ):
        with pytest.raises(PermissionDenied):
            approvals.approve(waiting, by=stranger, at=timezone.now())
        assert not approvals.may_approve(waiting, by=stranger)

    assert hours(member) == (600, 0, 0)


def test_what_is_sent_back_has_a_reason_and_moves_nothing(waiting, member, checker, approve):
    request = approvals.send_back(waiting, by=checker, at=timezone.now(), reason="no scan")

    assert (request.state, request.return_reason) == (State.RETURNED, "no scan")
    with pytest.raises(approvals.NotWaiting):
        approve(waiting)
    assert hours(member) == (600, 0, 0)


def test_the_author_alone_withdraws_what_waits(waiting, clerk, checker, approve):
    with pytest.raises(PermissionDenied):
        approvals.withdraw(waiting, by=checker, at=timezone.now())

    assert approvals.withdraw(waiting, by=clerk, at=timezone.now()).state == State.WITHDRAWN

    with pytest.raises(approvals.NotWaiting):
        approve(waiting)
    with pytest.raises(approvals.NotWaiting):
        approvals.withdraw(waiting, by=clerk, at=timezone.now())


def test_an_approval_that_the_ledger_refuses_leaves_the_request_waiting(member, clerk, approve):
    said = {"minutes": 90_000, "on": NOW.date(), "evidence": "scan 12"}
    request = openings.ask(member, **said, **by(clerk))

    with override("en"), pytest.raises(requests.AccountFull, match="The account is full"):
        approve(request)

    assert MovementRequest.objects.get(pk=request.pk).state == State.WAITING


def test_a_key_is_for_one_request(waiting, member, clerk, today):
    said = by(clerk) | {"key": waiting.key}

    with pytest.raises(requests.KeyReused):
        openings.ask(MemberFactory(), minutes=60, on=today, evidence="scan 12", **said)

    assert openings.ask(member, minutes=60, on=today, evidence="scan 12", **said) == waiting


def test_without_rules_in_force_nothing_is_asked_for(member, clerk, today):
    said = by(clerk, datetime.datetime(1990, 1, 1, tzinfo=datetime.UTC))

    with pytest.raises(requests.NoPolicy):
        openings.ask(member, minutes=60, on=today, evidence="scan 12", **said)


def test_requests_are_seen_in_ones_own_areas_and_by_the_member(waiting, member, checker):
    seen = MovementRequest.objects.waiting().visible_to

    assert list(seen(checker)) == [waiting]
    assert list(seen(User.objects.create(username="wang", member=member))) == [waiting]
    assert list(seen(User.objects.create(username="li", member=MemberFactory()))) == []
    assert list(seen(StaffFactory(role="checker", area=community("530111001002")))) == []


def row(clerk, **changes):
    content = {
        "key": uuid.uuid4(),
        "kind": "donate",
        "area": community(),
        "minutes": 60,
        "on": NOW.date(),
        "author": clerk,
        "asked_at": NOW,
        "needs_approval": True,
    }
    return MovementRequest(**(content | changes))


WHEN_DONE = {"state": "done", "decided_at": NOW}


@pytest.mark.parametrize(
    ("constraint", "changes"),
    [
        ("approver_is_not_the_author", WHEN_DONE | {"approver": "clerk"}),
        ("is_decided_by_whom_its_state_says", {"approver": "checker"}),
        ("is_decided_by_whom_its_state_says", {"decided_at": NOW}),
        ("is_decided_by_whom_its_state_says", WHEN_DONE),
        ("is_decided_by_whom_its_state_says", {"state": "done", "approver": "checker"}),
        (
            "is_decided_by_whom_its_state_says",
            WHEN_DONE | {"needs_approval": False, "approver": "checker"},
        ),
        (
            "is_decided_by_whom_its_state_says",
            {"state": "returned", "return_reason": "no", "decided_at": NOW},
        ),
        ("is_decided_by_whom_its_state_says", {"state": "withdrawn"}),
        ("is_decided_by_whom_its_state_says", {"state": "undone"}),
        ("is_decided_by_whom_its_state_says", {"state": "lost"}),
        (
            "is_returned_with_a_reason",
            {"state": "returned", "approver": "checker", "decided_at": NOW},
        ),
        ("is_returned_with_a_reason", {"return_reason": "no"}),
        ("minutes_are_positive", {"minutes": 0}),
        ("is_between_two_people", {"other": "member", "relation": "child", "proof": "x"}),
        ("for_a_relative_has_proof", {"relation": "child"}),
        ("goes_to_another_community", {"destination": "area"}),
        ("says_what_its_kind_needs", {"member": None}),
        ("says_what_its_kind_needs", {"minutes": None}),
        ("says_what_its_kind_needs", {"kind": "gift"}),
        ("says_what_its_kind_needs", {"kind": "grant"}),
        ("says_what_its_kind_needs", {"kind": "opening"}),
        ("says_what_its_kind_needs", {"kind": "move"}),
        ("says_what_its_kind_needs", {"kind": "closure"}),
        ("says_what_its_kind_needs", {"kind": "reversal", "reason": "wrong"}),
        ("says_what_its_kind_needs", {"kind": "theft"}),
    ],
)
def test_a_request_keeps_its_constraints_whoever_writes_it(
    member, clerk, checker, constraint, changes
):
    people = {"clerk": clerk, "checker": checker, "member": member, "area": community()}
    named = {
        name: people[value] if isinstance(value, str) and value in people else value
        for name, value in changes.items()
    }

    with pytest.raises(IntegrityError, match=f"ledger_movementrequest_{constraint}"):
        row(clerk, **({"member": member} | named)).save(force_insert=True)


def test_a_key_is_written_down_once(member, clerk):
    first = row(clerk, member=member)
    first.save(force_insert=True)

    with pytest.raises(IntegrityError, match="ledger_movementrequest_key"):
        row(clerk, member=member, key=first.key).save(force_insert=True)


@pytest.mark.parametrize(
    ("constraint", "changes"),
    [
        ("asks_two_persons_where_it_must", {"two_persons": ["gift", "redeem", "opening"]}),
        ("asks_two_persons_where_it_must", {"two_persons": []}),
        (
            "two_persons_are_for_kinds_that_exist",
            {"two_persons": ["gift", "redeem", "opening", "reversal", "theft"]},
        ),
        ("holds_last_a_day_or_more", {"hold_days": 0}),
    ],
)
def test_a_policy_keeps_its_constraints(db, constraint, changes):
    with pytest.raises(IntegrityError, match=f"ledger_policy_{constraint}"):
        Policy.objects.create(effective_from=NOW.date(), **changes)


def test_the_defaults_of_a_policy_are_the_domains():
    policy = Policy()

    assert (policy.gift_cap_year, policy.gift_age, policy.undo_minutes) == (200 * 60, 60, 10)
    assert (policy.redeem_age, policy.relative_age, policy.grant_minutes) == (60, 60, 240)
    assert (policy.heir_months, policy.hold_days) == (12, 30)
    assert "donate" not in policy.two_persons
