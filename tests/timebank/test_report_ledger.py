"""R1 beside the ledger: what was banked, what the books held, and that both say the same."""

import datetime
import uuid

import pytest
from django.utils import timezone

from ledger import approvals, moves, transfers
from ledger.accounts import ISSUANCE, POOL, open_for
from ledger.models import TransferKind
from members.models import Area
from services import visits
from services.models import Category, Visit
from tests.factories import ElderFactory, StaffFactory, VisitFactory, VolunteerFactory, community
from timebank.reports.periods import Period
from timebank.reports.r1 import figures
from timebank.reports.r1.document import as_document

pytestmark = pytest.mark.django_db

STREET = "530111001000"
CENTRAL = "530111001002"
MARCH = Period(datetime.date(2026, 3, 1), datetime.date(2026, 3, 31))
FIRST_QUARTER = Period(datetime.date(2026, 1, 1), datetime.date(2026, 3, 31))


def visited(minutes=60, on="2026-03-10", choice="bank", helper=None, area=None):
    """A visit that a clerk entered in time and that banked at once, with its transfers."""
    day = datetime.date.fromisoformat(on)
    helper = helper or VolunteerFactory(member__area=area or community()).member
    at = timezone.make_aware(datetime.datetime.combine(day, datetime.time(18)))
    return visits.log(
        key=uuid.uuid4(),
        area=helper.area,
        volunteer=helper,
        elder=ElderFactory().member,
        category=Category.objects.get(code="companionship"),
        service_date=day,
        minutes=minutes,
        method=Visit.Method.SIGNATURE,
        choice=choice,
        by=StaffFactory(area=helper.area),
        at=at,
    )


def total(period=MARCH, area=None):
    return figures(area or community(), period).total


def test_banked_hours_are_on_time_accounts_and_the_pool_stands_for_them():
    visited(90)

    counted = total()

    assert (counted.banked_minutes, counted.pool_cover_minutes) == (90, 90)
    assert (counted.member_balance_minutes, counted.pool_balance_minutes) == (90, -90)
    assert counted.outstanding_minutes == 0
    assert counted.ledger_difference_minutes == 0


def test_donated_hours_are_served_and_not_banked_and_the_ledger_agrees():
    visited(60, choice="donate")

    counted = total()

    assert (counted.served_minutes, counted.banked_minutes) == (60, 0)
    assert (counted.donated_minutes, counted.not_banked_minutes) == (60, {"donated": 60})
    assert counted.member_balance_minutes == 0
    assert counted.ledger_difference_minutes == 0


def test_a_donation_made_later_takes_nothing_back_from_what_was_banked():
    visit = visited(60)
    account = open_for(visit.area, [visit.volunteer.key])[visit.volunteer.key]
    donation = transfers.Leg(TransferKind.DONATE, account, POOL, 20)
    transfers.post(
        visit.area_id,
        uuid.uuid4(),
        donation,
        effective_on=MARCH.end,
        by=visit.entered_by_id,
    )

    counted = total()

    assert (counted.banked_minutes, counted.donated_minutes) == (60, 20)
    assert (counted.member_balance_minutes, counted.pool_balance_minutes) == (40, -40)
    assert counted.ledger_difference_minutes == 0


def test_an_undone_visit_leaves_no_trace_in_the_sums():
    visit = visited(60)
    visits.undo(visit, by=visit.entered_by, at=visit.entered_at)

    report = figures(community(), MARCH)

    assert (report.total.banked_minutes, report.total.pool_cover_minutes) == (0, 0)
    assert (report.total.member_balance_minutes, report.total.pool_balance_minutes) == (0, 0)
    assert report.total.ledger_difference_minutes == 0
    assert [undone.pk for undone in report.undone] == [visit.pk]


def test_months_show_the_balances_at_their_end():
    helper = VolunteerFactory().member
    visited(60, on="2026-01-10", helper=helper)
    visited(30, on="2026-03-10", helper=helper)

    report = figures(community(), FIRST_QUARTER)

    shown = [
        (month.member_balance_minutes, month.pool_balance_minutes) for _row, month in report.rows
    ]
    assert shown == [(60, -60), (60, -60), (90, -90)]
    assert report.total.member_balance_minutes == 90


def test_what_came_before_the_period_is_in_its_balance_and_not_in_its_flows():
    visited(60, on="2026-02-28")

    counted = total()

    assert (counted.banked_minutes, counted.pool_cover_minutes) == (0, 0)
    assert counted.member_balance_minutes == 60


def test_what_came_after_the_period_is_in_neither():
    visited(60, on="2026-04-01")

    assert total().member_balance_minutes == 0


def test_the_balances_of_communities_add_up_to_the_street():
    visited(60)
    visited(90, area=community(CENTRAL))

    report = figures(Area.objects.get(code=STREET), MARCH)

    rows = {row.code: line.member_balance_minutes for row, line in report.rows}
    assert rows[community().code] == 60
    assert rows[CENTRAL] == 90
    assert report.total.member_balance_minutes == 150


def test_hours_that_the_ledger_does_not_know_are_found_out():
    VisitFactory(
        state=Visit.State.CONFIRMED,
        confirmed_at=timezone.now(),
        service_date=MARCH.start,
        banked_minutes=60,
        not_banked={},
        journal=uuid.uuid4(),
    )

    report = figures(community(), MARCH)

    assert report.total.ledger_difference_minutes == 60
    assert not as_document(report).checks[0].holds


def test_hours_that_no_visit_stands_for_are_found_out():
    helper = VolunteerFactory().member
    account = open_for(helper.area, [helper.key])[helper.key]
    transfers.post(
        helper.area_id,
        uuid.uuid4(),
        transfers.Leg(TransferKind.EARN, ISSUANCE, account, 45),
        effective_on=MARCH.start,
        by=StaffFactory().pk,
    )

    assert total().ledger_difference_minutes == -45


@pytest.mark.parametrize("period", [Period(MARCH.start, timezone.localdate()), None])
def test_hours_that_moved_are_held_where_they_are_now(period):
    helper = visited(90).volunteer
    central = Area.objects.get(code=CENTRAL)
    asked = moves.ask(helper, to=central, by=StaffFactory(), at=timezone.now(), key=uuid.uuid4())
    if asked.state == "waiting":
        approvals.approve(asked, by=StaffFactory(role="checker"), at=timezone.now())
    period = period or Period(datetime.date(2026, 1, 1), timezone.localdate())

    here, there = total(period), total(period, central)

    assert (here.member_balance_minutes, there.member_balance_minutes) == (0, 90)
    assert (here.pool_balance_minutes, there.pool_balance_minutes) == (-90, 0)
    assert total(MARCH).member_balance_minutes == 90
