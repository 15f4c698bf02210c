"""kill -9 in the middle of it: what was acknowledged is there, and a resend posts nothing twice.

On a server of its own, with fsync on. The short form kills once, the long one again and again.
"""

import os
import random
import resource
import shutil
import signal
import tempfile
import threading
import time
import uuid
from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command
from django.db import DatabaseError, connections

from ledger.verification import CHECKS
from timebank import database

from .conftest import DAY

POST = "SELECT transfer_id FROM ledger_post(%s, %s, 1::smallint, 1, %s, 1, %s, 7)"
BATCH = """SELECT ledger_post_batch(%s, %s::uuid[], %s::smallint[], %s::bigint[], %s::bigint[],
    %s::bigint[], %s::date[], 7)"""


WRITERS, ACCOUNTS = 16, 8


class Server:
    """A PostgreSQL of these tests' alone, migrated."""

    def __init__(self, folder):
        self.place = folder / "postgres"
        self.start()
        alias = connections.databases["owner"] | {"HOST": self.socket, "NAME": "timebank"}
        connections.databases["crash"] = alias
        try:
            call_command("migrate", database="crash", verbosity=0)
        except DatabaseError as error:
            error.add_note(f"The server's log ends with\n{self.log()}")
            raise
        finally:
            connections["crash"].close()
            del connections.databases["crash"]

    def open_accounts(self):
        """Fresh ones for each test."""
        with self.connect() as web:
            (self.book,) = web.execute(
                "SELECT min(id) FROM members_area WHERE level = 'community'"
            ).fetchone()
            holders = [uuid.uuid4() for _ in range(ACCOUNTS)]
            rows = web.execute(
                "SELECT id FROM ledger_open_accounts(%s, %s, NULL)", [self.book, holders]
            )
            self.accounts = [account for (account,) in rows]

    def start(self):
        tests = os.environ["TIMEBANK_SOCKET"]
        try:
            self.socket = database.start(self.place, "timebank")
        finally:
            os.environ["TIMEBANK_SOCKET"] = tests

    def log(self):
        return (self.place / "log").read_text(errors="replace")[-3000:]

    def connect(self, user="timebank_web", **options):
        address = f"host={self.socket} user={user} dbname=timebank"
        return psycopg.connect(address, **options)

    def kill(self):
        """The postmaster and all its children, at once and without a farewell."""
        postmaster = int((self.place / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        for process in [postmaster, *map(int, children)]:
            os.kill(process, signal.SIGKILL)
        while any(Path(f"/proc/{process}").exists() for process in [postmaster, *children]):
            time.sleep(0.01)

    def post(self, connection, key):
        return connection.execute(POST, [self.book, key, self.account(key), DAY]).fetchone()

    def post_batch(self, connection, keys):
        n = len(keys)
        legs = [[1] * n, [1] * n, [self.account(key) for key in keys], [1] * n, [DAY] * n]
        return connection.execute(BATCH, [self.book, keys, *legs]).fetchone()

    def stand_and_post(self, keys):
        """What stood, and what was posted, in one transaction."""
        with self.connect() as web:
            return self.standing(web), self.post_batch(web, keys)

    def checkpointer(self):
        """The process that is another one after the server has restarted its children."""
        running = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"
        with self.connect("postgres") as superuser:
            return superuser.execute(running).fetchone()

    def account(self, key):
        """The one to which this key is posted, however often it is sent."""
        return self.accounts[key.int % ACCOUNTS]

    def standing(self, connection):
        """The keys of all that was posted to the accounts of this test."""
        rows = connection.execute(
            "SELECT journal FROM ledger_transfer WHERE credit = ANY (%s)", [self.accounts]
        )
        return [key for (key,) in rows]

    def assert_sound(self, keys):
        with self.connect() as web:
            assert sorted(self.standing(web)) == sorted(keys)
            for check in CHECKS.values():
                assert web.execute(check.replace("%%", "%")).fetchall() == []


@pytest.fixture(scope="module")
def running(django_db_setup, django_db_blocker):
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="timebank-crash-", dir=memory))
    try:
        with django_db_blocker.unblock():
            server = Server(folder)
        yield server
    finally:
        database.stop(folder / "postgres")
        shutil.rmtree(folder)


@pytest.fixture
def server(running):
    running.open_accounts()
    return running


def kill_while_posting(server, rounds):
    keys, acknowledged = [], []

    def post(connection):
        while True:
            fresh = [uuid.uuid4() for _ in range(random.choice([1, 1, 40]))]
            keys.append(fresh)
            try:
                if len(fresh) == 1:
                    server.post(connection, fresh[0])
                else:
                    server.post_batch(connection, fresh)
            except psycopg.OperationalError:
                return
            acknowledged.extend(fresh)

    for _ in range(rounds):
        connections = [server.connect(autocommit=True) for _ in range(WRITERS)]
        writers = [threading.Thread(target=post, args=[c]) for c in connections]
        for writer in writers:
            writer.start()
        time.sleep(random.uniform(0.2, 0.6))
        server.kill()
        for writer, connection in zip(writers, connections, strict=True):
            writer.join()
            connection.close()
        server.start()
    return keys, acknowledged


def assert_exactly_once(server, rounds):
    keys, acknowledged = kill_while_posting(server, rounds)

    with server.connect(autocommit=True) as web:
        found = set(server.standing(web))
        assert acknowledged
        assert found >= set(acknowledged)
        for some in keys:
            standing = [key for key in some if key in found]
            assert standing in ([], some)  # a batch stands whole or not at all
            server.post_batch(web, some)
    server.assert_sound([key for some in keys for key in some])


def test_nothing_acknowledged_is_lost_when_the_server_is_killed(server):
    assert_exactly_once(server, rounds=1)


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_however_often_the_server_is_killed(server):
    assert_exactly_once(server, rounds=30)


def test_a_batch_whose_backend_is_killed_leaves_nothing_and_can_be_sent_again(server):
    keys = [uuid.uuid4() for _ in range(100)]
    web = server.connect()
    assert server.post_batch(web, keys) == (100,)
    children = server.checkpointer()
    os.kill(web.info.backend_pid, signal.SIGKILL)
    with pytest.raises(psycopg.OperationalError):
        web.commit()
    web.close()
    # The server may answer once more before it notices, and end that session with all others.
    while patiently(server.checkpointer) == children:
        time.sleep(0.01)

    before, posted = patiently(lambda: server.stand_and_post(keys))

    assert (before, posted) == ([], (100,))
    server.assert_sound(keys)


def patiently(work):
    """Do it, again until the server has recovered."""
    for _ in range(200):
        try:
            return work()
        except psycopg.OperationalError:
            time.sleep(0.05)
    raise AssertionError("the server does not come back")


@pytest.fixture
def small_disk(server):
    """No file grows beyond 17 MB, a log of 16 fits; restarted without limit in the end."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    database.stop(server.place)
    resource.setrlimit(resource.RLIMIT_FSIZE, (17 << 20, limits[1]))
    try:
        server.start()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    yield server
    database.stop(server.place)
    server.start()


@pytest.mark.slow
def test_a_disk_that_takes_no_more_refuses_whole_batches_and_loses_none(small_disk):
    acknowledged = []
    with small_disk.connect(autocommit=True) as web:
        for _ in range(200):
            keys = [uuid.uuid4() for _ in range(1000)]
            try:
                small_disk.post_batch(web, keys)
            except psycopg.Error as error:
                full = error
                break
            acknowledged += keys
        assert "could not extend file" in str(full)
        assert web.execute("SELECT 1").fetchone() == (1,)  # who only reads goes on
    small_disk.assert_sound(acknowledged)

    database.stop(small_disk.place)
    small_disk.start()
    with small_disk.connect(autocommit=True) as web:
        assert small_disk.post_batch(web, keys) == (1000,)
    small_disk.assert_sound(acknowledged + keys)


def test_a_client_that_is_cut_off_sends_again_and_posts_once(server):
    keys = [uuid.uuid4() for _ in range(30)]
    for key in keys:
        web = server.connect(autocommit=True)
        web.pgconn.send_query_params(
            b"SELECT transfer_id FROM ledger_post($1, $2, 1::smallint, 1, $3, 1, $4, 7)",
            [str(v).encode() for v in (server.book, key, server.account(key), DAY)],
        )
        time.sleep(random.choice([0, 0, 0.001, 0.003]))
        web.close()  # nobody waits for the answer

    with server.connect(autocommit=True) as web:
        for key in keys:
            server.post(web, key)
    server.assert_sound(keys)
