"""Closed months: what is refused, and where it goes instead."""

import datetime
import uuid

import pytest
from django.db import IntegrityError, connection, transaction

from ledger import accounts, periods, statements, transfers
from ledger.accounts import ISSUANCE
from ledger.models import Balance, Period, Transfer, TransferKind
from ledger.transfers import Journal, Leg, Refused
from ledger.verification import verify
from tests.factories import StaffFactory

from .conftest import CLERK

pytestmark = pytest.mark.django_db
NOW = datetime.datetime(2026, 11, 25, 3, tzinfo=datetime.UTC)
OCTOBER_31 = datetime.date(2026, 10, 31)
NOVEMBER_30 = datetime.date(2026, 11, 30)
NOVEMBER_2 = datetime.date(2026, 11, 2)


@pytest.fixture
def close(community, book):
    def run(day, at=NOW):
        return periods.close_month(community, day, by=StaffFactory(role="checker"), at=at)

    return run


def test_a_posting_into_a_closed_month_is_refused(book, earn, close):
    assert close(OCTOBER_31)

    with pytest.raises(Refused, match="closed"):
        earn(book.wang, on=OCTOBER_31)

    earn(book.wang, on=datetime.date(2026, 11, 1))
    assert statements.balance(book.id, book.wang).posted == 60
    assert periods.closed_through(book.id) == OCTOBER_31


@pytest.mark.parametrize("way", ["journal", "batch", "reverse", "move"])
def test_no_way_of_posting_leads_into_a_closed_month(book, earn, close, way):
    key = uuid.uuid4()
    earn(book.wang, key=key, on=OCTOBER_31)
    close(OCTOBER_31)
    legs = [Leg(TransferKind.EARN, ISSUANCE, book.wang, 60)]
    holder = accounts.Account.objects.get(id=book.wang).holder
    other = accounts.Area.objects.get(code="530111001002")
    there = accounts.open_for(other, [holder])[holder]
    on = {"effective_on": OCTOBER_31, "by": CLERK}
    calls = {
        "journal": lambda: transfers.post_journal(book.id, uuid.uuid4(), legs, **on),
        "batch": lambda: transfers.post_batch(
            book.id, [Journal(uuid.uuid4(), legs, OCTOBER_31)], by=CLERK
        ),
        "reverse": lambda: transfers.reverse(book.id, key, key=uuid.uuid4(), **on),
        "move": lambda: transfers.move(
            book.id, other.pk, uuid.uuid4(), [(book.wang, there, 1)], **on
        ),
    }

    with pytest.raises(Refused, match="closed"):
        calls[way]()

    assert statements.balance(book.id, book.wang).posted == 60


def test_a_late_entry_goes_to_the_first_open_day_and_keeps_its_own(book, close):
    close(OCTOBER_31)
    placed = periods.placed(book.id, datetime.date(2026, 10, 20))
    assert placed == (datetime.date(2026, 11, 1), datetime.date(2026, 10, 20))

    leg = Leg(TransferKind.EARN, ISSUANCE, book.wang, 60)
    transfers.post(book.id, uuid.uuid4(), leg, by=CLERK, **placed._asdict())

    assert statements.as_effective(book.id, book.wang, OCTOBER_31) == 0
    assert statements.as_effective(book.id, book.wang, NOVEMBER_2) == 60
    (line,) = statements.lines(book.id, book.wang)
    assert line.relates_to == datetime.date(2026, 10, 20)
    assert verify().faults == []


def test_a_day_in_an_open_month_is_where_it_is(book, close):
    assert periods.placed(book.id, OCTOBER_31) == (OCTOBER_31, None)
    close(OCTOBER_31)
    assert periods.placed(book.id, NOVEMBER_2) == (NOVEMBER_2, None)


@pytest.mark.parametrize("way", ["post", "journal", "reverse"])
def test_a_resend_after_the_closing_finds_the_first_result(book, earn, close, way):
    key, original = uuid.uuid4(), uuid.uuid4()
    earn(book.wang, key=original, on=OCTOBER_31)
    leg = Leg(TransferKind.EARN, ISSUANCE, book.wang, 60)
    calls = {
        "post": lambda **on: transfers.post(book.id, key, leg, by=CLERK, **on),
        "journal": lambda **on: transfers.post_journal(book.id, key, [leg], by=CLERK, **on),
        "reverse": lambda **on: transfers.reverse(book.id, original, key=key, by=CLERK, **on),
    }
    first = calls[way](effective_on=OCTOBER_31)
    close(OCTOBER_31)

    again = calls[way](**periods.placed(book.id, OCTOBER_31)._asdict())

    assert again == (first.transfer_ids, True)


def test_a_batch_sent_again_after_the_closing_posts_nothing(book, close):
    key = uuid.uuid4()
    legs = [Leg(TransferKind.EARN, ISSUANCE, book.wang, 60)]
    transfers.post_batch(book.id, [Journal(key, legs, OCTOBER_31)], by=CLERK)
    close(OCTOBER_31)
    placed = periods.placed(book.id, OCTOBER_31)
    late = Journal(uuid.uuid4(), legs, *placed)

    assert transfers.post_batch(book.id, [Journal(key, legs, *placed), late], by=CLERK) == 1

    assert Transfer.objects.get(journal=late.key).relates_to == OCTOBER_31


def test_a_month_is_closed_once_and_after_the_ones_before(book, close):
    september, october = datetime.date(2026, 9, 3), datetime.date(2026, 10, 3)
    assert close(datetime.date(2026, 8, 31))
    with pytest.raises(periods.EarlierMonthsOpen) as refused:
        close(october)
    assert refused.value.month == datetime.date(2026, 9, 1)

    assert close(september)
    assert close(october)
    assert not close(october)
    assert not close(september)

    assert Period.objects.count() == 3


def test_a_month_that_runs_is_not_closed(book, close):
    with pytest.raises(periods.NotOverYet):
        close(NOVEMBER_2)
    last_evening = datetime.datetime(2026, 10, 31, 15, 59, tzinfo=datetime.UTC)
    with pytest.raises(periods.NotOverYet):
        close(OCTOBER_31, at=last_evening)

    assert close(OCTOBER_31, at=last_evening + datetime.timedelta(minutes=1))


def test_accounts_opened_after_the_closing_know_it(book, community, close):
    close(OCTOBER_31)
    holder = uuid.uuid4()

    accounts.open_for(community, [holder])
    accounts.open_gifted(community, holder)
    accounts.open_grants(
        community, {uuid.uuid4(): holder}, purpose="special", expires_on=NOVEMBER_30
    )

    known = Balance.objects.filter(community=community).values_list("closed_through", flat=True)
    assert set(known) == {OCTOBER_31}
    assert verify().faults == []


def test_another_communitys_months_are_its_own(book, close):
    other = accounts.Area.objects.get(code="530111001002")
    accounts.open_book(other)

    close(OCTOBER_31)

    assert periods.closed_through(other.pk) is None
    assert periods.placed(other.pk, OCTOBER_31).relates_to is None


@pytest.mark.parametrize(
    ("day", "constraint"),
    [
        ("2020-01-30", "ledger_period_ends_with_a_month"),
        ("2090-01-31", "ledger_period_is_over"),
    ],
)
def test_only_whole_months_that_are_over_are_closed_whoever_asks(book, day, constraint):
    with connection.cursor() as cursor, pytest.raises(IntegrityError, match=constraint):
        cursor.execute("SELECT ledger_close_period(%s, %s, 7)", [book.id, day])


def test_a_closing_that_is_rolled_back_closes_nothing(book, earn, close):
    point = transaction.savepoint()
    close(OCTOBER_31)
    transaction.savepoint_rollback(point)

    earn(book.wang, on=OCTOBER_31)

    assert periods.closed_through(book.id) is None
