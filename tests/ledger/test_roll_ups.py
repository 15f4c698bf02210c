import datetime
import random
import threading
import uuid

import pytest
from django.core.management import call_command
from django.db import connection

from ledger import accounts, statements, transfers
from ledger.accounts import ISSUANCE
from ledger.models import Entry, TransferKind
from ledger.transfers import Journal, Leg
from ledger.verification import verify

from .conftest import CLERK, DAY

MONTH = datetime.timedelta(days=31)


def roll_up(min_tail=1):
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_roll_up(%s)", [min_tail])
        return cursor.fetchone()[0]


def many(book, account, days, minutes=1):
    leg = Leg(TransferKind.EARN, ISSUANCE, account, minutes)
    journals = [Journal(uuid.uuid4(), [leg], day) for day in days]
    transfers.post_batch(book.id, journals, by=CLERK)


def effective(book, account, day):
    """The same figure by adding up every entry."""
    entries = Entry.objects.filter(
        community=book.id, account_id__in=accounts.stripes(account), effective_on__lte=day
    )
    return sum(entries.values_list("amount", flat=True))


def test_a_short_account_is_not_rolled_up_and_read_exactly(book, earn):
    earn(book.wang, 60)
    earn(book.wang, 30, on=DAY - MONTH)

    assert roll_up(64) == 0
    assert statements.as_effective(book.id, book.wang, DAY) == 90
    assert statements.as_effective(book.id, book.wang, DAY - MONTH) == 30
    assert statements.as_effective(book.id, book.wang, DAY - 2 * MONTH) == 0


def test_what_is_rolled_up_once_is_not_rolled_up_again(book, earn):
    earn(book.wang, 60)

    assert roll_up() == 2  # Wang and a stripe of issuance
    assert roll_up() == 0
    assert statements.as_effective(book.id, book.wang, DAY) == 60


def test_the_command_rolls_up(book, earn, capsys):
    earn(book.wang, 60)

    call_command("roll_up", min_tail=1)

    assert capsys.readouterr().out == "Rolled up 2 accounts.\n"


def test_a_back_dated_entry_moves_the_closings_of_later_months(book, earn):
    for months in (0, 2, 4):
        earn(book.wang, 60, on=DAY + months * MONTH)
    roll_up()

    earn(book.wang, 5, on=DAY + MONTH)
    roll_up()

    days = [DAY - MONTH, DAY, DAY + MONTH, DAY + 2 * MONTH, DAY + 3 * MONTH, DAY + 4 * MONTH]
    found = [statements.as_effective(book.id, book.wang, day) for day in days]
    assert found == [0, 60, 65, 125, 125, 185]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_as_of_any_day_equals_the_sum_of_all_entries_at_every_step(book, seed):
    chance = random.Random(seed)
    days = [DAY + datetime.timedelta(days=chance.randrange(-400, 400)) for _ in range(120)]
    for step in range(0, 120, 20):
        many(book, book.wang, days[step : step + 20], minutes=chance.randrange(1, 90))
        if chance.random() < 0.6:
            roll_up()

        for day in chance.sample(days, 8):
            found = statements.as_effective(book.id, book.wang, day)
            assert found == effective(book, book.wang, day)
            head = statements.as_effective(book.id, ISSUANCE, day)
            assert head == effective(book, ISSUANCE, day)

    assert verify().faults == []


@pytest.mark.parametrize("rolled_at", [None, 15, 16, 17, 50, 80])
def test_as_of_any_moment_is_the_balance_after_the_last_entry_recorded(book, rolled_at):
    for count in (15, 1, 1, 33, 30, 20):
        many(book, book.wang, [DAY] * count, minutes=3)
        if statements.balance(book.id, book.wang).posted == (rolled_at or 0) * 3:
            roll_up()

    entries = list(Entry.objects.filter(community=book.id, account_id=book.wang).order_by("seq"))
    moment = datetime.timedelta(microseconds=1)
    before = statements.as_recorded(book.id, book.wang, entries[0].recorded_at - moment)
    found = [statements.as_recorded(book.id, book.wang, e.recorded_at) for e in entries]
    assert before == 0
    assert found == [e.balance_after for e in entries]


def test_as_recorded_does_not_look_at_days(book, earn):
    earn(book.wang, 60, on=DAY + 100 * MONTH)
    (entry,) = statements.lines(book.id, book.wang)

    assert statements.as_recorded(book.id, book.wang, entry.recorded_at) == 60


def test_an_account_that_is_not_there_has_nothing(book):
    now = datetime.datetime.now(datetime.UTC)

    assert statements.as_recorded(book.id, 424242, now) == 0
    assert statements.as_effective(book.id, 424242, DAY) == 0


def test_a_leap_day_belongs_to_its_month(book, earn):
    earn(book.wang, 60, on=datetime.date(2028, 2, 29))
    roll_up()

    days = [datetime.date(2028, 2, 28), datetime.date(2028, 2, 29), datetime.date(2028, 3, 1)]
    assert [statements.as_effective(book.id, book.wang, day) for day in days] == [0, 60, 60]


@pytest.mark.django_db(transaction=True)
def test_two_roll_ups_at_once_count_nothing_twice(book, earn, connect):
    earn(book.wang, 60)
    first, second = connect(), connect(autocommit=True)

    done = first.execute("SELECT ledger_roll_up(1)").fetchone()
    other = second.execute("SELECT ledger_roll_up(1)").fetchone()
    first.commit()

    assert (done, other) == ((2,), (0,))
    assert verify().faults == []


@pytest.mark.django_db(transaction=True)
def test_reads_are_exact_while_others_post_and_roll_up(book, earn, connect):
    """Every posting moves the same minutes in and out, so that the two always add up to them."""
    earn(book.wang, 600)
    stop = threading.Event()

    def shuttle(web):
        ends = [book.wang, book.li]
        while not stop.is_set():
            web.execute(
                "SELECT ledger_post(%s, gen_random_uuid(), 1::smallint, %s, %s, 600, %s, 7)",
                [book.id, *ends, DAY],
            )
            web.execute("SELECT ledger_roll_up(3)")
            ends.reverse()

    thread = threading.Thread(target=shuttle, args=[connect(autocommit=True)])
    thread.start()
    reader, found = connect(autocommit=True), set()
    for _ in range(300):
        row = reader.execute(
            "SELECT ledger_as_effective(%(book)s, %(a)s, %(day)s)"
            " + ledger_as_effective(%(book)s, %(b)s, %(day)s)",
            {"book": book.id, "a": book.wang, "b": book.li, "day": DAY},
        )
        found.add(row.fetchone())
    stop.set()
    thread.join()

    assert found == {(600,)}
    assert verify().faults == []
