"""A PostgreSQL of the bench's own: data in memory, fsync on, commits as slow as we say."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from timebank import database

HERE = Path(__file__).resolve().parent
MEMORY = Path("/dev/shm")
DELAY = MEMORY / "timebank_fsync_us"
CPU, SLOW = "CPU", "1 ms"
SETTINGS = "fsync=on synchronous_commit=on shared_buffers=2GB max_wal_size=2GB max_connections=100"


class Server:
    """The running server: where it is, and whether it can make commits wait."""

    def __init__(self, place, socket, has_shim):
        self.place = place
        self.socket = socket
        self.has_shim = has_shim

    def connect(self, role="timebank_web", database="timebank", **options):
        address = f"host={self.socket} user={role} dbname={database}"
        return psycopg.connect(address, autocommit=True, **options)

    def as_superuser(self, database="timebank"):
        return self.connect("postgres", database)

    def regimes(self):
        return (CPU, SLOW) if self.has_shim else (CPU,)

    @contextlib.contextmanager
    def regime(self, name):
        """Within: each commit waits for the limit of the processor alone, or 1 ms more."""
        if name == SLOW:
            DELAY.write_text("1000")
        try:
            yield
        finally:
            DELAY.unlink(missing_ok=True)


@contextlib.contextmanager
def running(gigabytes):
    """Start the server on a folder in memory, migrate, install the limit; leave nothing behind."""
    with (
        _alone(),
        _folder(gigabytes) as place,
        (place / "postgres.users").open("w") as users,
    ):
        fcntl.flock(users, fcntl.LOCK_SH)  # so that gunicorn, leaving, does not stop the server
        os.environ.pop("DATABASE_URL", None)
        os.environ["TIMEBANK_VAR"] = str(place)
        os.environ["DJANGO_SETTINGS_MODULE"] = "bench.settings"
        shim = _compiled_shim(place)
        with _preloaded(shim):
            socket = database.start(place / "postgres", "timebank", SETTINGS)
        try:
            server = Server(place, socket, bool(shim))
            _prepare(server)
            yield server
        finally:
            database.stop(place / "postgres")


@contextlib.contextmanager
def _alone():
    """One bench at a time: the delay is a file that all servers of the machine would read."""
    with Path(tempfile.gettempdir(), "timebank_bench.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another bench is running on this machine; two would measure each other.")
            sys.exit(os.EX_TEMPFAIL)
        yield


@contextlib.contextmanager
def _folder(gigabytes):
    """A folder in memory, if so much is free there; on a disk the regimes are not what they say."""
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > gigabytes * 2**30
    if not has_room:
        print(
            f"LESS THAN {gigabytes} GB FREE IN {MEMORY}: measuring on a disk, whatever it does.\n"
        )
    place = Path(tempfile.mkdtemp(prefix="timebank-bench-", dir=MEMORY if has_room else None))
    place.chmod(0o755)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _compiled_shim(place):
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        print("NO C COMPILER: the 1 ms regime is NOT measured. Get one: apt install gcc\n")
        return None
    if not os.access(MEMORY, os.W_OK):
        print(f"NO {MEMORY}: the 1 ms regime is NOT measured; the shim reads its delay there.\n")
        return None
    library = place / "slowsync.so"
    source = HERE / "slowsync.c"
    subprocess.run(
        [compiler, "-O2", "-w", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True
    )
    return library


@contextlib.contextmanager
def _preloaded(shim):
    """Within: what is started has the shim between itself and the disk."""
    if shim:
        os.environ["LD_PRELOAD"] = str(shim)
    try:
        yield
    finally:
        os.environ.pop("LD_PRELOAD", None)


def _prepare(server):
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, run_syncdb=True)
    with server.as_superuser() as connection:
        connection.execute((HERE / "limit.sql").read_text())
        connection.execute(
            "GRANT USAGE ON SCHEMA raw TO timebank_web;"
            "GRANT ALL ON ALL TABLES IN SCHEMA raw TO timebank_web;"
            "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA raw TO timebank_web"
        )
    _check_the_delay(server)


def _check_the_delay(server):
    """A shim that does nothing would make the slow regime a lie."""
    if not server.has_shim:
        return
    with server.regime(SLOW), server.connect() as connection:
        began = time.perf_counter()
        for _ in range(20):
            connection.execute("UPDATE raw.balance SET posted = posted WHERE account_id = 1")
        mean = (time.perf_counter() - began) / 20
    if mean < 0.001:
        sys.exit(f"The shim does not slow commits down ({mean * 1000:.2f} ms); is it preloaded?")
