"""`make demo` with real processes: the pilot's figures; killed, stopped and started again."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from timebank import database

pytestmark = pytest.mark.slow

QUESTION = ["report", "R1", "--area", "530111001001", "--from", "2020-01-14", "--to", "2021-06-30"]


@pytest.fixture(scope="module")
def place():
    place = Path(tempfile.mkdtemp(prefix="timebank-demo-"))
    yield place
    database.stop(place / "postgres")
    shutil.rmtree(place)


@pytest.fixture(scope="module")
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def env(place, port):
    without = {"DATABASE_URL", "TIMEBANK_SOCKET", "MAKEFLAGS", "MAKELEVEL"}
    kept = {key: value for key, value in os.environ.items() if key not in without}
    return kept | {"TIMEBANK_VAR": str(place), "PORT": str(port)}


@pytest.fixture
def demo(env):
    """Starts the demo; whatever of it is left after the test is killed."""
    started = []

    def begin():
        process = subprocess.Popen(
            ["make", "demo"],
            cwd=database.ROOT,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        said = ""
        while "Time Bank is at" not in said:
            line = process.stdout.readline()
            assert line, f"the demo ended:\n{said}"
            said += line
        return process, said

    yield begin
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=30)


def status(port, path="/healthz"):
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    asked.request("GET", path)
    answer = asked.getresponse()
    asked.close()
    return answer.status


def processes(place):
    """All that runs for this demo, by their environment or command line."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            said = (each / "cmdline").read_bytes() + (each / "environ").read_bytes()
        except OSError:
            continue
        if os.fsencode(place) in said and int(each.name) != os.getpid():
            found.append((each / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


def nothing_is_left(place):
    until = time.monotonic() + 30
    while (left := processes(place)) and time.monotonic() < until:
        time.sleep(0.1)
    return left == []


def manage(env, *command):
    """What a command says, beside the demo that runs."""
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=database.ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_it_serves_the_pilots_register_and_says_who_signs_in(demo, env, port, place):
    process, said = demo()

    figures = manage(env, *QUESTION, "--format", "json")
    codes = manage(env, "demo_code")
    assert status(port, "/sign-in/") == 200
    assert {"lin", "zhao", "chen", "he", "admin", "audit"} <= set(
        re.findall(r"^  (\w+) ", said, re.M)
    )
    assert re.search(r"^  1\d{10}  \S+, \d+ h banked", said, re.MULTILINE)
    assert {"2121", "937", "1353"} <= set(re.findall(r"\d+", json.dumps(json.loads(figures))))
    assert re.search(r"^zhao +\d{6}  for \d+ seconds$", codes, re.MULTILINE)
    assert (place / "demo_passwords").stat().st_mode & 0o777 == 0o600

    os.killpg(process.pid, signal.SIGINT)
    assert nothing_is_left(place)


def test_it_stops_on_ctrl_c_and_the_second_start_takes_five_seconds(demo, port, place):
    began = time.monotonic()
    process, _ = demo()
    took = time.monotonic() - began

    os.killpg(process.pid, signal.SIGINT)

    assert nothing_is_left(place)
    assert took <= 5 * max(1, os.getloadavg()[0] / os.cpu_count())


@pytest.mark.parametrize("victim", ["gunicorn", "bin/demo.py", "make"])
def test_whatever_is_killed_nothing_is_left_that_prevents_a_start(demo, port, place, victim):
    demo()
    pids = [int(each.name) for each in Path("/proc").glob("[0-9]*")]

    for pid in sorted(pids):
        if _is(pid, victim, place):
            os.kill(pid, signal.SIGKILL)
            break

    assert nothing_is_left(place)
    demo()
    assert status(port) == 200


def _is(pid, victim, place):
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    return victim.encode() in command and os.fsencode(place) in environment


def test_a_member_s_code_is_on_the_console_within_two_seconds(demo, port):
    process, said = demo()
    phone = re.search(r"^  (1\d{10})  \S+, \d+ h banked", said, re.MULTILINE)[1]
    jar = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    page = jar.open(f"http://127.0.0.1:{port}/sign-in/", timeout=10).read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    typed = urllib.parse.urlencode({"phone": phone, "csrfmiddlewaretoken": token}).encode()
    began = time.monotonic()

    jar.open(f"http://127.0.0.1:{port}/sign-in/", typed, timeout=10)
    line = ""
    while "SMS to" not in line:
        line = process.stdout.readline()

    assert re.search(r"SMS to 1\d\d\*{4}\d{4}: \d{6} ", line)
    assert time.monotonic() - began < 2 * max(1, os.getloadavg()[0] / os.cpu_count())
