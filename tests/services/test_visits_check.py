"""services.visits.approve, send_back and undo: the second person's part."""

import datetime
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied

from ledger import accounts, transfers
from ledger.models import Transfer, TransferKind
from members.models import Area
from members.refusals import OwnEntry
from services import visits
from services.models import Visit
from services.visits import refusals
from tests.factories import ElderFactory, StaffFactory, VolunteerFactory, community
from tests.services.test_visits_log import NOW, TODAY, balance, freeze, legs, log, pool

pytestmark = pytest.mark.django_db
LATER = NOW + datetime.timedelta(minutes=11)
SOON = NOW + datetime.timedelta(minutes=10)


@pytest.fixture
def pair():
    return VolunteerFactory().member, ElderFactory().member


@pytest.fixture
def clerk():
    return StaffFactory(role="clerk")


@pytest.fixture
def checker():
    return StaffFactory(role="checker")


@pytest.fixture
def waiting(pair, clerk):
    return log(*pair, method="paper", minutes=90, by=clerk)


def spend(member, minutes):
    """Take hours off the account, as redeeming will."""
    account = accounts.open_for(member.area, [member.key])[member.key]
    leg = transfers.Leg(TransferKind.DONATE, account, accounts.POOL, minutes)
    transfers.post(member.area_id, uuid4(), leg, effective_on=TODAY, by=StaffFactory().pk)


def test_an_approved_visit_banks_its_hours(waiting, pair, clerk, checker):
    visits.approve(waiting, by=checker, at=LATER)

    waiting.refresh_from_db()
    assert (waiting.state, waiting.approved_by, waiting.confirmed_at) == (
        "confirmed",
        checker,
        LATER,
    )
    assert (waiting.banked_minutes, waiting.not_banked, waiting.questions) == (90, {}, ["grade_c"])
    assert balance(pair[0]) == 90
    assert {(t.actor, t.approver) for t in Transfer.objects.all()} == {(clerk.pk, checker.pk)}


def test_approving_counts_the_cap_as_other_visits_have_left_it(waiting, pair, checker):
    log(pair[0], ElderFactory().member, minutes=210)

    approved = visits.approve(waiting, by=checker, at=LATER)

    assert (approved.banked_minutes, approved.not_banked) == (30, {"day_cap": 60})
    assert balance(pair[0]) == 240


def test_a_visit_entered_in_time_is_not_late_because_it_was_approved_late(pair, clerk, checker):
    visit = log(*pair, method="paper", by=clerk)
    two_months = NOW + datetime.timedelta(days=70)

    assert visits.approve(visit, by=checker, at=two_months).banked_minutes == 60


def test_a_visit_that_banks_nothing_is_approved_without_a_posting(pair, clerk, checker):
    visit = log(*pair, method="paper", choice="waive", by=clerk)

    approved = visits.approve(visit, by=checker, at=LATER)

    assert (approved.state, approved.journal) == ("confirmed", None)
    assert not Transfer.objects.exists()


@pytest.mark.parametrize("role", ["clerk", "checker", "coordinator", "administrator"])
def test_no_one_approves_what_they_entered(pair, role):
    author = StaffFactory(role=role)
    visit = log(*pair, method="paper", by=author)

    with pytest.raises(OwnEntry):
        visits.approve(visit, by=author, at=LATER)
    with pytest.raises(OwnEntry):
        visits.send_back(visit, by=author, at=LATER, reason="x")

    visit.refresh_from_db()
    assert visit.state == "completed"


@pytest.mark.parametrize("role", ["clerk", "auditor"])
def test_whoever_is_no_checker_approves_nothing(waiting, role):
    somebody = StaffFactory(role=role)

    with pytest.raises(PermissionDenied):
        visits.approve(waiting, by=somebody, at=LATER)
    with pytest.raises(PermissionDenied):
        visits.send_back(waiting, by=somebody, at=LATER, reason="x")

    assert not Transfer.objects.exists()


def test_a_checker_of_another_community_approves_nothing_here(waiting):
    stranger = StaffFactory(role="checker", area=community("530111001002"))

    with pytest.raises(PermissionDenied):
        visits.approve(waiting, by=stranger, at=LATER)


def test_a_checker_of_the_district_approves(waiting):
    district = Area.objects.get(level="district")

    assert visits.approve(waiting, by=StaffFactory(role="checker", area=district), at=LATER)


def test_a_visit_is_approved_once(waiting, pair, checker):
    visits.approve(waiting, by=checker, at=LATER)

    with pytest.raises(refusals.NotWaiting):
        visits.approve(waiting, by=checker, at=LATER)

    assert balance(pair[0]) == 90


@pytest.mark.parametrize("act", [visits.undo, visits.send_back])
def test_what_was_undone_or_sent_back_is_not_approved(waiting, checker, act):
    reason = {"reason": "x"} if act is visits.send_back else {}
    act(waiting, by=checker, at=NOW, **reason)

    with pytest.raises(refusals.NotWaiting):
        visits.approve(waiting, by=checker, at=LATER)


def test_a_visit_of_tomorrow_is_approved_tomorrow(pair, clerk, checker):
    tomorrow = TODAY + datetime.timedelta(days=1)
    visit = log(*pair, service_date=tomorrow, by=clerk)

    with pytest.raises(refusals.NotYet):
        visits.approve(visit, by=checker, at=LATER)

    day_after = LATER + datetime.timedelta(days=1)
    assert visits.approve(visit, by=checker, at=day_after).banked_minutes == 60


def test_a_visit_on_a_frozen_account_keeps_waiting(waiting, pair, checker):
    freeze(pair[0])

    with pytest.raises(refusals.AccountFrozen):
        visits.approve(waiting, by=checker, at=LATER)

    waiting.refresh_from_db()
    assert (waiting.state, waiting.journal) == ("completed", None)


def test_a_visit_is_approved_once_its_account_is_no_longer_frozen(pair, clerk, checker):
    freeze(pair[0])
    visit = log(*pair, by=clerk)
    account = accounts.number_of(pair[0].area_id, pair[0].key)
    accounts.set_limits(
        pair[0].area_id, account, floor=0, ceiling=90_000, frozen=False, by=checker.pk
    )

    assert visits.approve(visit, by=checker, at=LATER).banked_minutes == 60
    assert balance(pair[0]) == 60


def test_a_visit_that_is_sent_back_says_who_when_and_why(waiting, checker):
    visits.send_back(waiting, by=checker, at=LATER, reason="日期不对")

    waiting.refresh_from_db()
    assert (waiting.state, waiting.return_reason) == ("returned", "日期不对")
    assert (waiting.returned_by, waiting.returned_at) == (checker, LATER)
    assert waiting.not_banked == {"unverified": 90}
    assert not Transfer.objects.exists()


def test_the_author_undoes_a_visit_within_ten_minutes(pair, clerk):
    visit = log(*pair, by=clerk)

    visits.undo(visit, by=clerk, at=SOON)

    visit.refresh_from_db()
    assert (visit.state, visit.reversed_by, visit.reversed_at) == ("reversed", clerk, SOON)
    assert (balance(pair[0]), pool()) == (0, 0)
    assert [kind for kind, *_ in legs()] == [
        TransferKind.EARN,
        TransferKind.POOL_COVER,
        TransferKind.REVERSAL,
        TransferKind.REVERSAL,
    ]


def test_after_ten_minutes_the_author_has_to_ask(pair, clerk):
    visit = log(*pair, by=clerk)

    with pytest.raises(refusals.TooLateToUndo):
        visits.undo(visit, by=clerk, at=LATER)

    assert balance(pair[0]) == 60


def test_a_checker_who_did_not_enter_it_undoes_a_visit_later(pair, clerk, checker):
    visit = log(*pair, by=clerk)

    visits.undo(visit, by=checker, at=LATER)

    assert balance(pair[0]) == 0


@pytest.mark.parametrize("role", ["clerk", "auditor"])
def test_somebody_else_who_is_no_checker_undoes_nothing(pair, clerk, role):
    visit = log(*pair, by=clerk)

    with pytest.raises(PermissionDenied):
        visits.undo(visit, by=StaffFactory(role=role), at=SOON)

    assert balance(pair[0]) == 60


def test_a_checker_who_entered_it_does_not_undo_it_later(pair, checker):
    visit = log(*pair, by=checker)

    with pytest.raises(refusals.TooLateToUndo):
        visits.undo(visit, by=checker, at=LATER)


def test_a_visit_is_undone_once(pair, clerk):
    visit = log(*pair, by=clerk)
    visits.undo(visit, by=clerk, at=SOON)

    with pytest.raises(refusals.CannotBeUndone):
        visits.undo(visit, by=clerk, at=SOON)

    assert balance(pair[0]) == 0


def test_a_visit_that_waits_is_undone_without_a_posting(waiting, clerk):
    undone = visits.undo(waiting, by=clerk, at=SOON)

    assert undone.state == "reversed"
    assert not Transfer.objects.exists()


def test_an_approved_visit_is_undone_with_all_its_legs(pair, clerk, checker):
    visit = log(*pair, method="paper", choice="donate", by=clerk)
    visits.approve(visit, by=checker, at=LATER)

    visits.undo(visit, by=checker, at=LATER)

    assert (balance(pair[0]), pool()) == (0, 0)
    assert Transfer.objects.filter(kind=TransferKind.REVERSAL).count() == 3


def test_hours_that_are_spent_are_not_taken_back(pair, clerk):
    visit = log(*pair, by=clerk)
    spend(pair[0], 30)

    with pytest.raises(refusals.HoursAreSpent):
        visits.undo(visit, by=clerk, at=SOON)

    visit.refresh_from_db()
    assert (visit.state, balance(pair[0])) == ("confirmed", 30)


def test_the_pages_offer_only_what_is_allowed(waiting, clerk, checker):
    offered = {
        "approve own": visits.may_check(waiting, by=clerk),
        "approve another's": visits.may_check(waiting, by=checker),
        "undo own soon": visits.may_undo(waiting, by=clerk, at=SOON),
        "undo own late": visits.may_undo(waiting, by=clerk, at=LATER),
        "undo another's": visits.may_undo(waiting, by=checker, at=LATER),
    }

    assert [what for what, is_offered in offered.items() if is_offered] == [
        "approve another's",
        "undo own soon",
        "undo another's",
    ]


@pytest.mark.parametrize("state", ["reversed", "returned"])
def test_nothing_is_offered_once_a_visit_is_out_of_play(waiting, checker, state):
    waiting.state = state

    assert not visits.may_check(waiting, by=checker)
    assert not visits.may_undo(waiting, by=checker, at=SOON)


def test_the_visit_handed_back_is_the_one_on_record(waiting, checker):
    approved = visits.approve(waiting, by=checker, at=LATER)

    assert approved.state == Visit.objects.get().state == "confirmed"
