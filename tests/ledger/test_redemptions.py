import datetime
import uuid

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.utils import timezone

from ledger import accounts, grants, holds, redemptions, requests
from ledger.models import Hold, Policy, Transfer, TransferKind
from ledger.requests import State
from members.models import User
from tests.factories import MemberFactory, StaffFactory, community

from .people import by, hours

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(member, clerk, today):
    def run(minutes=120, **changes):
        return redemptions.ask(member, **({"minutes": minutes, "on": today} | by(clerk) | changes))

    return run


@pytest.fixture
def charge(clerk, today):
    def run(request, minutes, **changes):
        redemptions.charge(request, minutes=minutes, **({"on": today} | by(clerk) | changes))

    return run


def test_approval_sets_the_hours_aside(ask, approve, member):
    request = ask()
    assert (request.state, hours(member)) == (State.WAITING, (600, 0, 0))

    request = approve(request)

    assert hours(member) == (480, 0, 0)
    hold = Hold.objects.get(key=request.key)
    assert (hold.amount, hold.actor, hold.approver) == (120, request.author_id, request.approver_id)
    assert hold.expires_at == request.decided_at + datetime.timedelta(days=30)
    assert not Transfer.objects.filter(kind=TransferKind.REDEEM).exists()


def test_hours_for_a_far_day_are_still_set_aside_on_it(ask, approve, today):
    in_a_quarter = today + datetime.timedelta(days=90)

    request = approve(ask(on=in_a_quarter))

    hold = Hold.objects.get(key=request.key)
    assert timezone.localdate(hold.expires_at) == in_a_quarter + datetime.timedelta(days=30)


def test_what_was_served_is_charged_and_the_rest_is_free_again(ask, approve, charge, member):
    request = approve(ask())

    charge(request, 90)

    assert hours(member) == (510, 0, 0)
    assert Transfer.objects.get(kind=TransferKind.REDEEM).amount == 90
    assert requests.held_by(member.area_id, member.key) == 0


def test_a_charge_sent_again_changes_nothing_and_another_one_is_refused(
    ask, approve, charge, member
):
    request, key = approve(ask()), uuid.uuid4()
    charge(request, 90, key=key)

    charge(request, 90, key=key)
    with pytest.raises(requests.AlreadyResolved):
        charge(request, 10)
    with pytest.raises(requests.MoreThanSetAside):
        charge(request, 121)

    assert hours(member) == (510, 0, 0)


def test_a_service_that_did_not_happen_frees_the_hours(ask, approve, charge, member, clerk):
    charge(approve(ask()), 0)
    redemptions.release(approve(ask()), **by(clerk))

    assert hours(member) == (600, 0, 0)


def test_only_what_was_approved_is_charged(ask, charge):
    with pytest.raises(redemptions.NotApproved):
        charge(ask(), 30)


def test_strangers_charge_nothing(ask, approve, charge, member):
    request = approve(ask())

    for stranger in (
        StaffFactory(role="auditor"),
        StaffFactory(role="clerk", area=community("530111001002")),
        User.objects.create(username="wang", member=member),
    ):
        with pytest.raises(PermissionDenied):
            charge(request, 30, by=stranger)

    assert holds.is_open(member.area_id, request.key)


def test_more_than_there_is_is_not_set_aside(ask, approve, member):
    approve(ask(500))

    with pytest.raises(requests.NotEnoughHours):
        approve(ask(101))

    assert hours(member) == (100, 0, 0)


def test_granted_hours_are_used_first_and_the_earned_ones_last(
    ask, approve, charge, member, clerk, today
):
    late, soon = today + datetime.timedelta(days=9), today + datetime.timedelta(days=2)
    for day in (late, soon):
        approve(grants.ask(member, minutes=60, expires_on=day, reason="ill", **by(clerk)))
    request = approve(ask(150))

    charge(request, 100)

    assert hours(member) == (600, 0, 20)
    used = Transfer.objects.filter(kind=TransferKind.REDEEM).order_by("leg")
    expiries = [accounts.Account.objects.get(id=one.debit).expires_on for one in used]
    assert (expiries, [one.amount for one in used]) == ([soon, late], [60, 40])


def test_a_grant_that_has_expired_on_the_day_of_use_is_not_drawn(
    ask, approve, member, clerk, today
):
    tomorrow = today + datetime.timedelta(days=1)
    approve(grants.ask(member, minutes=60, expires_on=today, reason="ill", **by(clerk)))

    approve(ask(60, on=tomorrow))

    assert hours(member) == (540, 0, 60)


def test_own_use_before_sixty_needs_a_reason(ask, member, today):
    member.birth_date = today.replace(year=today.year - 50)

    with pytest.raises(redemptions.NeedsReason):
        ask()

    assert ask(reason="after an operation").state == State.WAITING


def test_the_ages_are_the_policys(ask, member, today):
    Policy.objects.create(effective_from=datetime.date(2020, 1, 1), redeem_age=50, relative_age=85)
    member.birth_date = today.replace(year=today.year - 50)

    assert ask().state == State.WAITING
    with pytest.raises(redemptions.TooYoung):
        ask(beneficiary=MemberFactory(birth_date=today.replace(year=today.year - 84)))


def test_a_relative_is_redeemed_for_with_what_one_earned_alone(
    ask, approve, charge, member, relative, clerk, today
):
    kin = {"beneficiary": relative, "relation": "parent", "proof": "register"}
    approve(grants.ask(member, minutes=60, expires_on=today, reason="ill", **by(clerk)))
    with pytest.raises(requests.NotEnoughHours):
        approve(ask(601, **kin))

    charge(approve(ask(100, **kin)), 100)

    assert hours(member) == (500, 0, 60)


def test_a_relative_needs_a_proof_and_an_age(ask, relative, today):
    with pytest.raises(redemptions.TooYoung):
        ask(beneficiary=MemberFactory(birth_date=today.replace(year=today.year - 40)))
    with pytest.raises(IntegrityError, match="ledger_movementrequest_for_a_relative_has_proof"):
        ask(beneficiary=relative, relation="parent")


def test_hours_that_are_held_too_long_are_free_again(ask, approve, member, charge):
    long_ago = timezone.now() - datetime.timedelta(days=31)
    request = approve(ask(at=long_ago, on=timezone.localdate(long_ago)), at=long_ago)

    assert holds.expire(at=timezone.now()) == 1

    assert hours(member) == (600, 0, 0)
    with pytest.raises(requests.AlreadyResolved):
        charge(request, 30)


def test_a_member_asks_for_themselves(member, today):
    own = User.objects.create(username="wang", member=member)

    request = redemptions.ask(member, minutes=30, on=today, **by(own))

    assert request.author == own
    with pytest.raises(PermissionDenied):
        redemptions.ask(MemberFactory(), minutes=30, on=today, **by(own))


def test_frozen_hours_are_not_used(ask, approve, charge, member):
    request = approve(ask())
    accounts.freeze(member.area_id, member.key, frozen=True, by=7)

    with pytest.raises(requests.AccountFrozen):
        charge(request, 30)
    with pytest.raises(requests.NotEnoughHours):
        approve(ask(30))
