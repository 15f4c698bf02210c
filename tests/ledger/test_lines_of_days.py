"""Lines by the day on which they took effect: exact at every step, and read by index."""

import datetime
import random

import pytest
from django.db import connection

from ledger import statements
from ledger.models import Entry
from ledger.verification import verify
from tests.ledger.test_roll_ups import many

from .conftest import DAY


def list_by_day(min_tail=1):
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_list_by_day(%s)", [min_tail])
        return cursor.fetchone()[0]


def by_hand(book, account, first, last):
    """The same lines with their running balance, from every entry of the account."""
    every = Entry.objects.filter(community=book.id, account_id=account)
    ordered = sorted(every, key=lambda entry: (entry.effective_on, entry.seq))
    opening = sum(e.amount for e in ordered if e.effective_on < first)
    inside = [e for e in ordered if first <= e.effective_on <= last]
    return opening, [e.seq for e in inside], opening + sum(e.amount for e in inside)


def in_pages(book, account, first, last, limit):
    """The lines as a reader turns the pages; each page begins with the balance of the last one."""
    after, seqs, carried = None, [], None
    while True:
        page = statements.of_days(
            book.id, account, first=first, last=last, after=after, limit=limit
        )
        assert carried in (None, page.carried)
        carried = page.carried + sum(entry.amount for entry in page.entries)
        seqs += [entry.seq for entry in page.entries]
        if page.is_last:
            assert carried == page.closing
            return seqs
        after = (page.entries[-1].effective_on, page.entries[-1].seq)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_lines_of_any_period_are_those_of_the_book_at_every_step(book, seed):
    chance = random.Random(seed)
    days = [DAY + datetime.timedelta(days=chance.randrange(-60, 60)) for _ in range(120)]
    for step in range(0, 120, 20):
        many(book, book.wang, days[step : step + 20], minutes=chance.randrange(1, 90))
        if chance.random() < 0.6:
            list_by_day()

        first, last = sorted(chance.sample(days, 2))
        found = statements.of_days(book.id, book.wang, first=first, last=last)
        seqs = [entry.seq for entry in found.entries]
        assert (found.opening, seqs, found.closing) == by_hand(book, book.wang, first, last)
        assert found.carried == found.opening
        assert in_pages(book, book.wang, first, last, chance.randrange(1, 30)) == seqs

    assert verify().faults == []


def test_many_lines_of_one_day_are_turned_page_by_page(book):
    many(book, book.wang, [DAY] * 25)

    for listed in (False, True):
        if listed:
            list_by_day()
        assert in_pages(book, book.wang, DAY, DAY, 7) == list(range(1, 26))


def test_short_accounts_and_those_of_the_book_are_not_listed(book):
    many(book, book.wang, [DAY] * 63)

    assert list_by_day(64) == 0
    assert list_by_day(1) == 1
    assert list_by_day(1) == 0


def test_an_account_that_is_not_there_has_no_lines(book):
    found = statements.of_days(book.id, 424242, first=DAY, last=DAY)

    assert found == statements.Stretch(0, 0, 0, [], True)


@pytest.mark.django_db(transaction=True)
def test_two_lists_at_once_list_nothing_twice(book, earn, connect):
    earn(book.wang, 60)
    first, second = connect(), connect(autocommit=True)

    done = first.execute("SELECT ledger_list_by_day(1)").fetchone()
    other = second.execute("SELECT ledger_list_by_day(1)").fetchone()
    first.commit()

    assert (done, other) == ((1,), (0,))
    assert verify().faults == []


def test_a_page_is_read_by_index(book, django_assert_num_queries):
    many(book, book.wang, [DAY + datetime.timedelta(days=n % 90) for n in range(400)])
    list_by_day()
    with django_assert_num_queries(2):
        statements.of_days(book.id, book.wang, first=DAY, last=DAY, limit=5)

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT effective_on, seq FROM ledger_by_day WHERE community_id = %s"
            " AND account_id = %s AND (effective_on, seq) > (%s, 3) AND effective_on <= %s"
            " ORDER BY effective_on, seq LIMIT 51",
            [book.id, book.wang, DAY, DAY],
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Index Only Scan using ledger_by_day_is_one_for_an_entry" in plan
    assert "Sort" not in plan


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM ledger_by_day WHERE account_id = %s",
        "UPDATE ledger_by_day SET effective_on = '2000-01-01' WHERE account_id = %s",
        "UPDATE ledger_listed SET seq = seq - 1 WHERE account_id = %s",
    ],
)
def test_a_changed_list_is_named(book, tamper, change):
    many(book, book.wang, [DAY] * 5)
    list_by_day()
    assert verify().faults == []

    tamper(change, book.wang)

    (fault,) = verify().faults
    assert fault.check == "listed_lines"
    assert f"account {book.wang} " in fault.expected


def test_the_lines_of_a_page_are_fetched_by_their_numbers(book):
    many(book, book.wang, [DAY] * 200)
    entries = Entry.objects.filter(community=book.id, account_id=book.wang, seq__in=[1, 7, 9])

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = entries.explain()

    assert "ledger_transfer_debit_seq_is_taken_once" in plan
    assert "ledger_transfer_credit_seq_is_taken_once" in plan
    # Before, PostgreSQL expects that to filter so few rows costs as much.
    if connection.pg_version >= 170000:
        assert "Filter" not in plan
