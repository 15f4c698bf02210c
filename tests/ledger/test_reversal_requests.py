"""Reversals that people ask for: two persons, once, and who pays for what was spent."""

import uuid

import pytest

from ledger import (
    accounts,
    approvals,
    donations,
    redemptions,
    requests,
    reversals,
    statements,
    transfers,
)
from ledger.models import Transfer, TransferKind
from ledger.transfers import Leg
from ledger.verification import verify

from .people import by, credit, hours, pool

pytestmark = pytest.mark.django_db


@pytest.fixture
def earned(member, today):
    """The key of an hour that the member earned beside the others."""
    key = uuid.uuid4()
    account = accounts.number_of(member.area_id, member.key)
    leg = Leg(TransferKind.EARN, accounts.ISSUANCE, account, 60)
    transfers.post(member.area_id, key, leg, effective_on=today, by=7)
    return key


@pytest.fixture
def ask(member, clerk, earned):
    def run(journal=earned, **changes):
        said = {"reason": "entered twice"} | by(clerk) | changes
        return reversals.ask(member.area, journal, **said)

    return run


def correction(area):
    return statements.balance(area.pk, accounts.CORRECTION).posted


def test_a_reversal_waits_for_a_second_person(ask, approve, member, clerk):
    request = ask()
    with pytest.raises(approvals.OwnEntry):
        approve(request, by=clerk)
    assert hours(member) == (660, 0, 0)

    request = approve(request)

    assert hours(member) == (600, 0, 0)
    mirror = Transfer.objects.get(journal=request.key)
    assert (mirror.kind, mirror.actor) == (TransferKind.REVERSAL, clerk.pk)
    assert mirror.approver == request.approver_id


def test_a_booking_is_reversed_once(ask, approve):
    first, second = ask(), ask()
    approve(first)

    with pytest.raises(requests.AlreadyUndone):
        approve(second)
    with pytest.raises(requests.AlreadyUndone):
        ask()


def test_what_was_never_booked_is_not_reversed(ask):
    with pytest.raises(reversals.NothingToReverse):
        ask(uuid.uuid4())


def test_spent_hours_are_not_taken_from_the_member(ask, approve, member, clerk):
    donations.give(member, minutes=640, **by(clerk))

    with pytest.raises(requests.NotEnoughHours):
        approve(ask())

    assert (hours(member), correction(member.area)) == ((20, 0, 0), 0)


def test_the_community_makes_up_for_spent_hours_when_two_persons_say_so(
    ask, approve, member, clerk
):
    donations.give(member, minutes=640, **by(clerk))

    request = approve(ask(makes_up=True))

    assert (hours(member), correction(member.area), pool(member.area)) == ((0, 0, 0), -40, 640)
    made_up = Transfer.objects.get(kind=TransferKind.CORRECTION)
    assert (made_up.amount, made_up.approver) == (40, request.approver_id)
    assert len(Transfer.objects.filter(journal=request.key)) == 1
    assert verify().faults == []


def test_nothing_is_made_up_for_when_the_hours_are_there(ask, approve, member):
    approve(ask(makes_up=True))

    assert (hours(member), correction(member.area)) == ((600, 0, 0), 0)
    assert not Transfer.objects.filter(kind=TransferKind.CORRECTION).exists()


def test_held_hours_are_made_up_for_as_well(ask, approve, member, clerk, today):

    approve(redemptions.ask(member, minutes=650, on=today, **by(clerk)))

    approve(ask(makes_up=True))

    assert correction(member.area) == -50
    assert requests.held_by(member.area_id, member.key) == 650
    assert verify().faults == []


def test_a_reversal_without_a_reason_is_refused_by_the_database(ask):
    with pytest.raises(Exception, match="ledger_movementrequest_says_what_its_kind_needs"):
        ask(reason="")


def test_a_journal_of_several_legs_lacks_only_what_its_net_takes(member, today):
    """Earned and donated in one journal: the mirror gives before it takes."""
    account, key = credit(member, 1), uuid.uuid4()
    legs = [
        Leg(TransferKind.EARN, accounts.ISSUANCE, account, 60),
        Leg(TransferKind.DONATE, account, accounts.POOL, 60),
    ]
    transfers.post_journal(member.area_id, key, legs, effective_on=today, by=7)
    leg = Leg(TransferKind.DONATE, account, accounts.POOL, 601)
    transfers.post(member.area_id, uuid.uuid4(), leg, effective_on=today, by=7)

    transfers.reverse(
        member.area_id,
        key,
        key=uuid.uuid4(),
        effective_on=today,
        by=7,
        made_up_under=uuid.uuid4(),
    )

    assert (hours(member), correction(member.area)) == ((0, 0, 0), 0)
    assert verify().faults == []


def test_who_approves_is_told_that_the_hours_were_used_and_what_to_do(ask, approve, member, clerk):
    donations.give(member, minutes=660, **by(clerk))

    with pytest.raises(reversals.UsedSince):
        approve(ask())


def test_who_approves_is_told_to_open_a_frozen_account_first(ask, approve, member, checker):
    request = ask()
    accounts.freeze(member.area_id, member.key, frozen=True, by=checker.pk)

    with pytest.raises(reversals.FrozenSince):
        approve(request)
    accounts.freeze(member.area_id, member.key, frozen=False, by=checker.pk)

    assert approve(request).state == "done"
