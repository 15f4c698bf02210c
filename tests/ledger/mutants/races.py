"""Short checks with two writers in a known order, and of what the database alone refuses."""

import time
import uuid

import psycopg
from psycopg import errors

from ledger import canonical, merkle

from ..desk import DAY, ISSUANCE, POOL
from ..test_concurrency import Later, wait_until_blocked


def second(desk, call, *, watcher):
    """Run the call on a connection of its own until it waits; it is told how to go on."""
    web = desk.connect()
    later = Later(call, web)
    wait_until_blocked(watcher, web)
    return later


def a_key_is_never_both_posted_and_refused(desk):
    """Over different stripes, which have no balance in common; one of them would refuse."""
    sql = "SELECT ledger_set_limits(%s, 19, 0, NULL, false, 7)"
    desk.web.execute(sql, [desk.here])
    first, watcher, key = desk.connect(autocommit=False), desk.connect("postgres"), uuid.uuid4()
    posted, _, _ = desk.sent(18, 2, 60, key=key, kind=2, on=first)

    later = second(desk, lambda w: desk.sent(19, 3, 60, key=key, kind=2, on=w), watcher=watcher)
    first.commit()

    assert later.result() == (posted, True, None)


def two_spend_the_same_minutes_and_one_is_refused(desk):
    desk.post(ISSUANCE, desk.wang, 60)
    for way in (desk.post, lambda *leg, on: desk.journal(leg, on=on)):
        first, watcher = desk.connect(autocommit=False), desk.connect("postgres")
        assert way(desk.wang, POOL, 30, on=first) is None

        later = second(desk, lambda w, way=way: way(desk.wang, POOL, 31, on=w), watcher=watcher)
        first.commit()

        assert later.result() == "floor"
        desk.post(ISSUANCE, desk.wang, 30)


def balances_are_locked_in_ascending_order(desk):
    """With the higher account taken by another, the lower one is locked already, either way."""
    for account in (desk.wang, desk.li):
        desk.post(ISSUANCE, account, 60)
    wang, li = desk.wang, desk.li
    hold, there = uuid.uuid4(), uuid.uuid4()
    desk.reserve((li, 5), (wang, 5), key=hold)
    desk.reserve((li, 5), (wang, 5), key=there)
    ways = [
        lambda web: desk.post(wang, li, 1, on=web),
        lambda web: desk.post(li, wang, 1, on=web),
        lambda web: desk.journal((li, wang, 1), on=web),
        lambda web: desk.batch((li, wang, 1), on=web),
        lambda web: desk.reserve((li, 1), (wang, 1), key=uuid.uuid4(), on=web),
        lambda web: desk.journal((li, ISSUANCE, 1), kind=6, hold=hold, on=web),
        lambda web: desk.release(there, on=web),
    ]
    watcher = desk.connect("postgres")
    for way in ways:
        other = desk.connect("postgres", autocommit=False)
        other.execute(LOCK, [desk.here, li])
        later = second(desk, way, watcher=watcher)
        try:
            watcher.execute(LOCK + " NOWAIT", [desk.here, wang])
            is_locked = False
        except errors.LockNotAvailable:
            is_locked = True
        other.rollback()
        assert later.result() in (None, 1)
        assert is_locked


LOCK = "SELECT FROM ledger_balance WHERE community_id = %s AND account_id = %s FOR NO KEY UPDATE"


def two_reversals_of_one_journal(desk):
    original = uuid.uuid4()
    desk.post(ISSUANCE, desk.wang, 60, key=original)
    first, watcher = desk.connect(autocommit=False), desk.connect("postgres")
    assert desk.reverse(original, on=first) is None

    later = second(desk, lambda web: desk.reverse(original, on=web), watcher=watcher)
    first.commit()

    assert later.result() == "already_reversed"
    assert desk.has(desk.wang) == (0, 0)


def two_resolve_one_hold(desk):
    desk.post(ISSUANCE, desk.wang, 60)
    watcher = desk.connect("postgres")
    ways = [
        lambda hold, on: desk.release(hold, on=on),
        lambda hold, on: desk.journal((desk.wang, POOL, 40), kind=6, hold=hold, on=on),
    ]
    for one, other in [(ways[0], ways[0]), (ways[0], ways[1]), (ways[1], ways[0])]:
        hold, first = uuid.uuid4(), desk.connect(autocommit=False)
        desk.reserve((desk.wang, 40), key=hold)
        assert one(hold, first) is None

        later = second(desk, lambda w, o=other, h=hold: o(h, w), watcher=watcher)
        first.commit()

        assert later.result() == "already_resolved"
    assert desk.has(desk.wang) == (20, 0)
    assert desk.faults() == set()


def time_follows_the_sequence(desk):
    early = desk.connect(autocommit=False)
    early.execute("SELECT 1")
    desk.post(ISSUANCE, desk.wang, 1)
    desk.post(ISSUANCE, desk.wang, 2, on=early)
    early.commit()
    rows = desk.web.execute(
        "SELECT recorded_at FROM ledger_entry WHERE community_id = %s AND account_id = %s"
        " ORDER BY seq",
        [desk.here, desk.wang],
    ).fetchall()
    assert rows == sorted(rows)


def what_is_sealed_is_what_was_posted(desk):
    for account in (desk.wang, desk.li, desk.wang):
        desk.post(ISSUANCE, account, 10)
    slow = desk.connect(autocommit=False)
    desk.post(ISSUANCE, desk.zhang, 1, on=slow)
    _seal(desk, until=3)
    assert len(_sealed(desk)) == 3
    slow.commit()
    desk.post(ISSUANCE, desk.zhang, 1)
    _seal(desk, until=5)
    blocks = desk.web.execute(
        "SELECT n, prev, total, root, hash, transfer_ids, leaves FROM ledger_block"
        " WHERE community_id = %s ORDER BY n",
        [desk.here],
    ).fetchall()
    before, total = bytes(32), 0
    for at, (n, prev, all_of_them, root, own, ids, leaves) in enumerate(blocks, 1):
        rows = desk.web.execute(
            f"SELECT {', '.join(canonical.FIELDS)} FROM ledger_transfer WHERE id = ANY (%s)"
            " ORDER BY id",
            [ids],
        ).fetchall()
        found = [canonical.leaf(row) for row in rows]
        total += len(ids)
        assert (n, prev, all_of_them, leaves) == (at, before, total, b"".join(found))
        assert root == merkle.root(found)
        assert own == canonical.block_hash(desk.here, n, prev, total, root)
        before = own
    assert desk.faults() == set()


def _sealed(desk):
    sql = "SELECT unnest(transfer_ids) FROM ledger_block WHERE community_id = %s"
    return desk.web.execute(sql, [desk.here]).fetchall()


def _seal(desk, *, until):
    """Passes until so many are sealed, or for a second: other tests' transactions hold it up."""
    for _ in range(100):
        desk.web.execute("SELECT ledger_seal()")
        if len(_sealed(desk)) >= until:
            return
        time.sleep(0.01)


def the_owner_is_refused(desk):
    """Who goes past the functions: each line that has to be refused, by rights or constraints."""
    desk.post(ISSUANCE, desk.wang, 60)
    owner = desk.connect("timebank_owner")
    for who, sql in [
        (desk.web, "UPDATE ledger_balance SET posted = 1 WHERE community_id = {0}"),
        (desk.web, "INSERT INTO ledger_unsealed (community_id, transfer_id) VALUES ({0}, 1)"),
        (owner, "UPDATE ledger_balance SET posted = -1 WHERE account_id = {1}"),
        (owner, "UPDATE ledger_balance SET posted = 501 WHERE account_id = {1}"),
        (owner, "UPDATE ledger_balance SET held = -1 WHERE account_id = {1}"),
        (owner, "UPDATE ledger_transfer SET amount = 1 WHERE community_id = {0}"),
        (owner, "DELETE FROM ledger_transfer WHERE community_id = {0}"),
        (owner, INSERT.format("{0}", "0", "7", "8", "1", "2")),
        (owner, INSERT.format("{0}", "1", "7", "7", "1", "2")),
        (owner, INSERT.format("{0}", "1", "7", "8", "1", "1")),
    ]:
        try:
            who.execute(sql.format(desk.here, desk.wang))
        except (psycopg.IntegrityError, errors.InsufficientPrivilege):
            continue
        raise AssertionError(sql)


INSERT = (
    "INSERT INTO ledger_transfer (community_id, journal, leg, kind, debit, debit_seq, debit_after,"
    " credit, credit_seq, credit_after, amount, effective_on, actor, approver)"
    f" SELECT {{0}}, gen_random_uuid(), 1, 1, {{4}}, 99, 0, {{5}}, 99, 0, {{1}}, '{DAY}', {{2}},"
    " {3}"
)

CHECKS = [
    a_key_is_never_both_posted_and_refused,
    two_spend_the_same_minutes_and_one_is_refused,
    balances_are_locked_in_ascending_order,
    two_reversals_of_one_journal,
    two_resolve_one_hold,
    time_follows_the_sequence,
    what_is_sealed_is_what_was_posted,
    the_owner_is_refused,
]
