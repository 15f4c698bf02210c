import datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import formats, timezone

from ledger import (
    accounts,
    closures,
    gifts,
    grants,
    limits,
    redemptions,
    relatives,
    requests,
)
from ledger.models import Policy, Transfer, TransferKind
from ledger.verification import verify
from tests.factories import MemberFactory, community

from .people import by, credit, hours, pool

pytestmark = pytest.mark.django_db
SPOUSE = {"relation": "spouse", "proof": "marriage certificate"}


@pytest.fixture
def freeze(member, checker):
    def run():
        closures.freeze(member, by=checker, at=timezone.now())

    return run


@pytest.fixture
def ask(member, clerk):
    def run(**changes):
        return closures.ask(member, **({"reason": "moved away"} | by(clerk) | changes))

    return run


def test_an_account_is_frozen_before_it_is_closed(ask, freeze):
    with pytest.raises(requests.NotFrozen):
        ask()

    freeze()

    assert ask().needs_approval


def test_a_closed_account_leaves_its_hours_to_the_pool(ask, freeze, approve, member):
    freeze()

    request = approve(ask())

    assert pool(member.area) == 600
    transfer = Transfer.objects.get(journal=request.key)
    assert (transfer.kind, transfer.approver) == (TransferKind.CLOSURE, request.approver_id)
    assert closures.frozen_since(member) == timezone.localdate()  # it stays frozen
    assert verify().faults == []


def test_a_spouse_takes_over_what_was_earned_and_given_but_not_what_was_granted(
    ask, freeze, approve, member, relative, clerk, today
):
    giver = MemberFactory(volunteer={})
    credit(giver, 100)
    approve(gifts.ask(giver, to=member, minutes=40, relation="child", proof="x", **by(clerk)))
    approve(grants.ask(member, minutes=30, expires_on=today, reason="ill", **by(clerk)))
    freeze()

    approve(ask(heir=relative, **SPOUSE))

    assert hours(relative) == (0, 640, 0)
    assert pool(member.area) == 0
    assert verify().faults == []


@pytest.mark.parametrize("relation", ["parent", "grandparent", "child", "grandchild"])
def test_a_direct_relative_takes_over_as_a_spouse_does(ask, freeze, approve, relative, relation):
    freeze()

    approve(ask(heir=relative, relation=relation, proof="household register, page 3"))

    assert hours(relative) == (0, 600, 0)


def test_only_a_relative_of_the_same_community_takes_over(ask, freeze, relative):
    freeze()

    with pytest.raises(relatives.NotClose):
        ask(heir=relative, relation="neighbor", proof="says so")
    with pytest.raises(closures.OnlyARelative):
        ask(heir=relative, relation="", proof="says so")
    with pytest.raises(gifts.OtherCommunity):
        ask(heir=MemberFactory(area=community("530111001002")), **SPOUSE)


class TestAfterTheClosing:
    """Hours that went to the pool come to a relative who applies in time."""

    @pytest.fixture
    def closed(self, ask, freeze, approve):
        freeze()
        return approve(ask())

    def test_the_pool_gives_back_what_it_received(self, ask, closed, approve, member, relative):
        request = approve(ask(heir=relative, **SPOUSE))

        assert (hours(relative), pool(member.area)) == ((0, 600, 0), 0)
        original = Transfer.objects.get(journal=closed.key)
        assert Transfer.objects.get(reverses=original.id).approver == request.approver_id
        assert accounts.Balance.objects.filter(frozen=False, account_id=original.debit).count() == 0
        assert verify().faults == []

    def test_what_was_granted_stays_with_the_pool(
        self, ask, freeze, approve, member, relative, clerk, today
    ):
        approve(grants.ask(member, minutes=30, expires_on=today, reason="ill", **by(clerk)))
        freeze()
        approve(ask())

        approve(ask(heir=relative, **SPOUSE))

        assert (hours(relative), pool(member.area)) == ((0, 600, 0), 0)

    def test_an_application_that_waited_through_the_closing_is_carried_out(
        self, ask, freeze, approve, member, relative
    ):
        freeze()
        for_the_pool, for_the_heir = ask(), ask(heir=relative, **SPOUSE)
        approve(for_the_pool)

        approve(for_the_heir)

        assert (hours(relative), pool(member.area)) == ((0, 600, 0), 0)

    def test_a_second_relative_finds_nothing_left(self, ask, closed, approve, relative, member):
        approve(ask(heir=relative, **SPOUSE))
        other = MemberFactory()

        with pytest.raises(closures.NothingLeft), transaction.atomic():
            approve(ask(heir=other, relation="child", proof="household register"))

        assert hours(other) == (0, 0, 0)
        assert hours(relative) == (0, 600, 0)

    @pytest.mark.parametrize(("days", "in_time"), [(365, True), (366, False)])
    def test_the_months_count_from_the_closing(self, ask, closed, relative, days, in_time):
        at = timezone.now() + datetime.timedelta(days=days)

        if in_time:
            assert ask(heir=relative, **SPOUSE, at=at)
        else:
            with pytest.raises(closures.TooLateForHeirs):
                ask(heir=relative, **SPOUSE, at=at)

    def test_a_pool_at_its_limit_says_so(self, ask, closed, approve, relative):
        Policy.objects.create(effective_from=datetime.date(2020, 1, 1), pool_floor=1)
        waiting = ask(heir=relative, **SPOUSE)

        with pytest.raises(requests.PoolExhausted), transaction.atomic():
            approve(waiting)

        assert hours(relative) == (0, 0, 0)

    def test_how_long_relatives_may_apply_stands_above_the_form(self, closed, member, today):
        policy = Policy.objects.in_force(member.area, today)

        told = limits.of("closure", member, policy, day=today)

        until = today.replace(year=today.year + 1)
        assert closures.heirs_until(member, policy) == until
        assert any(formats.date_format(until, "DATE_FORMAT") in words for words in told.words)
        assert [minutes for _label, minutes in told.figures] == [0, 600]


@pytest.mark.parametrize(("days", "in_time"), [(0, True), (365, True), (366, False)])
def test_relatives_apply_within_twelve_months_of_the_freezing(ask, freeze, relative, days, in_time):
    freeze()
    at = timezone.now() + datetime.timedelta(days=days)

    if in_time:
        assert ask(heir=relative, **SPOUSE, at=at)
    else:
        with pytest.raises(closures.TooLateForHeirs):
            ask(heir=relative, **SPOUSE, at=at)
        assert ask(at=at)  # to the pool at any time


def test_the_months_for_relatives_are_the_policys(ask, freeze, relative):
    Policy.objects.create(effective_from=datetime.date(2020, 1, 1), heir_months=1)
    freeze()

    with pytest.raises(closures.TooLateForHeirs):
        ask(heir=relative, **SPOUSE, at=timezone.now() + datetime.timedelta(days=40))


def test_an_application_in_time_is_approved_later(ask, freeze, approve, relative):
    freeze()
    request = ask(heir=relative, **SPOUSE)

    approve(request, at=timezone.now() + datetime.timedelta(days=500))

    assert hours(relative) == (0, 600, 0)


def test_an_account_that_was_thawed_meanwhile_is_not_closed(ask, freeze, approve, member, checker):
    freeze()
    request = ask()
    closures.thaw(member, by=checker, at=timezone.now())

    with pytest.raises(requests.NotFrozen):
        approve(request)

    assert hours(member) == (600, 0, 0)


def test_hours_that_are_held_are_released_first(ask, freeze, approve, member, clerk, today):
    request = approve(redemptions.ask(member, minutes=10, on=today, **by(clerk)))
    freeze()
    with pytest.raises(requests.HoursAreHeld):
        approve(ask())

    redemptions.release(request, **by(clerk))
    approve(ask())

    assert pool(member.area) == 600


def test_an_empty_account_is_closed_without_a_transfer(ask, freeze, approve, member):
    freeze()
    approve(ask())

    request = approve(ask())

    assert request.state == "done"
    assert not Transfer.objects.filter(journal=request.key).exists()


def test_freezing_again_does_not_start_the_months_again(freeze, member, checker):
    assert closures.frozen_since(member) is None
    freeze()
    freeze()

    assert closures.frozen_since(member) == timezone.localdate()


def test_a_clerk_freezes_nobody(member, clerk):
    with pytest.raises(PermissionDenied):
        closures.freeze(member, by=clerk, at=timezone.now())
    with pytest.raises(PermissionDenied):
        closures.thaw(member, by=clerk, at=timezone.now())


def test_who_has_no_account_has_nothing_to_close(clerk, checker):
    with pytest.raises(requests.NoAccount):
        closures.freeze(MemberFactory(), by=checker, at=timezone.now())
