"""Draining the outbox into blocks: what a pass takes, what it leaves, and who is in its way."""

import random
import threading
import time
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from psycopg import errors

from ledger import canonical, chains, merkle, seals, transfers
from ledger.accounts import ISSUANCE
from ledger.models import Block, Transfer, TransferKind
from ledger.transfers import Leg
from ledger.verification import verify
from members.models import Area

from .conftest import CLERK, DAY
from .test_concurrency import Later, post

pytestmark = pytest.mark.django_db(transaction=True)


def sealed_ids():
    return [number for block in Block.objects.order_by("n") for number in block.transfer_ids]


def test_a_pass_seals_all_that_was_posted_into_a_block(book, earn, seal):
    ids = [earn(book.wang).transfer_ids[0] for _ in range(5)]

    seal()

    assert sealed_ids() == ids
    assert seals.oldest_unsealed() is None
    assert verify().faults == []


def test_a_block_is_what_its_columns_say(book, earn, seal):
    for _ in range(3):
        earn(book.wang)
    seal()
    block = Block.objects.order_by("n").last()
    rows = Transfer.objects.order_by("id").values_list(*canonical.FIELDS)
    leaves = [canonical.leaf(row) for row in rows][-block.size :]

    assert (block.algorithm, block.version, block.total) == (1, 1, 3)
    assert (block.first_transfer, block.last_transfer) == (rows[3 - block.size][1], rows[2][1])
    assert block.leaves == b"".join(leaves)
    assert block.root == merkle.root(leaves)
    assert block.hash == canonical.block_hash(book.id, block.n, block.prev, 3, block.root)


def test_blocks_are_a_chain_for_each_community(book, earn, seal):
    other = Area.objects.get(code="530111001002")
    chain = []
    for _ in range(3):
        earn(book.wang)
        seal()
        chain = list(Block.objects.filter(community=book.id).order_by("n"))

    assert [block.n for block in chain] == [1, 2, 3]
    assert [block.prev for block in chain] == [bytes(32), chain[0].hash, chain[1].hash]
    assert [block.total for block in chain] == [1, 2, 3]
    assert not Block.objects.filter(community=other).exists()


def test_with_nothing_posted_nothing_is_made(book):
    assert seals.seal() == 0
    assert not Block.objects.exists()


def test_many_are_sealed_in_passes_of_a_bounded_size(book, earn, connect, seal):
    for _ in range(7):
        earn(book.wang)
    web = connect(autocommit=True)
    until = time.monotonic() + 20
    while len(sealed_ids()) < 7 and time.monotonic() < until:
        web.execute("SELECT ledger_seal(3)")

    assert max(block.size for block in Block.objects.all()) <= 3
    assert len(sealed_ids()) == len(set(sealed_ids())) == 7


def test_what_an_open_transaction_wrote_and_what_came_after_waits(book, earn, connect):
    """Below the horizon everything is settled: a block never gets a neighbor from before it."""
    slow = connect()
    post(slow, book, 1, book.wang)
    earn(book.li)

    assert seals.seal() == 0

    slow.commit()


def test_posting_never_waits_for_a_pass(book, earn, connect, seal):
    earn(book.wang)
    sealer = connect()
    until = time.monotonic() + 20
    while sealer.execute("SELECT ledger_seal()").fetchone() == (0,) and time.monotonic() < until:
        sealer.rollback()

    earn(book.wang)  # would time out, were the pass in its way

    sealer.commit()
    seal()
    assert verify().faults == []


def test_of_two_sealers_at_once_one_does_the_work(book, earn, connect, seal):
    earn(book.wang)
    first, second = connect(), connect(autocommit=True, options="-c lock_timeout=5s")
    until = time.monotonic() + 20
    while first.execute("SELECT ledger_seal()").fetchone() == (0,) and time.monotonic() < until:
        first.rollback()

    other = second.execute("SELECT ledger_seal()").fetchone()
    first.commit()

    assert other == (0,)
    assert len(sealed_ids()) == 1
    assert verify().faults == []


def test_a_sealer_that_is_killed_leaves_nothing_half(book, earn, connect, seal):
    earn(book.wang)
    doomed, superuser = connect(), connect("postgres", autocommit=True)
    until = time.monotonic() + 20
    while doomed.execute("SELECT ledger_seal()").fetchone() == (0,) and time.monotonic() < until:
        doomed.rollback()
    superuser.execute("SELECT pg_terminate_backend(%s, 5000)", [doomed.info.backend_pid])

    assert not Block.objects.exists()
    assert seals.oldest_unsealed() is not None

    seal()
    assert len(sealed_ids()) == 1
    assert verify().faults == []


def test_rows_restored_from_another_server_are_sealed(book, earn, tamper, seal):
    """Their transactions' numbers mean nothing here; these would not be reached for ages."""
    earn(book.wang)
    tamper("UPDATE ledger_unsealed SET xid = '9000000000000000000'")

    seal()

    assert len(sealed_ids()) == 1


def test_an_outbox_row_without_a_leaf_cannot_be_removed_by_the_owner(book, earn, connect, seal):
    earn(book.wang)
    seal()
    earn(book.wang)

    with pytest.raises(errors.RestrictViolation, match="ledger_unsealed is refused"):
        connect("timebank_owner").execute("DELETE FROM ledger_unsealed")


def test_sealing_is_late_after_a_minute(book, earn, caplog):
    earn(book.wang)
    now = timezone.now()

    assert not seals.is_late(now + seals.LATE - timedelta(seconds=5))
    assert caplog.records == []
    assert seals.is_late(now + seals.LATE + timedelta(seconds=5))
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_blocks_are_read_with_their_transfers_and_what_is_open_after_them(book, earn, seal):
    earn(book.wang)
    seal()
    earn(book.li)

    ((block, (row,)),) = chains.blocks(book.id)
    (fresh,) = chains.open_rows(book.id)

    assert (row[1], fresh[1]) == (block.transfer_ids[0], row[1] + 1)


# The race: writers with transactions of different length, and a sealer all the while.

SINCE = "SELECT id FROM ledger_transfer WHERE id > %s ORDER BY id"
ROUNDS, WRITERS = 30, 6


def slow_writer(connection, book, account):
    luck = random.Random(account)
    for _ in range(ROUNDS):
        post(connection, book, account, ISSUANCE + luck.randrange(1, 16), 1)
        time.sleep(luck.random() * 0.01)
        connection.commit()


def race(book, connect, sealer):
    """Run writers, each with an account of its own, and `sealer` until they have finished."""
    calls = [
        Later(slow_writer, connect(), book, account)
        for account in [book.wang, book.li, book.zhang] * (WRITERS // 3)
    ]
    stop = threading.Event()

    def repeat():
        while not stop.is_set():
            sealer()
            time.sleep(0.005)

    sealing = Later(repeat)
    for call in calls:
        assert call.result() is None
    stop.set()
    sealing.result()


@pytest.fixture
def wealthy(book, earn):
    for account in (book.wang, book.li, book.zhang):
        earn(account, 1000)
    return book


def test_no_transfer_is_missed_in_a_race_with_open_transactions(wealthy, connect, seal):
    web = connect(autocommit=True)

    race(wealthy, connect, lambda: web.execute("SELECT ledger_seal(16384)"))
    seal()

    assert len(sealed_ids()) == len(set(sealed_ids())) == 3 + WRITERS * ROUNDS
    assert verify().faults == []


def test_the_control_that_goes_by_the_last_id_misses_some(wealthy, connect):
    web, seen = connect(autocommit=True), [0]

    def by_the_last_id():
        seen.extend(number for (number,) in web.execute(SINCE, [seen[-1]]).fetchall())

    race(wealthy, connect, by_the_last_id)
    by_the_last_id()

    assert len(seen) - 1 < Transfer.objects.count()


def test_a_batch_is_sealed_in_the_order_of_its_ids(book, seal):
    legs = [Leg(TransferKind.EARN, ISSUANCE, account, 5) for account in (book.li, book.wang)]
    posted = transfers.post_journal(book.id, uuid.uuid4(), legs, effective_on=DAY, by=CLERK)

    seal()

    assert sealed_ids() == posted.transfer_ids
