"""Writers in each other's way, on connections of their own, in a known order.

A rule that holds is shown beside the one that does not: a race that nobody can lose proves nothing.
"""

import threading
import time
import uuid

import psycopg
import pytest
from psycopg import errors

from ledger import accounts, statements
from ledger.models import Transfer
from ledger.verification import verify

from .conftest import CLERK, DAY, address

pytestmark = pytest.mark.django_db(transaction=True)

POST = "SELECT * FROM ledger_post(%s, %s, %s::smallint, %s, %s, %s, %s, %s)"
REVERSE = "SELECT * FROM ledger_reverse(%s, %s, %s, %s, %s)"


def post(connection, book, debit, credit, minutes=60, key=None, kind=1):
    arguments = [book.id, key or uuid.uuid4(), kind, debit, credit, minutes, DAY, CLERK]
    return connection.execute(POST, arguments).fetchone()


class Later:
    """A call that runs in a thread of its own; `result` waits for what it returns or raises."""

    def __init__(self, call, *arguments, **more):
        def run():
            try:
                self.outcome = call(*arguments, **more)
            except psycopg.Error as error:
                self.outcome = error

        self.thread = threading.Thread(target=run)
        self.thread.start()

    def result(self):
        self.thread.join(timeout=20)
        assert not self.thread.is_alive()
        return self.outcome


def wait_until_blocked(watcher, connection):
    """Return once `connection` waits for a lock."""
    for _ in range(500):
        row = watcher.execute(
            "SELECT wait_event_type FROM pg_stat_activity WHERE pid = %s",
            [connection.info.backend_pid],
        ).fetchone()
        if row == ("Lock",):
            return
        time.sleep(0.01)
    raise AssertionError("it does not wait for a lock")


@pytest.fixture
def watcher(connect):
    return connect("postgres", autocommit=True)


def test_a_second_posting_of_a_key_waits_and_returns_the_first_result(book, connect, watcher):
    first, second, key = connect(), connect(), uuid.uuid4()
    transfer_id, _, _ = post(first, book, 1, book.wang, key=key)

    other = Later(post, second, book, 1, book.wang, key=key)
    wait_until_blocked(watcher, second)
    first.commit()

    assert other.result() == (transfer_id, True, None)


def test_a_second_posting_of_a_key_is_the_first_when_that_one_is_rolled_back(
    book, connect, watcher
):
    first, second, key = connect(), connect(autocommit=True), uuid.uuid4()
    post(first, book, 1, book.wang, key=key)

    other = Later(post, second, book, 1, book.wang, key=key)
    wait_until_blocked(watcher, second)
    first.rollback()

    assert other.result()[1:] == (False, None)
    assert statements.balance(book.id, book.wang).posted == 60


def test_a_key_is_never_both_posted_and_refused(book, connect, watcher, earn):
    """Two stripes of the pool have no row in common, so only the key itself can hold them apart."""
    accounts.set_limits(book.id, 19, floor=0, ceiling=None, frozen=False, by=CLERK)
    first, second, key = connect(), connect(autocommit=True), uuid.uuid4()
    post(first, book, 18, 2, key=key, kind=2)

    other = Later(post, second, book, 19, 3, key=key, kind=2)
    wait_until_blocked(watcher, second)
    first.commit()

    assert other.result()[1:] == (True, None)


def test_sixteen_connections_with_one_key_post_once(book, connect):
    key, gate = uuid.uuid4(), threading.Barrier(16)

    def at_once(connection):
        gate.wait()
        return post(connection, book, 1, book.wang, key=key)

    calls = [Later(at_once, connect(autocommit=True)) for _ in range(16)]
    results = [call.result() for call in calls]

    (row,) = Transfer.objects.filter(community=book.id)
    assert {(transfer, refused) for transfer, _, refused in results} == {(row.id, None)}
    assert sorted(was_there for _, was_there, _ in results) == [False] + [True] * 15


def test_without_the_key_the_same_race_posts_sixteen_times(book, connect):
    gate = threading.Barrier(16)

    def look_then_insert(connection):
        found = connection.execute("SELECT count(*) FROM ledger_transfer").fetchone()
        gate.wait()
        if found == (0,):
            post(connection, book, 1, book.wang)

    for call in [Later(look_then_insert, connect(autocommit=True)) for _ in range(16)]:
        call.result()

    assert Transfer.objects.filter(community=book.id).count() == 16


def test_two_spend_the_same_minutes_and_one_is_refused(book, connect, watcher, earn):
    earn(book.wang, 60)
    first, second = connect(), connect(autocommit=True)
    post(first, book, book.wang, book.li, 60)

    other = Later(post, second, book, book.wang, book.zhang, 60)
    wait_until_blocked(watcher, second)
    first.commit()

    assert other.result()[2] == "floor"
    assert statements.balance(book.id, book.wang).posted == 0


def test_of_two_reversals_at_once_exactly_one_wins(book, connect, watcher, earn):
    original = uuid.uuid4()
    earn(book.wang, key=original)
    first, second = connect(), connect(autocommit=True)
    won = first.execute(REVERSE, [book.id, original, uuid.uuid4(), DAY, CLERK]).fetchone()

    other = Later(
        lambda: second.execute(REVERSE, [book.id, original, uuid.uuid4(), DAY, CLERK]).fetchone()
    )
    wait_until_blocked(watcher, second)
    first.commit()

    assert won[1:] == (False, None)
    assert other.result() == (None, False, "already_reversed")
    assert statements.balance(book.id, book.wang).posted == 0


def test_a_holder_is_given_one_account_by_two_at_once(book, connect, watcher):
    first, second, holder = connect(), connect(autocommit=True), uuid.uuid4()
    call = "SELECT id FROM ledger_open_accounts(%s, %s::uuid[], 100)"
    given = first.execute(call, [book.id, [holder]]).fetchone()

    other = Later(lambda: second.execute(call, [book.id, [holder]]).fetchone())
    wait_until_blocked(watcher, second)
    first.commit()

    assert other.result() == given


UNORDERED = "UPDATE ledger_balance SET seq = seq WHERE account_id = %s"


def test_locks_taken_out_of_order_deadlock(book, connect, watcher):
    """The control: what happens without the ascending order of accounts."""
    first, second = connect("timebank_owner"), connect("timebank_owner")
    first.execute(UNORDERED, [book.wang])
    second.execute(UNORDERED, [book.li])

    other = Later(second.execute, UNORDERED, [book.wang])
    wait_until_blocked(watcher, second)
    mine = Later(first.execute, UNORDERED, [book.li])

    outcomes = [mine.thread.join(20), other.thread.join(20), mine.outcome, other.outcome]
    assert any(isinstance(outcome, errors.DeadlockDetected) for outcome in outcomes)


def test_postings_in_opposite_directions_never_deadlock(book, connect, earn):
    earn(book.wang, 1000)
    earn(book.li, 1000)
    gate = threading.Barrier(8)

    def back_and_forth(connection, debit, credit):
        gate.wait()
        return [post(connection, book, debit, credit, 1)[2] for _ in range(50)]

    ends = [(book.wang, book.li), (book.li, book.wang)] * 4
    calls = [Later(back_and_forth, connect(autocommit=True), *end) for end in ends]

    assert [call.result() for call in calls] == [[None] * 50] * 8
    assert verify().faults == []


BATCH = """SELECT ledger_post_batch(%s, %s::uuid[], %s::smallint[], %s::bigint[], %s::bigint[],
    %s::bigint[], %s::date[], 7)"""


def test_batches_over_the_same_accounts_never_deadlock(book, connect, earn):
    earn(book.wang, 5000)
    earn(book.li, 5000)
    gate = threading.Barrier(4)

    def batches(connection, debit, credit):
        gate.wait()
        for _ in range(10):
            keys = [uuid.uuid4() for _ in range(20)]
            arguments = [book.id, keys, [1] * 20, [debit, 1] * 10, [credit, debit] * 10]
            connection.execute(BATCH, [*arguments, [1] * 20, [DAY] * 20])

    ends = [(book.wang, book.li), (book.li, book.wang)] * 2
    calls = [Later(batches, connect(autocommit=True), *end) for end in ends]

    assert [call.result() for call in calls] == [None] * 4
    assert verify().faults == []


def test_time_is_recorded_in_the_order_of_the_sequence(book, connect, watcher):
    early, late = connect(), connect(autocommit=True)
    early.execute("SELECT 1")  # its transaction begins before the other's
    (began,) = early.execute("SELECT now()").fetchone()
    post(late, book, 1, book.wang)
    post(early, book, 1, book.wang)
    early.commit()

    second, first = statements.lines(book.id, book.wang)
    assert (first.seq, second.seq) == (1, 2)
    assert first.recorded_at < second.recorded_at
    assert began < first.recorded_at  # now() would have put the second before the first


def test_all_stripes_take_postings_and_one_community_need_not_queue(book, connect):
    connections = [connect(autocommit=True) for _ in range(16)]
    for connection in connections:
        post(connection, book, 1, book.wang)

    used = set(Transfer.objects.filter(community=book.id).values_list("debit", flat=True))
    assert len(used) > 8
    assert used <= set(accounts.stripes(accounts.ISSUANCE))


def test_two_volunteers_hours_are_banked_at_once(book, connect):
    """Unless they share a stripe, neither waits for the other's commit."""
    first, second = connect(), connect()
    while second.info.backend_pid % 16 == first.info.backend_pid % 16:
        second = psycopg.connect(address("timebank_web"))
    post(first, book, 1, book.wang)

    assert post(second, book, 1, book.li)[2] is None

    second.close()
