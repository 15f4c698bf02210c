"""The hours of two records joined: by transfers, each source staying what it is, and back."""

import datetime
import uuid
from dataclasses import asdict

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from ledger import (
    accounts,
    approvals,
    donations,
    gifts,
    grants,
    redemptions,
    requests,
    reversals,
    statements,
    transfers,
)
from ledger.joins import SpentSince, TooMuchTogether
from ledger.models import Account, AccountKind, Balance, Transfer, TransferKind
from services import visits
from services.models import Visit
from services.visits import refusals
from tests.factories import (
    ElderFactory,
    MemberFactory,
    StaffFactory,
    VolunteerFactory,
    community,
)
from tests.ledger.people import by, credit, hours, pool
from tests.services.test_visits_log import log
from timebank import passbook
from timebank.merging import merges
from timebank.months import closing
from timebank.reports import r1
from timebank.reports.periods import Period

from .conftest import assert_ledger_is_clean, fresh

pytestmark = pytest.mark.django_db
MONTH_END = datetime.date(2026, 12, 31)


@pytest.fixture
def rich(gone, clerk, checker):
    """The vanishing record with 10 h earned, 3 h given by a relative, and a grant of 2 h."""
    credit(gone, 600)
    giver = MemberFactory(birth_date=datetime.date(1980, 1, 1), volunteer={})
    credit(giver, 600)
    gift = gifts.ask(giver, to=gone, minutes=180, relation="parent", proof="户口本", **by(clerk))
    approvals.approve(gift, by=checker, at=timezone.now())
    grant = grants.ask(gone, minutes=120, expires_on=MONTH_END, reason="骨折", **by(clerk))
    approvals.approve(grant, by=checker, at=timezone.now())
    return gone


def test_every_source_stays_what_it_is(kept, rich, ask, approve):
    credit(kept, 60)
    assert (hours(kept), hours(rich)) == ((60, 0, 0), (600, 180, 120))

    approve(ask())

    assert hours(kept) == (660, 180, 120)
    grant = Account.objects.get(holder=kept.key, kind=AccountKind.GRANT)
    assert (grant.expires_on, grant.purpose) == (MONTH_END, grants.SPECIAL)
    assert [b.posted for b in _balances(rich)] == [0, 0, 0]
    assert all(b.frozen for b in _balances(rich))
    assert_ledger_is_clean()


def _balances(member):
    numbers = [account.id for account in accounts.of(member.area_id, member.key)]
    return Balance.objects.filter(community=member.area_id, account_id__in=numbers)


def test_a_join_is_one_journal_of_its_own_kind_and_names_both_persons(
    rich, ask, approve, clerk, checker
):
    merge = approve(ask())

    joined = Transfer.objects.filter(journal=merge.key)
    assert {t.kind for t in joined} == {TransferKind.JOIN}
    assert sorted(t.amount for t in joined) == [120, 180, 600]
    assert {(t.actor, t.approver) for t in joined} == {(clerk.pk, checker.pk)}


def test_undoing_gives_every_source_back(kept, rich, ask, approve, undo):
    credit(kept, 60)
    merge = approve(ask())

    undo(merge)

    assert (hours(kept), hours(rich)) == ((60, 0, 0), (600, 180, 120))
    assert not any(b.frozen for b in _balances(rich))
    assert_ledger_is_clean()


def test_hours_that_were_used_since_keep_the_records_together(
    kept, rich, ask, approve, undo, clerk
):
    merge = approve(ask())
    donations.give(kept, minutes=60, **by(clerk))

    with pytest.raises(SpentSince):
        undo(merge)

    assert fresh(rich).merged_into == kept
    assert hours(kept) == (540, 180, 120)
    assert_ledger_is_clean()


def test_hours_that_were_earned_since_stay_with_the_kept_record(kept, rich, ask, approve, undo):
    merge = approve(ask())
    credit(kept, 45)

    undo(merge)

    assert (hours(kept), hours(rich)) == ((45, 0, 0), (600, 180, 120))


def test_given_hours_are_still_not_given_on_after_a_merge(kept, rich, ask, approve, clerk):
    approve(ask())

    with pytest.raises(requests.NotEnoughHours):
        donations.give(kept, minutes=601, **by(clerk))


def test_a_grant_that_came_over_expires_as_it_would_have(kept, rich, ask, approve):
    before = pool(kept.area)
    approve(ask())

    after = timezone.make_aware(datetime.datetime(2027, 1, 1, 3))
    assert grants.expire(at=after) == 1

    assert pool(kept.area) == before + 120
    assert hours(kept) == (600, 180, 0)
    assert_ledger_is_clean()


def test_hours_that_are_set_aside_are_released_first(gone, ask, approve, clerk, checker):
    credit(gone, 600)
    request = redemptions.ask(gone, minutes=60, on=timezone.localdate(), **by(clerk))
    merge = ask()
    approvals.approve(request, by=checker, at=timezone.now())

    with pytest.raises(merges.Obstacle):
        approve(merge)


def test_hours_set_aside_by_the_one_for_the_other_are_released_first(
    kept, gone, ask, approve, clerk, checker
):
    credit(kept, 600)
    told = {"beneficiary": gone, "relation": "spouse", "proof": "结婚证"}
    today = timezone.localdate()
    request = redemptions.ask(kept, minutes=60, on=today, **told, **by(clerk))
    approvals.approve(request, by=checker, at=timezone.now())

    with pytest.raises(merges.Obstacle, match="预留"):
        ask()
    redemptions.release(request, **by(clerk))
    approve(ask())

    assert hours(kept) == (600, 0, 0)


def test_hours_that_a_relative_set_aside_pay_for_a_visit_to_the_kept_record(
    kept, gone, ask, approve, clerk, checker
):
    daughter = MemberFactory(birth_date=datetime.date(1980, 1, 1), volunteer={})
    credit(daughter, 600)
    told = {"beneficiary": gone, "relation": "parent", "proof": "户口本"}
    today = timezone.localdate()
    request = redemptions.ask(daughter, minutes=60, on=today, **told, **by(clerk))
    approvals.approve(request, by=checker, at=timezone.now())

    approve(ask())
    log(
        VolunteerFactory().member, fresh(kept), service_date=timezone.localdate(), at=timezone.now()
    )

    assert hours(daughter) == (540, 0, 0)
    assert requests.held_by(daughter.area_id, daughter.key) == 0
    assert_ledger_is_clean()


def test_hours_that_the_kept_record_set_aside_stay_so(kept, gone, ask, approve, clerk, checker):
    credit(kept, 600)
    request = redemptions.ask(kept, minutes=60, on=timezone.localdate(), **by(clerk))
    approvals.approve(request, by=checker, at=timezone.now())

    approve(ask())
    log(
        VolunteerFactory().member, fresh(kept), service_date=timezone.localdate(), at=timezone.now()
    )

    assert hours(kept) == (540, 0, 0)
    assert requests.held_by(kept.area_id, kept.key) == 0


def test_frozen_accounts_are_not_joined(kept, gone, ask, approve, checker):
    credit(gone, 600)
    accounts.freeze(gone.area_id, gone.key, frozen=True, by=checker.pk)

    with pytest.raises(requests.AccountFrozen):
        approve(ask())


def test_more_than_an_account_may_hold_is_not_joined(kept, gone, ask, approve):
    credit(kept, 1000 * 60)
    credit(gone, 501 * 60)

    with pytest.raises(TooMuchTogether):
        approve(ask())

    assert hours(gone) == (501 * 60, 0, 0)
    assert fresh(gone).merged_into is None


def test_records_without_hours_are_merged_without_a_transfer(kept, gone, ask, approve, undo):
    merge = approve(ask())

    assert not Transfer.objects.filter(journal=merge.key).exists()
    undo(merge)


def test_a_visit_of_the_vanished_record_can_still_be_undone(kept, gone, ask, approve, clerk):
    visit = log(gone, ElderFactory().member, by=clerk, at=timezone.now())
    credit(kept, 30)
    approve(ask())
    assert hours(kept) == (90, 0, 0)

    visits.undo(Visit.objects.get(pk=visit.pk), by=clerk, at=timezone.now())

    assert hours(kept) == (30, 0, 0)
    assert [b.posted for b in _balances(gone)] == [0]
    assert all(b.frozen for b in _balances(gone))
    assert_ledger_is_clean()


def test_an_elders_hours_come_back_to_the_kept_record(kept, gone, ask, approve, clerk):
    volunteer = MemberFactory(volunteer={})
    credit(gone, 90)
    visit = log(volunteer, gone, by=clerk, at=timezone.now())
    assert hours(gone) == (30, 0, 0)
    approve(ask())

    visits.undo(Visit.objects.get(pk=visit.pk), by=clerk, at=timezone.now())

    assert hours(kept) == (90, 0, 0)
    assert_ledger_is_clean()


def test_a_visit_whose_hours_were_given_away_after_the_merge_stands(
    kept, gone, ask, approve, clerk
):
    visit = log(gone, ElderFactory().member, by=clerk, at=timezone.now())
    approve(ask())
    donations.give(kept, minutes=60, **by(clerk))

    with pytest.raises(refusals.HoursAreSpent):
        visits.undo(Visit.objects.get(pk=visit.pk), by=clerk, at=timezone.now())

    assert_ledger_is_clean()


def test_the_community_makes_up_for_what_the_kept_record_has_spent(
    kept, gone, ask, approve, clerk, checker
):
    credit(gone, 60)
    journal = Transfer.objects.get(kind=TransferKind.EARN).journal
    approve(ask())
    donations.give(kept, minutes=40, **by(clerk))

    asked = reversals.ask(kept.area, journal, reason="记错", makes_up=True, **by(clerk))
    approvals.approve(asked, by=checker, at=timezone.now())

    assert hours(kept) == (0, 0, 0)
    assert statements.balance(kept.area_id, accounts.CORRECTION).posted == -40
    assert_ledger_is_clean()


def test_the_passbook_says_where_the_hours_came_from(kept, gone, ask, approve):
    credit(gone, 600)
    approve(ask())

    shown = passbook.opened(kept, at=timezone.now(), limit=5)

    with translation.override("zh-hans"):
        lines = [(str(line.kind), line.minutes) for line in shown["lines"]]
    assert lines == [("从您的另一份档案转来", 600)]


def test_nothing_leads_out_of_given_hours_by_a_join(rich, ask, approve):
    """The web role may post any kind; the database itself knows where a join may lead."""
    given = Account.objects.get(holder=rich.key, kind=AccountKind.GIFTED).id
    time = accounts.number_of(rich.area_id, rich.key)

    for name, debit, credit_ in (
        ("ledger_transfer_given_hours_are_not_given_on", given, time),
        ("ledger_transfer_joins_accounts_of_one_source", time, given),
        ("ledger_transfer_joins_accounts_of_one_source", time, accounts.POOL),
    ):
        leg = transfers.Leg(TransferKind.JOIN, debit, credit_, 10)
        with pytest.raises(IntegrityError, match=name):
            _post(rich, leg)


def _post(member, leg):
    with transaction.atomic():
        transfers.post(member.area_id, uuid.uuid4(), leg, effective_on=timezone.localdate(), by=7)


def test_r1_adds_up_the_same_and_counts_the_person_once(kept, gone, ask, approve, clerk):
    elder = ElderFactory().member
    for member in (kept, gone):
        log(member, elder, by=clerk, at=timezone.now(), service_date=timezone.localdate())
    month = Period(timezone.localdate().replace(day=1), timezone.localdate())
    before = r1.figures(community(), month)

    approve(ask())

    after = r1.figures(community(), month)
    assert (before.total.active_volunteers, after.total.active_volunteers) == (2, 1)
    assert before.total.volunteers == after.total.volunteers + 1
    assert before.total.elders_registered == after.total.elders_registered
    moved = after.total.movements
    assert (before.total.movements.joined_minutes, moved.joined_minutes) == (0, 60)
    moved.joined_minutes = 0  # and nothing else has changed
    people = ("active_volunteers", "volunteers", "new_volunteers")
    assert _but(before.total, people) == _but(after.total, people)


def _but(total, names):
    return {name: value for name, value in asdict(total).items() if name not in names}


def test_a_closed_month_stays_as_it_was(kept, gone, ask, approve, undo, clerk):
    last = timezone.localdate().replace(day=1) - datetime.timedelta(days=1)
    noon = timezone.make_aware(datetime.datetime.combine(last, datetime.time(12)))
    log(gone, ElderFactory().member, by=clerk, at=noon, service_date=last)
    administrators = [StaffFactory(role="administrator") for _ in range(2)]
    asked = closing.ask(community(), last, by=administrators[0], at=timezone.now(), reason="")
    closing.approve(asked, by=administrators[1], at=timezone.now())
    month = Period(last.replace(day=1), last)
    before = asdict(r1.figures(community(), month).total)

    merge = approve(ask())
    assert asdict(r1.figures(community(), month).total) == before

    undo(merge)
    assert asdict(r1.figures(community(), month).total) == before
    assert_ledger_is_clean()
