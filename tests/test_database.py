"""The embedded server with real processes: each test counts what runs, and what is left."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from timebank import database

# Started from a shell's background job, our processes would inherit that Ctrl-C means nothing.
STAY = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
STAY += "; import time; from timebank import database; database.ensure_running()"
STAY += "; print('running', flush=True); time.sleep(60)"
FORK = "import os, sys; from timebank import database; database.ensure_running()"
FORK += "; child = os.fork(); child or sys.exit(); os.waitpid(child, 0)"
FORK += "; database._answers(database.directory()) and print('still running')"


@pytest.fixture(scope="module")
def ready_cluster():
    """A stopped server of its own, made once."""
    place = _folder()
    subprocess.run(
        [sys.executable, "-c", STAY.partition("; print")[0]], env=_env(place), check=True
    )
    yield place
    _remove(place)


@pytest.fixture
def var(ready_cluster):
    place = _folder()
    subprocess.run(["cp", "-a", ready_cluster / "postgres", place], check=True)
    yield place
    database.stop(place / "postgres")
    _remove(place)


def _folder():
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    return Path(tempfile.mkdtemp(prefix="timebank-test-", dir=memory))


def _remove(place):
    with (place / "postgres.guard").open("w") as post:
        fcntl.flock(post, fcntl.LOCK_EX)  # until the guard has done its work
    shutil.rmtree(place)


def _env(place, **more):
    without = {"DATABASE_URL", "DATABASE_OWNER_URL", "TIMEBANK_SOCKET"}
    kept = {key: value for key, value in os.environ.items() if key not in without}
    return kept | {"TIMEBANK_VAR": str(place)} | more


@pytest.fixture
def starter():
    """Starts processes that use the server and stay."""
    started = []

    def begin(place):
        process = subprocess.Popen(
            [sys.executable, "-c", STAY], env=_env(place), stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout.readline() == "running\n"
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate(timeout=10)


def _end(process, by):
    process.send_signal(by)
    process.wait(10)


def _answers(place):
    return database._answers(place / "postgres")


def _stops(place):
    """Whether the server ends within five seconds."""
    until = time.monotonic() + 5
    while (place / "postgres" / "postmaster.pid").exists() and time.monotonic() < until:
        time.sleep(0.05)
    return not _answers(place)


@pytest.mark.django_db
def test_the_application_connects_as_the_web_role():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("timebank_web",)


def test_the_server_has_stopped_when_its_process_has_ended(starter, var):
    process = starter(var)
    assert _answers(var)

    _end(process, signal.SIGINT)

    assert not _answers(var)


def test_the_server_stays_until_its_last_process_ends(starter, var):
    first, second = starter(var), starter(var)

    _end(first, signal.SIGINT)
    still_there = _answers(var)
    _end(second, signal.SIGINT)

    assert still_there
    assert not _answers(var)


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGKILL])
def test_the_server_stops_when_its_process_is_killed(starter, var, by):
    process = starter(var)

    _end(process, by)

    assert _stops(var)


def test_a_killed_starter_leaves_the_server_to_those_who_joined(starter, var):
    first, second = starter(var), starter(var)

    _end(first, signal.SIGKILL)
    time.sleep(0.5)
    still_there = _answers(var)
    _end(second, signal.SIGKILL)

    assert still_there
    assert _stops(var)


def test_two_first_starters_at_once_make_one_cluster():
    place = _folder()
    command = [sys.executable, "-c", STAY.partition("; print")[0]]

    both = [subprocess.Popen(command, env=_env(place)) for _ in range(2)]

    assert [process.wait(60) for process in both] == [0, 0]
    assert _stops(place)
    _remove(place)


def test_the_end_of_a_forked_worker_does_not_stop_the_server(var):
    run = subprocess.run(
        [sys.executable, "-c", FORK], env=_env(var), capture_output=True, text=True, check=True
    )

    assert run.stdout == "still running\n"
    assert _stops(var)


def test_a_killed_server_starts_again_with_all_that_was_committed(starter, var):
    process = starter(var)
    where = database.superuser(str(var / "postgres"), "timebank")
    with psycopg.connect(where, autocommit=True) as there:
        there.execute("CREATE TABLE kept AS SELECT 1 AS one")
    postmaster = int((var / "postgres" / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGKILL)
    _end(process, signal.SIGKILL)

    again = starter(var)

    with psycopg.connect(where) as there:
        assert there.execute("SELECT one FROM kept").fetchone() == (1,)
    _end(again, signal.SIGINT)


def test_a_lock_file_that_names_another_programs_process_does_not_prevent_a_start(starter, var):
    (var / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{var / 'postgres'}\n")

    process = starter(var)

    assert _answers(var)
    _end(process, signal.SIGINT)


def test_a_first_start_that_was_killed_in_the_middle_is_begun_anew(starter):
    place = _folder()
    (place / "postgres.new").mkdir()
    (place / "postgres.new" / "PG_VERSION").write_text("18")

    process = starter(place)

    assert _answers(place)
    _end(process, signal.SIGINT)
    _remove(place)


def test_a_long_path_gets_a_short_private_socket_folder(starter, var):
    deep = var / ("d" * 100)
    deep.mkdir()
    (var / "postgres").rename(deep / "postgres")

    process = starter(deep)

    socket = database._socket_folder(deep / "postgres")
    assert database._answers(socket)
    assert socket.stat().st_mode & 0o77 == 0
    _end(process, signal.SIGINT)
    (deep / "postgres").rename(var / "postgres")
    socket.rmdir()


def test_the_servers_log_names_no_values(starter, var):
    process = starter(var)
    with (
        psycopg.connect(database.superuser(str(var / "postgres"), "timebank")) as there,
        pytest.raises(psycopg.DataError),
    ):
        there.execute("SELECT '王秀英'::date")
    _end(process, signal.SIGINT)

    assert "王秀英" not in (var / "postgres" / "log").read_text()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgres://timebank_web:secret@127.0.0.1:1/timebank", "refused"),
        ("postgres://nobody_here@/%(socket)s/postgres", 'role "nobody_here" does not exist'),
        ("postgres://postgres@/%(socket)s/nothing", 'database "nothing" does not exist'),
    ],
)
def test_a_server_that_cannot_be_worked_with_is_named_in_a_sentence(tmp_path, url, said):
    url %= {"socket": os.environ["TIMEBANK_SOCKET"]}

    run = subprocess.run(
        [sys.executable, "manage.py", "showmigrations"],
        env=_env(tmp_path, DATABASE_URL=url),
        cwd=database.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 1
    assert run.stderr.startswith("DATABASE_URL: cannot connect to database")
    assert said in run.stderr
    assert "Traceback" not in run.stderr
    assert "secret" not in run.stderr


def test_another_accounts_server_is_named_in_a_sentence(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 12345)

    with pytest.raises(SystemExit, match="belongs to root: work as root"):
        database._require_ours(Path("/"))
