"""A book that was begun under older migrations: not a byte of it changes on the way to today's.

The stops are states that were installed somewhere: before holds and seals, and with both.
"""

import hashlib
import os
import uuid

import psycopg
import pytest
from django.core.management import call_command
from django.db import connections

from ledger import canonical, merkle
from ledger.verification import CHECKS
from tests import copies
from timebank import database

from .conftest import DAY

FIRST, SEALED = "0011_policy_in_force", "0018_policy_versions"
POST = "SELECT * FROM ledger_post(%s, %s, 1::smallint, 1, %s, %s, %s, 7)"
JOURNAL = """SELECT was_there, refused FROM ledger_post_journal(%s, %s, '{1,3}', %s::bigint[],
    %s::bigint[], '{50,20}', %s, 7)"""
REVERSE = "SELECT was_there, refused FROM ledger_reverse(%s, %s, %s, %s, 7)"


class Old:
    """A database at some migration of the ledger, and what its members' hours are there."""

    def __init__(self, name):
        self.name = name
        database.create(os.environ["TIMEBANK_SOCKET"], name)

    def migrate(self, *to):
        connections.databases["old"] = connections.databases["owner"] | {
            "HOST": os.environ["TIMEBANK_SOCKET"],
            "NAME": self.name,
        }
        call_command("migrate", *to, database="old", verbosity=0)
        connections["old"].close()
        del connections["old"]
        del connections.databases["old"]

    def connect(self, user="timebank_web"):
        address = f"host={os.environ['TIMEBANK_SOCKET']} user={user} dbname={self.name}"
        return psycopg.connect(address, autocommit=True)

    def digest(self, table, columns):
        with self.connect("postgres") as superuser:
            rows = superuser.execute(f"SELECT {columns} FROM {table} ORDER BY 1, 2").fetchall()
        return len(rows), hashlib.sha256(repr(rows).encode()).hexdigest()

    def columns(self, table):
        with self.connect("postgres") as superuser:
            found = superuser.execute(
                "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute"
                " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
                [table],
            )
            return found.fetchone()[0]

    def state(self, *tables):
        """Columns and a digest of each table's rows; a later state is read in these columns."""
        columns = {table: self.columns(table) for table in tables}
        return {table: (text, self.digest(table, text)) for table, text in columns.items()}

    def still_is(self, state):
        return {t: (text, self.digest(t, text)) for t, (text, _) in state.items()} == state


@pytest.fixture
def old(django_db_setup, django_db_blocker, worker_id):
    name = f"old_{worker_id}"
    copies.drop(name)
    with django_db_blocker.unblock():
        yield Old(name)
    copies.drop(name)


def test_hours_balances_and_seals_are_the_same_after_every_later_migration(old):
    keys = [uuid.uuid4() for _ in range(5)]
    old.migrate("members")
    old.migrate("ledger", FIRST)
    with old.connect() as web:
        (book,) = web.execute(
            "SELECT min(id) FROM members_area WHERE level = 'community'"
        ).fetchone()
        holders = [uuid.uuid4(), uuid.uuid4()]
        opened = web.execute("SELECT id FROM ledger_open_accounts(%s, %s, 500)", [book, holders])
        wang, li = (number for (number,) in opened.fetchall())
        posted = web.execute(POST, [book, keys[0], wang, 60, DAY]).fetchone()
        refused = web.execute(POST, [book, keys[1], wang, 900, DAY]).fetchone()
        legs = [book, keys[2], [1, li], [li, 17], DAY]
        assert web.execute(JOURNAL, legs).fetchone() == (False, None)
        assert web.execute(REVERSE, [book, keys[2], keys[3], DAY]).fetchone() == (False, None)
        web.execute("SELECT ledger_roll_up(1)")
    book_then = old.state("ledger_account", "ledger_balance", "ledger_transfer", "ledger_refusal")

    old.migrate("ledger", SEALED)
    assert old.still_is(book_then)
    with old.connect() as web:
        web.execute(POST, [book, keys[4], li, 30, DAY])
        for _ in range(3000):
            web.execute("SELECT ledger_seal()")
            if web.execute("SELECT count(*) FROM ledger_unsealed").fetchone() == (0,):
                break
    sealed_then = old.state("ledger_transfer", "ledger_block", "ledger_balance")

    old.migrate()
    assert old.still_is(sealed_then)
    with old.connect() as web:
        for n, leaves, root, ids in web.execute(
            "SELECT n, leaves, root, transfer_ids FROM ledger_block WHERE community_id = %s", [book]
        ).fetchall():
            rows = web.execute(
                f"SELECT {', '.join(canonical.FIELDS)} FROM ledger_transfer WHERE id = ANY (%s)"
                " ORDER BY id",
                [ids],
            ).fetchall()
            found = [canonical.leaf(row) for row in rows]
            assert (n, leaves, root) == (n, b"".join(found), merkle.root(found))
        again = web.execute(POST, [book, keys[0], wang, 60, DAY]).fetchone()
        assert again == (posted[0], True, None)
        assert web.execute(POST, [book, keys[1], wang, 900, DAY]).fetchone()[2] == refused[2]
        for name, check in CHECKS.items():
            assert web.execute(check.replace("%%", "%")).fetchall() == [], name
    assert old.still_is(sealed_then)
