"""A dump put back into a new cluster: the books go on there, are sealed, and verified.

Its server's transactions have other numbers; and those of a fresh cluster are low, so that what
was not sealed when the dump was made seems to be of the future.
"""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

import psycopg
import pytest
from django.db import connections
from django.utils import timezone

from ledger import checkpoints, keys, seals
from ledger.models import Block, Transfer
from ledger.verification import verify
from tests import copies
from timebank import database

pytestmark = pytest.mark.django_db(transaction=True)


@contextlib.contextmanager
def another_cluster():
    """A server of its own with our roles and no database; the socket's folder."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    place = Path(tempfile.mkdtemp(prefix="timebank-restored-", dir=memory)) / "postgres"
    tests = os.environ["TIMEBANK_SOCKET"]
    try:
        yield database.start(place, "other", "fsync=off")
    finally:
        os.environ["TIMEBANK_SOCKET"] = tests
        database.stop(place)
        shutil.rmtree(place.parent)


@contextlib.contextmanager
def connected_to(socket, name):
    """Django's connection, there instead of here."""
    here = connections["default"]
    here.close()
    before = here.settings_dict
    here.settings_dict = before | {"HOST": socket, "NAME": name}
    try:
        yield
    finally:
        here.close()
        here.settings_dict = before


def rows(model):
    return list(model.objects.order_by("pk").values_list())


def test_a_dump_in_a_new_cluster_is_the_same_book_and_goes_on(book, earn, seal):
    for account in (book.wang, book.li):
        earn(account, 60)
    seal()
    note = checkpoints.note(checkpoints.make(at=timezone.now()))
    earn(book.wang, 30)
    before = rows(Transfer), rows(Block)
    text = copies.dump(connections["default"].settings_dict["NAME"])

    with another_cluster() as socket:
        copies.restore(text, "restored", socket)
        with connected_to(socket, "restored"):
            assert (rows(Transfer), rows(Block)) == before
            assert verify(outside=[note], keys=[keys.ours().public]).faults == []
            earn(book.zhang, 5)
            seal()
            assert sum(block.size for block in Block.objects.all()) == 4
            assert seals.oldest_unsealed() is None
            assert verify(outside=[note], keys=[keys.ours().public]).faults == []
            web = psycopg.connect(f"host={socket} user=timebank_web dbname=restored")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                web.execute("UPDATE ledger_balance SET posted = 0")
            web.close()


def test_an_older_dump_put_back_is_told_by_the_checkpoint_that_was_given_away(book, earn, seal):
    earn(book.wang, 60)
    seal()
    text = copies.dump(connections["default"].settings_dict["NAME"])
    earn(book.wang, 30)
    seal()
    note = checkpoints.note(checkpoints.make(at=timezone.now()))

    with another_cluster() as socket:
        copies.restore(text, "restored", socket)
        with connected_to(socket, "restored"):
            assert verify().faults == []
            found = verify(outside=[note], keys=[keys.ours().public]).faults

    assert [fault.check for fault in found] == ["checkpoint"]
