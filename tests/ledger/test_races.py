"""Two at once over holds, moves, closings and requests, on connections of their own."""

import datetime
import random
import threading
import time
import uuid

import pytest
from django.db import close_old_connections, connection, transaction
from django.utils import timezone

from ledger import accounts, approvals, donations, gifts, requests, statements
from ledger.models import (
    HoldResolution,
    MovementRequest,
    Transfer,
    TransferKind,
)
from ledger.verification import verify
from members.models import Area
from tests.factories import StaffFactory

from .conftest import CLERK, DAY
from .people import by, credit, hours
from .test_concurrency import Later, post, wait_until_blocked

pytestmark = pytest.mark.django_db(transaction=True)

RESERVE = "SELECT refused FROM ledger_reserve(%s, %s, %s::bigint[], %s::bigint[], %s, %s)"
RELEASE = "SELECT was_there, refused FROM ledger_release(%s, %s, %s, %s)"
CHARGE = """SELECT was_there, refused FROM ledger_post_journal(%s, %s, '{6}', %s::bigint[], '{1}',
    %s::bigint[], %s, %s, NULL, NULL, NULL, %s)"""
MOVE = """SELECT was_there, refused FROM ledger_move(%s, %s, %s, %s::bigint[], %s::bigint[],
    %s::bigint[], %s, %s)"""
LATER = datetime.datetime(2090, 1, 1, tzinfo=datetime.UTC)


@pytest.fixture
def watcher(connect):
    return connect("postgres", autocommit=True)


@pytest.fixture
def hold(book, earn, connect):
    """An hour of Wang's, forty minutes of it set aside."""
    earn(book.wang, 60)
    key = uuid.uuid4()
    reserve(connect(autocommit=True), book, key, 40)
    return key


def reserve(connection, book, key, minutes, account=None):
    arguments = [book.id, key, [account or book.wang], [minutes], LATER, CLERK]
    return connection.execute(RESERVE, arguments).fetchone()[0]


def charge(connection, book, hold, minutes=40, key=None):
    arguments = [book.id, key or uuid.uuid4(), [book.wang], [minutes], DAY, CLERK, hold]
    return connection.execute(CHARGE, arguments).fetchone()


def release(connection, book, hold, key=None):
    arguments = [book.id, hold, key or uuid.uuid4(), CLERK]
    return connection.execute(RELEASE, arguments).fetchone()


def test_of_two_charges_of_one_hold_one_wins(book, hold, connect, watcher):
    first, second = connect(), connect(autocommit=True)
    assert charge(first, book, hold) == (False, None)

    other = Later(charge, second, book, hold)
    wait_until_blocked(watcher, second)
    first.commit()

    assert other.result() == (False, "already_resolved")
    assert statements.balance(book.id, book.wang) == (20, 0, 20)
    assert verify().faults == []


def test_of_a_charge_and_a_release_one_wins(book, hold, connect, watcher):
    first, second = connect(), connect(autocommit=True)
    assert release(first, book, hold) == (False, None)

    other = Later(charge, second, book, hold)
    wait_until_blocked(watcher, second)
    first.commit()

    assert other.result() == (False, "already_resolved")
    assert statements.balance(book.id, book.wang) == (60, 0, 60)


def test_one_key_charges_once(book, hold, connect, watcher):
    first, second, key = connect(), connect(autocommit=True), uuid.uuid4()
    charge(first, book, hold, key=key)

    other = Later(charge, second, book, hold, key=key)
    wait_until_blocked(watcher, second)
    first.commit()

    assert other.result() == (True, None)
    assert HoldResolution.objects.count() == 1


def test_a_charge_waits_for_a_release_that_is_rolled_back(book, hold, connect, watcher):
    first, second = connect(), connect(autocommit=True)
    release(first, book, hold)

    other = Later(charge, second, book, hold)
    wait_until_blocked(watcher, second)
    first.rollback()

    assert other.result() == (False, None)


def test_the_job_leaves_a_hold_to_whoever_resolves_it(book, earn, connect):
    earn(book.wang, 60)
    key, past = uuid.uuid4(), datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    first, job = connect(), connect(autocommit=True)
    job.execute("SET lock_timeout = '5s'")  # it must not wait at all
    first.execute(RESERVE, [book.id, key, [book.wang], [40], past, CLERK])
    first.commit()
    charge(first, book, key)

    assert job.execute("SELECT ledger_expire_holds(now())").fetchone() == (0,)
    first.commit()

    assert statements.balance(book.id, book.wang) == (20, 0, 20)


def test_two_holds_over_the_same_minutes_and_one_is_refused(book, hold, connect, watcher):
    first, second = connect(), connect(autocommit=True)
    assert reserve(first, book, uuid.uuid4(), 20) is None

    other = Later(reserve, second, book, uuid.uuid4(), 20)
    wait_until_blocked(watcher, second)
    first.commit()

    assert other.result() == "floor"
    assert statements.balance(book.id, book.wang) == (60, 60, 0)


def test_a_posting_under_way_is_in_the_month_that_is_closed_after_it(book, connect, watcher):
    writer, closer = connect(), connect(autocommit=True)
    post(writer, book, 1, book.wang)  # on a day of 2026-11
    close = "SELECT ledger_close_period(%s, '2026-10-31', 7)"

    other = Later(closer.execute, close, [book.id])
    wait_until_blocked(watcher, closer)
    writer.commit()
    other.result()

    assert statements.balance(book.id, book.wang).posted == 60
    assert verify().faults == []


def test_a_posting_that_waits_for_the_closing_finds_the_month_closed(book, connect, watcher):
    closer, writer = connect(), connect(autocommit=True)
    closer.execute("SELECT ledger_close_period(%s, '2020-01-31', 7)", [book.id])
    call = "SELECT refused FROM ledger_post(%s, %s, 1::smallint, 1, %s, 60, '2020-01-31', 7)"

    other = Later(lambda: writer.execute(call, [book.id, uuid.uuid4(), book.wang]).fetchone())
    wait_until_blocked(watcher, writer)
    closer.commit()

    assert other.result() == ("closed",)
    assert statements.balance(book.id, book.wang).posted == 0


def test_an_account_opened_while_a_month_is_closed_is_closed_too(book, connect, watcher):
    closer, opener = connect(), connect(autocommit=True)
    closer.execute("SELECT ledger_close_period(%s, '2020-01-31', 7)", [book.id])

    other = Later(
        opener.execute, "SELECT ledger_open_gifted(%s, %s::uuid[])", [book.id, [uuid.uuid4()]]
    )
    wait_until_blocked(watcher, opener)
    closer.commit()
    other.result()

    assert verify().faults == []


@pytest.mark.parametrize(
    "call",
    [
        "SELECT id FROM ledger_open_gifted(%(book)s, %(one)s::uuid[])",
        "SELECT id FROM ledger_open_grants(%(book)s, %(one)s::uuid[], %(one)s::uuid[], 'x',"
        " '2026-12-31')",
    ],
)
def test_an_account_is_opened_once_by_two_at_once(book, connect, watcher, call):
    first, second = connect(), connect(autocommit=True)
    given = {"book": book.id, "one": [uuid.uuid4()]}
    account = first.execute(call, given).fetchone()

    other = Later(lambda: second.execute(call, given).fetchone())
    wait_until_blocked(watcher, second)
    first.commit()

    assert other.result() == account


def test_two_approve_at_once_and_it_is_done_once(clerk, member, relative):
    kin = {"to": relative, "relation": "parent", "proof": "register"}
    request = gifts.ask(member, minutes=60, **kin, **by(clerk))
    checkers = [StaffFactory(role="checker") for _ in range(4)]

    outcomes = at_once(
        *[lambda c=c: approvals.approve(request, by=c, at=timezone.now()) for c in checkers]
    )

    assert sorted(type(o).__name__ for o in outcomes) == ["MovementRequest"] + ["NotWaiting"] * 3
    assert (hours(member), hours(relative)) == ((540, 0, 0), (0, 60, 0))


def test_one_form_sent_twice_at_once_gives_once(clerk, member):
    said = by(clerk)

    outcomes = at_once(*[lambda: donations.give(member, minutes=60, **said)] * 4)

    assert {type(o) for o in outcomes} == {MovementRequest}
    assert (MovementRequest.objects.count(), hours(member)) == (1, (540, 0, 0))


def test_the_years_limit_holds_for_two_gifts_at_once(clerk, member, relative, watcher):
    """The second looks at the year while the first has not committed."""
    credit(member, 20_000)
    kin = {"to": relative, "relation": "parent", "proof": "register"}
    asked = [gifts.ask(member, minutes=7_000, **kin, **by(clerk)) for _ in range(2)]
    checker = StaffFactory(role="checker")
    is_approved, may_commit = threading.Event(), threading.Event()

    def first():
        with transaction.atomic():
            approvals.approve(asked[0], by=checker, at=timezone.now())
            is_approved.set()
            may_commit.wait(20)

    def second():
        is_approved.wait(20)
        return approvals.approve(asked[1], by=checker, at=timezone.now())

    def conductor():
        is_approved.wait(20)
        wait_until_somebody_is_blocked(watcher)
        may_commit.set()

    outcomes = at_once(first, second, conductor)

    assert sum(isinstance(o, gifts.OverTheYear) for o in outcomes) == 1
    assert hours(relative) == (0, 7_000, 0)


def wait_until_somebody_is_blocked(watcher):
    for _ in range(500):
        row = watcher.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND datname = current_database()"
        ).fetchone()
        if row != (0,):
            return
        time.sleep(0.01)
    raise AssertionError("nobody waits for a lock")


def at_once(*calls):
    """Run the calls in threads of their own, together; what each returned or raised."""
    gate, outcomes = threading.Barrier(len(calls)), []

    def run(call):
        gate.wait()
        try:
            outcomes.append(call())
        except requests.Refusal as refusal:
            outcomes.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    close_old_connections()
    assert len(outcomes) == len(calls)
    return outcomes


class Ring:
    """Members of two communities who give, hold, charge, move and are credited, all at random."""

    def __init__(self, seconds, writers, holders):
        self.until = time.monotonic() + seconds
        self.writers = writers
        codes = ("530111001001", "530111001002")
        self.books = [Area.objects.get(code=code).pk for code in codes]
        areas = Area.objects.in_bulk(self.books)
        keys = [uuid.uuid4() for _ in range(holders)]
        self.own = {b: list(accounts.open_for(areas[b], keys).items()) for b in self.books}
        for b in self.books:
            self.own[b] = [dict(self.own[b])[key] for key in keys]
        self.done = 0

    def run(self, connect):
        connections = [connect(autocommit=True) for _ in range(self.writers)]
        for c in connections[:1]:
            for b in self.books:
                for account in self.own[b]:
                    self.post(c, b, 1, account, 500)
        calls = [Later(self.write, c, random.Random(n)) for n, c in enumerate(connections)]
        for call in calls:
            call.thread.join(timeout=120)
        return [call.outcome for call in calls]

    def post(self, c, b, debit, credit, minutes):
        arguments = [b, uuid.uuid4(), debit, credit, minutes]
        c.execute("SELECT ledger_post(%s, %s, 7::smallint, %s, %s, %s, '2026-11-02', 7)", arguments)

    def write(self, c, dice):
        while time.monotonic() < self.until:
            b, other = dice.sample(self.books, 2)
            giver, taker = dice.sample(range(len(self.own[b])), 2)
            act = dice.choice((self.give, self.set_aside, self.cross, self.earn))
            act(c, b, other, giver, taker, dice)
            self.done += 1

    def give(self, c, b, other, giver, taker, dice):
        self.post(c, b, self.own[b][giver], self.own[b][taker], dice.randint(1, 9))

    def earn(self, c, b, other, giver, taker, dice):
        self.post(c, b, 1, self.own[b][taker], 5)

    def set_aside(self, c, b, other, giver, taker, dice):
        """Two accounts in one hold, in no order; charged on one of them, released or left."""
        key, pair = uuid.uuid4(), [self.own[b][giver], self.own[b][taker]]
        refused = c.execute(RESERVE, [b, key, pair, [3, 4], LATER, CLERK]).fetchone()[0]
        if not refused and dice.random() < 0.8:
            c.execute(CHARGE, [b, uuid.uuid4(), pair[:1], [2], "2026-11-02", CLERK, key])
        elif not refused:
            c.execute(RELEASE, [b, key, uuid.uuid4(), CLERK])

    def cross(self, c, b, other, giver, taker, dice):
        ends = [[self.own[b][giver]], [self.own[other][giver]], [dice.randint(1, 9)]]
        c.execute(MOVE, [b, other, uuid.uuid4(), *ends, "2026-11-02", CLERK])


def check_ring(ring, connect):
    assert ring.run(connect) == [None] * ring.writers  # no error at all, and no deadlock
    assert verify().faults == []
    assert ring.done > ring.writers
    assert set(Transfer.objects.values_list("kind", flat=True)) == {
        TransferKind.GIFT,
        TransferKind.REDEEM,
        TransferKind.MOVE_OUT,
        TransferKind.MOVE_IN,
    }


def test_gifts_holds_and_moves_in_all_directions_never_deadlock(connect):
    check_ring(Ring(seconds=3, writers=8, holders=5), connect)


@pytest.mark.slow
def test_16_connections_and_50_accounts_never_deadlock_for_a_minute(connect):
    check_ring(Ring(seconds=60, writers=16, holders=25), connect)
