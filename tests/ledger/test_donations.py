import datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from ledger import donations, requests
from ledger.models import MovementRequest, Policy, RequestKind, Transfer, TransferKind
from ledger.requests import State
from members.models import User
from tests.factories import MemberFactory, StaffFactory, community

from .people import by, hours, pool

pytestmark = pytest.mark.django_db
TEN_MINUTES = datetime.timedelta(minutes=10)


def test_a_donation_goes_to_the_pool_at_once(member, clerk):
    request = donations.give(member, minutes=90, **by(clerk))

    assert request.state == State.DONE
    assert (hours(member), pool(member.area)) == ((510, 0, 0), 90)
    transfer = Transfer.objects.get(journal=request.key)
    assert (transfer.kind, transfer.actor, transfer.approver) == (
        TransferKind.DONATE,
        clerk.pk,
        None,
    )
    assert transfer.policy == Policy.objects.get().pk


def test_a_member_gives_their_own_hours_and_nobody_elses(member):
    own = User.objects.create(username="wang", member=member)
    other = MemberFactory()

    donations.give(member, minutes=30, **by(own))
    with pytest.raises(PermissionDenied):
        donations.give(other, minutes=30, **by(own))

    assert hours(member) == (570, 0, 0)


@pytest.mark.parametrize("role", ["auditor", None])
def test_who_may_not_write_gives_nothing(member, role):
    stranger = (
        StaffFactory(role="auditor")
        if role
        else StaffFactory(role="clerk", area=community("530111001002"))
    )

    with pytest.raises(PermissionDenied):
        donations.give(member, minutes=30, **by(stranger))

    assert MovementRequest.objects.count() == 0


def test_the_same_key_gives_once(member, clerk):
    said = by(clerk)

    first = donations.give(member, minutes=90, **said)
    again = donations.give(member, minutes=90, **said)

    assert again == first
    assert hours(member) == (510, 0, 0)
    with pytest.raises(requests.KeyReused):
        donations.give(member, minutes=91, **said)


def test_more_than_there_is_is_not_given_and_leaves_no_trace(member, clerk):
    with pytest.raises(requests.NotEnoughHours):
        donations.give(member, minutes=601, **by(clerk))

    assert (MovementRequest.objects.count(), hours(member)) == (0, (600, 0, 0))


def test_who_has_no_account_has_nothing_to_give(clerk):
    with pytest.raises(requests.NoAccount):
        donations.give(MemberFactory(), minutes=1, **by(clerk))


def test_a_donation_is_undone_within_ten_minutes(member, clerk):
    request = donations.give(member, minutes=90, **by(clerk))

    undone = donations.undo(request, by=clerk, at=request.decided_at + TEN_MINUTES)

    assert undone.state == State.UNDONE
    assert (hours(member), pool(member.area)) == ((600, 0, 0), 0)
    with pytest.raises(requests.CannotBeUndone):
        donations.undo(request, by=clerk, at=request.decided_at)


def test_a_donation_is_final_after_the_policys_minutes(member, clerk):
    request = donations.give(member, minutes=90, **by(clerk))
    late = request.decided_at + TEN_MINUTES + datetime.timedelta(seconds=1)

    with pytest.raises(requests.TooLateToUndo):
        donations.undo(request, by=clerk, at=late)

    assert hours(member) == (510, 0, 0)


def test_only_who_had_a_part_in_it_undoes_a_donation(member, clerk):
    request = donations.give(member, minutes=90, **by(clerk))

    with pytest.raises(PermissionDenied):
        donations.undo(request, by=StaffFactory(role="clerk"), at=timezone.now())

    own = User.objects.create(username="wang", member=member)
    donations.undo(request, by=own, at=timezone.now())
    assert hours(member) == (600, 0, 0)


def test_a_policy_may_ask_for_a_second_person(member, clerk, approve):
    Policy.objects.create(effective_from=datetime.date(2020, 1, 1), two_persons=list(RequestKind))

    request = donations.give(member, minutes=90, **by(clerk))
    assert (request.state, hours(member)) == (State.WAITING, (600, 0, 0))
    request = approve(request)

    assert (request.state, hours(member)) == (State.DONE, (510, 0, 0))
