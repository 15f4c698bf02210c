"""A whole installation of its own, as processes that can be killed: web server and database."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "a-passphrase-for-tests"
GIVEN = "秀桂凤玉淑丽建国志文福正"
NAMES = [first + second for first in GIVEN for second in GIVEN]
PREPARE = f"""
import datetime
from members import joining
from members.models import Area, StaffRole, User
area = Area.objects.get(code="530111001001")
clerk = User.objects.create_user("clerk", password="{PASSWORD}")
StaffRole.objects.create(user=clerk, area=area, role="clerk")
born = datetime.date(1935, 5, 1)
living = {{"living": "alone"}}
people = [dict(area=area, name="王" + name, volunteer={{}}) for name in {NAMES}]
people += [dict(area=area, name="李" + n, birth_date=born, elder=living) for n in {NAMES}]
joining.register_many(people, by=clerk, at=datetime.datetime.now(datetime.UTC))
"""


class House:
    """Starts with nothing in `var`; every command and server works on the database there."""

    def __init__(self, var):
        self.var = Path(var)
        self.environment = os.environ | {"TIMEBANK_VAR": str(var), "LOG_LEVEL": "ERROR"}
        for name in ("DATABASE_URL", "TIMEBANK_SOCKET"):
            self.environment.pop(name, None)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.web = None

    def manage(self, *words):
        """The output of a management command, which has to end well."""
        command = [sys.executable, "manage.py", *words]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, check=True, capture_output=True, text=True
        ).stdout

    def prepare(self):
        self.manage("migrate", "--verbosity", "0")
        self.manage("collectstatic", "--noinput", "--verbosity", "0")
        self.manage("shell", "-c", PREPARE)

    def open(self):
        """Start the web server, and with it the database; wait until it answers."""
        command = [sys.executable, "-m", "gunicorn", "timebank.wsgi", "--workers", "2"]
        self.web = subprocess.Popen(
            [*command, "--bind", f"127.0.0.1:{self.port}", "--timeout", "20"],
            cwd=ROOT,
            env=self.environment,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(200):
            try:
                urllib.request.urlopen(self.address("/sign-in/"), timeout=5).read()
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("the web server did not start")

    def kill_web(self):
        """kill -9 of the web server with its workers."""
        os.killpg(self.web.pid, signal.SIGKILL)
        self.web.wait()

    def kill_database(self):
        """kill -9 of PostgreSQL's first process; its sessions end with it."""
        pid = int((self.var / "postgres" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)

    def close(self):
        if self.web and self.web.poll() is None:
            self.web.terminate()
            self.web.wait(20)

    def address(self, path):
        return f"http://127.0.0.1:{self.port}{path}"


class Clerk:
    """Somebody at a browser: keeps cookies, reads the form's token, posts."""

    def __init__(self, house):
        self.house = house
        self.browser = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(CookieJar()), _StayHere
        )

    def sign_in(self):
        token = self._token("/staff/sign-in/")
        answer = self.post("/staff/sign-in/", token, {"username": "clerk", "password": PASSWORD})
        assert answer == 302
        self.token = self._token("/visits/log/")

    def log(self, visit):
        """The status of the answer; None when there was none."""
        try:
            return self.post("/visits/log/", self.token, visit)
        except (OSError, urllib.error.URLError):
            return None

    def post(self, path, token, fields):
        body = urllib.parse.urlencode(fields | {"csrfmiddlewaretoken": token}).encode()
        try:
            with self.browser.open(self.house.address(path), body, timeout=30) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def _token(self, path):
        with self.browser.open(self.house.address(path), timeout=30) as answer:
            page = answer.read().decode()
        return re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]


class _StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args, **kwargs):
        return None
