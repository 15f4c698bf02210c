"""Every kind of movement in R1: opening balance and movements add up to the closing balance."""

import csv
import datetime
import io
import uuid
from dataclasses import fields

import pytest
from django.utils import translation
from openpyxl import load_workbook

from ledger import accounts, periods, transfers
from ledger.accounts import ISSUANCE, POOL
from ledger.models import TransferKind
from members.models import Area
from services.models import ClosedMonth, MonthClosing
from tests.factories import MemberFactory, StaffFactory, community
from timebank import passbook
from timebank.months import closing
from timebank.reports import files, hours, r1
from timebank.reports.periods import Period
from timebank.reports.r1 import stored

pytestmark = pytest.mark.django_db

CENTRAL = "530111001002"
STREET = "530111001000"
FEBRUARY, MARCH, APRIL = (datetime.date(2021, month, 1) for month in (2, 3, 4))
NOON = datetime.datetime(2021, 5, 6, 4, tzinfo=datetime.UTC)
KINDS = {
    "redeemed": 30,
    "donated_later": 20,
    "given": 15,
    "granted": 40,
    "grant_expired": 10,
    "brought_over": 100,
    "moved_in": 0,
    "moved_out": 8,
    "closed": 5,
    "inherited": 4,
    "joined": 6,
}


class Book:
    """A book in which every kind of movement happens, in March 2021."""

    def __init__(self):
        self.area = community()
        self.by = StaffFactory().pk
        self.wang, self.li, self.gone, self.heired = (MemberFactory().key for _ in range(4))
        people = [self.wang, self.li, self.gone, self.heired]
        self.own = accounts.open_for(self.area, people)
        self.gifted = accounts.open_gifted(self.area, self.li)
        key = uuid.uuid4()
        last = datetime.date(2021, 3, 31)
        granted = accounts.open_grants(self.area, {key: self.li}, purpose="month", expires_on=last)
        self.granted = granted[key]

    def post(self, kind, debit, credit, minutes, on=MARCH, **more):
        key = uuid.uuid4()
        leg = transfers.Leg(kind, debit, credit, minutes)
        transfers.post(self.area.pk, key, leg, effective_on=on, by=self.by, **more)
        return key

    def reverse(self, key, on=MARCH, relates_to=None, made_up_under=None):
        transfers.reverse(
            self.area.pk,
            key,
            key=uuid.uuid4(),
            effective_on=on,
            relates_to=relates_to,
            made_up_under=made_up_under,
            by=self.by,
        )

    def close(self, holder, heir):
        accounts.freeze(self.area.pk, holder, frozen=True, by=self.by)
        key = uuid.uuid4()
        transfers.close(self.area.pk, key, holder, heir, effective_on=MARCH, by=self.by)

    def fill(self):
        wang, gone, heired = self.own[self.wang], self.own[self.gone], self.own[self.heired]
        for holder in (gone, heired):
            self.post(TransferKind.OPENING, ISSUANCE, holder, {gone: 5, heired: 4}[holder])
        self.post(TransferKind.OPENING, ISSUANCE, wang, 91)
        self.post(TransferKind.DONATE, wang, POOL, 20)
        self.post(TransferKind.GIFT, wang, self.gifted, 15)
        self.post(TransferKind.GRANT, POOL, self.granted, 40)
        self.post(TransferKind.GRANT_EXPIRY, self.granted, POOL, 10)
        self.post(TransferKind.REDEEM, self.granted, ISSUANCE, 30)
        central = Area.objects.get(code=CENTRAL)
        there = accounts.open_for(central, [self.wang])[self.wang]
        transfers.move(
            self.area.pk,
            central.pk,
            uuid.uuid4(),
            [(wang, there, 8)],
            effective_on=MARCH,
            by=self.by,
        )
        self.post(TransferKind.JOIN, wang, self.own[self.li], 6)
        self.close(self.gone, POOL)
        self.close(self.heired, self.gifted)


@pytest.fixture
def book():
    return Book()


def report(first=MARCH, last=None, area=None):
    end = Period.month_of(last or first).end
    return r1.figures(area or community(), Period(first, end))


def moved(total):
    return {name: getattr(total.movements, f"{name}_minutes") for name in KINDS}


def test_every_kind_is_counted_and_both_balances_add_up(book):
    book.fill()

    total = report().total

    assert moved(total) == KINDS
    assert total.member_balance_minutes == 100 + 40 - 30 - 20 - 10 - 8 - 5
    assert total.pool_balance_minutes == 20 + 10 + 5 - 40
    assert (total.balance_difference_minutes, total.pool_difference_minutes) == (0, 0)


def test_every_kind_is_counted_as_something_of_its_own():
    """A reversal counts under the kind that it reverses; a closure also by where the hours went."""
    own = set(TransferKind) - {TransferKind.REVERSAL}

    assert set(hours.COUNTED_AS) == own
    assert len(set(hours.COUNTED_AS.values())) == len(own)
    other = {"donated_when_earned", "closed_to_pool", "reversed"}
    assert {field.name for field in fields(hours.Flows)} == {*hours.COUNTED_AS.values(), *other}


def test_every_kind_has_words_in_the_passbook_in_both_languages():
    """A kind that has none of its own is called what the ledger calls it; nobody reads a number."""
    for kind in TransferKind:
        for way in ("in", "out"):
            words = passbook.WORDS.get((kind, way)) or kind.label
            with translation.override("en"):
                english = str(words)
            with translation.override("zh-hans"):
                assert str(words) not in (english, "")


def test_a_month_opens_with_what_the_one_before_closed_with(book):
    book.post(TransferKind.OPENING, ISSUANCE, book.own[book.wang], 60, on=FEBRUARY)
    book.fill()

    quarter = report(FEBRUARY, APRIL)

    lines = [line for _row, line in quarter.rows]
    openings = [line.movements.opening_member_balance_minutes for line in lines]
    assert openings == [0, 60, lines[1].member_balance_minutes]
    assert [line.balance_difference_minutes for line in lines] == [0, 0, 0]
    assert quarter.total.movements.opening_member_balance_minutes == 0
    assert moved(quarter.total) == KINDS | {"brought_over": 160}
    assert quarter.total.balance_difference_minutes == 0


def test_what_moves_between_communities_stands_in_both(book):
    book.fill()

    street = report(area=Area.objects.get(code=STREET))

    rows = {row.code: line for row, line in street.rows}
    assert rows[CENTRAL].movements.moved_in_minutes == 8
    assert rows[community().code].movements.moved_out_minutes == 8
    assert (street.total.balance_difference_minutes, street.total.pool_difference_minutes) == (0, 0)


def test_a_reversal_takes_off_its_kind_and_is_told(book):
    book.fill()
    undone = book.post(TransferKind.DONATE, book.own[book.wang], POOL, 7)
    book.reverse(undone)

    total = report().total

    assert total.movements.donated_later_minutes == KINDS["donated_later"]
    assert total.movements.reversed_minutes == 7
    assert (total.balance_difference_minutes, total.pool_difference_minutes) == (0, 0)


def test_a_reversal_on_a_later_day_counts_on_that_day(book):
    book.fill()
    undone = book.post(TransferKind.DONATE, book.own[book.wang], POOL, 7)
    book.reverse(undone, on=APRIL, relates_to=MARCH)

    march, april = report().total, report(APRIL).total

    assert march.movements.donated_later_minutes == KINDS["donated_later"] + 7
    assert april.movements.donated_later_minutes == -7
    assert (march.balance_difference_minutes, april.balance_difference_minutes) == (0, 0)
    assert (march.pool_difference_minutes, april.pool_difference_minutes) == (0, 0)


def test_what_the_community_makes_up_for_is_told(book):
    wang = book.own[book.wang]
    earned = book.post(TransferKind.OPENING, ISSUANCE, wang, 60)
    book.post(TransferKind.DONATE, wang, POOL, 50)
    book.reverse(earned, made_up_under=uuid.uuid4())

    total = report().total

    assert (total.movements.made_up_minutes, total.movements.brought_over_minutes) == (50, 0)
    assert total.member_balance_minutes == 0
    assert total.balance_difference_minutes == 0


def test_a_movement_that_the_report_does_not_know_is_found_out(book):
    book.post(TransferKind.GRANT, ISSUANCE, book.own[book.wang], 12)

    counted = report()

    assert counted.total.pool_difference_minutes == 12
    banked, balances = r1.as_document(counted).checks
    assert banked.holds
    assert not balances.holds


def test_every_copy_has_the_lines_and_what_has_to_hold(book):
    book.fill()
    holds = "Balance difference 0: opening balances and movements add up to the closing."

    with translation.override("en"):
        document = r1.as_document(report())
        workbook = load_workbook(io.BytesIO(files.as_workbook(document, "made for 林")))
        text = files.as_text(document)
        table = list(csv.reader(io.StringIO(files.as_csv(document, "x").decode("utf-8-sig"))))

    assert holds in [cell.value for row in workbook["Summary"] for cell in row]
    assert holds in text
    assert [holds] in table
    assert ["Redeemed", "0.5", "-0.5", "0.0"] in table
    sheet = next(sheet for sheet in workbook if sheet.title.startswith("From the opening"))
    granted = ["Granted by the pool", 0.67, 0.67, -0.67]
    assert granted in [[cell.value for cell in row] for row in sheet]


def test_the_lines_of_the_table_add_up_to_its_closing_balances(book):
    book.post(TransferKind.OPENING, ISSUANCE, book.own[book.wang], 60, on=FEBRUARY)
    book.fill()
    document = r1.as_document(report())

    balances = next(s.table for s in document.sections if s.key == "balances")
    by_row = next(s.table for s in document.sections if s.key == "movements")

    for column in (2, 3):
        assert sum(row[column] for row in balances.rows) == balances.total[column]
    for row in [*by_row.rows, by_row.total]:
        assert sum(row[1:-1]) == row[-1]


def test_data_has_each_kind_in_minutes_and_hours(book):
    book.fill()

    data = r1.as_data(report())

    assert {name: data[f"{name}_minutes"] for name in KINDS} == KINDS
    assert (data["redeemed_hours"], data["balance_difference_minutes"]) == (0.5, 0)
    assert data["by_month"][0]["opening_pool_balance_minutes"] == 0
    assert data["without_movements_through"] is None


class TestClosedMonths:
    @pytest.fixture
    def close(self, book):
        """Close a month as today's application does, or as one that did not store movements."""

        def run(month, *, with_movements=True):
            people = [StaffFactory(role="administrator") for _ in range(2)]
            at = NOON.replace(month=month.month + 1)
            if with_movements:
                asked = closing.ask(book.area, month, by=people[0], at=at)
                return closing.approve(asked, by=people[1], at=at)
            figures = stored.to_store(book.area, month)
            del figures["figures"]["movements"]
            periods.close_month(book.area, month, by=people[0], at=at)
            done = MonthClosing.objects.create(
                area=book.area,
                month=month,
                state=MonthClosing.State.CLOSED,
                author=people[0],
                asked_at=at,
                approver=people[1],
                decided_at=at,
            )
            return ClosedMonth.objects.create(
                area=book.area, month=month, closing=done, figures=figures
            )

        return run

    def test_movements_are_stored_with_the_month(self, book, close):
        book.post(TransferKind.OPENING, ISSUANCE, book.own[book.wang], 60, on=FEBRUARY)
        book.fill()
        before = report(FEBRUARY, MARCH)

        close(MARCH)

        after = report(FEBRUARY, MARCH)
        assert after.closings
        assert after.total == before.total
        assert [line for _row, line in after.rows] == [line for _row, line in before.rows]
        assert moved(after.total) == KINDS | {"brought_over": 160}
        assert after.total.balance_difference_minutes == 0

    def test_a_late_reversal_counts_in_the_open_month(self, book, close):
        book.fill()
        undone = book.post(TransferKind.DONATE, book.own[book.wang], POOL, 7)
        close(MARCH)
        kept = report().total

        book.reverse(undone, *periods.placed(book.area.pk, MARCH))

        assert report().total == kept
        april = report(APRIL).total
        assert april.movements.donated_later_minutes == -7
        assert april.balance_difference_minutes == 0

    def test_months_stored_without_them_say_from_when_they_count(self, book, close):
        book.fill()
        close(MARCH, with_movements=False)
        close(APRIL)

        both = report(MARCH, APRIL)

        assert both.closings
        assert [line.movements is None for _row, line in both.rows] == [True, False]
        assert both.total.movements is None
        with translation.override("en"):
            document = r1.as_document(both)
        assert any("March 2021" in remark for remark in document.remarks)
        assert not [s for s in document.sections if s.key in ("balances", "movements")]
        data = r1.as_data(both)
        assert (data["redeemed_minutes"], data["redeemed_hours"]) == (None, None)
        assert data["without_movements_through"] == "2021-03"
        assert r1.as_data(report(APRIL))["balance_difference_minutes"] == 0
