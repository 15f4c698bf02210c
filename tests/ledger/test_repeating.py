"""A posting that another writer has thrown out is tried once more, by itself."""

import threading
import uuid

import pytest
from django.db import connection as django

from ledger import statements, transfers
from ledger.accounts import ISSUANCE, POOL
from ledger.models import TransferKind
from ledger.transfers import Journal, Leg

from .conftest import CLERK, DAY
from .test_concurrency import POST, wait_until_blocked

pytestmark = pytest.mark.django_db(transaction=True)


class Blocker:
    """Waits until Django's own connection waits for a lock, then does something; in a thread."""

    def __init__(self, watcher, act):
        with django.cursor() as cursor:
            cursor.execute("SELECT 1")
        self.thread = threading.Thread(target=self.run, args=[watcher, django.connection, act])
        self.thread.start()

    def run(self, watcher, waiting, act):
        wait_until_blocked(watcher, waiting)
        act()


def test_the_victim_of_a_deadlock_is_posted_after_all(book, earn, connect):
    earn(book.wang, 60)
    first, last = sorted([book.wang, book.li])
    culprit = connect("postgres")
    culprit.execute("SET deadlock_timeout = '1min'")  # so that the posting is the one that gives in
    lock = "SELECT FROM ledger_balance WHERE account_id = %s FOR UPDATE"
    culprit.execute(lock, [last])

    def lock_out_of_order():
        culprit.execute(lock, [first])
        culprit.commit()

    blocker = Blocker(connect("postgres", autocommit=True), lock_out_of_order)
    leg = Leg(TransferKind.DONATE, book.wang, book.li, 60)
    transfers.post(book.id, uuid.uuid4(), leg, effective_on=DAY, by=CLERK)

    blocker.thread.join()
    assert statements.balance(book.id, book.li).posted == 60


def test_a_batch_that_meets_a_key_just_being_posted_finds_it_there(book, connect):
    key, single = uuid.uuid4(), connect()
    single.execute(POST, [book.id, key, TransferKind.POOL_COVER, 18, 2, 60, DAY, CLERK])

    blocker = Blocker(connect("postgres", autocommit=True), single.commit)
    legs = [Leg(TransferKind.POOL_COVER, POOL, ISSUANCE, 60)]
    posted = transfers.post_batch(book.id, [Journal(key, legs, DAY)], by=CLERK)

    blocker.thread.join()
    assert posted == 0
    assert statements.balance(book.id, POOL).posted == -60
