import datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.utils import timezone

from ledger import accounts, donations, gifts, requests, reversals
from ledger.models import MovementRequest, Policy, Transfer, TransferKind
from ledger.requests import State
from tests.factories import MemberFactory, StaffFactory, community

from .people import by, credit, hours

pytestmark = pytest.mark.django_db
KIN = {"relation": "parent", "proof": "household register, page 3"}


@pytest.fixture
def ask(member, relative, clerk):
    def run(minutes=120, **changes):
        return gifts.ask(
            member, **({"to": relative, "minutes": minutes} | KIN | by(clerk) | changes)
        )

    return run


def test_a_gift_waits_for_a_second_person_and_moves_then(ask, approve, member, relative, clerk):
    request = ask()
    assert (request.state, hours(member)) == (State.WAITING, (600, 0, 0))

    request = approve(request)

    assert request.state == State.DONE
    assert (hours(member), hours(relative)) == ((480, 0, 0), (0, 120, 0))
    transfer = Transfer.objects.get(journal=request.key)
    assert (transfer.kind, transfer.actor) == (TransferKind.GIFT, clerk.pk)
    assert transfer.approver == request.approver_id


def test_a_gift_without_proof_is_refused_by_the_database(ask):
    with pytest.raises(IntegrityError, match="ledger_movementrequest_for_a_relative_has_proof"):
        ask(proof="")


@pytest.mark.parametrize(
    ("born", "refused"), [((1966, 11, 24), False), ((1990, 1, 1), True), (None, False)]
)
def test_the_relative_is_sixty_or_older_or_the_register_has_a_gap(ask, born, refused):
    other = MemberFactory(birth_date=born and datetime.date(*born))
    at = datetime.datetime(2026, 11, 25, 4, tzinfo=datetime.UTC)

    if refused:
        with pytest.raises(gifts.TooYoung):
            ask(to=other, at=at)
    else:
        assert ask(to=other, at=at).state == State.WAITING


def test_a_relative_of_another_community_is_not_given_to(ask):
    with pytest.raises(gifts.OtherCommunity):
        ask(to=MemberFactory(area=community("530111001002")))


def test_nobody_gives_to_themselves(ask, member):
    with pytest.raises(IntegrityError, match="ledger_movementrequest_is_between_two_people"):
        ask(to=member)


def test_200_hours_a_year_are_the_limit_and_undone_ones_do_not_count(
    ask, approve, member, relative
):
    credit(member, 30_000)
    approve(ask(11_900))
    with pytest.raises(gifts.OverTheYear):
        approve(ask(101))
    undone = approve(ask(100))
    gifts.undo(undone, by=undone.author, at=timezone.now())

    approve(ask(100))

    assert hours(relative) == (0, 12_000, 0)


def test_the_limit_of_the_year_is_the_policys(ask, approve, relative):
    Policy.objects.create(effective_from=datetime.date(2020, 1, 1), gift_cap_year=60)

    with pytest.raises(gifts.OverTheYear):
        approve(ask(61))

    Policy.objects.create(effective_from=datetime.date(2021, 1, 1), gift_cap_year=None)
    approve(ask(61))
    assert hours(relative) == (0, 61, 0)


def test_last_years_gifts_do_not_count(ask, approve, member, today):
    approve(ask(60))
    account = accounts.number_of(member.area_id, member.key)

    assert gifts.given_in_year(member.area_id, account, today) == 60
    assert gifts.given_in_year(member.area_id, account, datetime.date(2000, 1, 1)) == 0


def test_what_was_given_is_not_given_on(ask, approve, relative, clerk):
    approve(ask())

    with pytest.raises(requests.NoAccount):  # a gift alone opens no time account
        donations.give(relative, minutes=30, **by(clerk))
    credit(relative, 10)
    with pytest.raises(requests.NotEnoughHours):
        donations.give(relative, minutes=30, **by(clerk))


def test_a_gift_is_undone_while_its_hours_are_there(ask, approve, member, relative, clerk):
    request = approve(ask())

    gifts.undo(request, by=clerk, at=timezone.now())

    assert (hours(member), hours(relative)) == ((600, 0, 0), (0, 0, 0))


def test_a_gift_is_final_after_ten_minutes_but_for_a_reversal(
    ask, approve, member, relative, clerk
):
    request = approve(ask())
    late = timezone.now() + datetime.timedelta(minutes=11)
    with pytest.raises(requests.TooLateToUndo):
        gifts.undo(request, by=clerk, at=late)

    approve(reversals.ask(member.area, request.key, reason="wrong person", **by(clerk)))

    assert (hours(member), hours(relative)) == ((600, 0, 0), (0, 0, 0))


def test_a_frozen_account_neither_gives_nor_is_given_to(ask, approve, member, relative):
    credit(relative, 10)
    accounts.freeze(relative.area_id, relative.key, frozen=True, by=7)
    with pytest.raises(requests.AccountFrozen):
        approve(ask())

    accounts.freeze(relative.area_id, relative.key, frozen=False, by=7)
    accounts.freeze(member.area_id, member.key, frozen=True, by=7)
    with pytest.raises(requests.AccountFrozen):
        approve(ask())


def test_staff_of_another_community_ask_for_nothing(ask):
    with pytest.raises(PermissionDenied):
        ask(by=StaffFactory(role="clerk", area=community("530111001002")))
    assert MovementRequest.objects.count() == 0
