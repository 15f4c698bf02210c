"""Logging a visit over HTTP, against a page that only inserts one row: gunicorn, two workers."""

import contextlib
import http.client
import itertools
import os
import random
import socket
import subprocess
import sys
import threading
import time
import uuid
from datetime import timedelta
from importlib import import_module
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from bench import book, people
from bench.figures import Figure, paired
from members.models import StaffRole

TARGET = 0.5
CLIENTS = 4
TOKEN = "b" * 32
USUAL = {
    "minutes": "30",
    "category": "companionship",
    "started_at": "",
    "method": "signature",
    "choice": "bank",
    "note": "",
    "heeded": "",
}
DAYS = 6  # recent enough not to be late


def measure(server, size):
    """Rates of POSTs that were each answered with a redirect, as saving is."""
    people.loaded(size.members)
    call_command("collectstatic", interactive=False, verbosity=0)
    visits = _visits()
    figure = Figure("POST a visit : POST one row", connections=CLIENTS, target=TARGET)
    with gunicorn(server) as port:
        client = Client(port, signed_in(people.staff(StaffRole.Role.CLERK)))

        def row():
            return client.rate("/bench/line/", lambda: {"text": "x"}, size.seconds)

        def visit():
            return client.rate(reverse("visit_log"), lambda: next(visits), size.seconds)

        row(), visit()  # everything is loaded and connected
        return [paired(figure, row, visit, pairs=size.pairs)]


def _visits():
    """What a browser posts, each time another pair of people, so that nothing needs a look."""
    volunteers, elders = people.both_sides()
    random.shuffle(volunteers)
    today = timezone.localdate()
    for days in itertools.count():
        for volunteer, text in volunteers:
            elder, elder_text = random.choice(elders)
            if elder == volunteer:
                continue
            yield USUAL | {
                "key": str(uuid.uuid4()),
                "volunteer": text,
                "volunteer_for": text,
                "volunteer_key": volunteer,
                "elder": elder_text,
                "elder_for": elder_text,
                "elder_key": elder,
                "service_date": (today - timedelta(days=days % DAYS)).isoformat(),
            }


def signed_in(user):
    """Cookies of a session of `user`, as the sign-in page would have made it."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    cookies = {
        settings.SESSION_COOKIE_NAME: session.session_key,
        settings.CSRF_COOKIE_NAME: TOKEN,
    }
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


@contextlib.contextmanager
def gunicorn(server):
    """The project's web server as it is configured for production, with the bench's page beside."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.py"]
    environment = os.environ | {"PORT": str(port), "WEB_CONCURRENCY": "2"}
    with (server.place / "gunicorn.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=book.ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _wait_until_ready(port, process)
            yield port
        except RuntimeError:
            print((server.place / "gunicorn.log").read_text()[-4000:])
            raise
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_until_ready(port, process):
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), Connection(port) as connection:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        time.sleep(0.1)
    raise RuntimeError("gunicorn did not start")


class Connection(http.client.HTTPConnection):
    def __init__(self, port):
        super().__init__("127.0.0.1", port, timeout=30)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


class Client:
    """A few browsers that post as fast as they are answered, for a number of seconds."""

    def __init__(self, port, cookies):
        self.port = port
        self.headers = {
            "Cookie": cookies,
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": f"http://127.0.0.1:{port}",
        }

    def times(self, addresses):
        """Milliseconds of a GET of each address, one after the other; each has to be answered."""
        taken = []
        with Connection(self.port) as connection:
            for address in addresses:
                began = time.perf_counter()
                connection.request("GET", address, headers=self.headers)
                answer = connection.getresponse()
                text = answer.read()
                taken.append((time.perf_counter() - began) * 1000)
                if answer.status != http.HTTPStatus.OK:
                    raise RuntimeError(f"{address}: {answer.status}\n{text.decode()[:3000]}")
        return taken

    def rate(self, address, form, seconds):
        """POSTs a second to `address`; an answer that is no redirect ends the bench."""
        done, failures, lock = [], [], threading.Lock()
        began = time.perf_counter()

        def browse():
            count = 0
            with Connection(self.port) as connection:
                while time.perf_counter() - began < seconds and not failures:
                    with lock:
                        fields = form() | {"csrfmiddlewaretoken": TOKEN}
                    connection.request("POST", address, urlencode(fields), self.headers)
                    answer = connection.getresponse()
                    text = answer.read()
                    if answer.status != http.HTTPStatus.FOUND:
                        failures.append(f"{address}: {answer.status}\n{text.decode()[:3000]}")
                    count += 1
            done.append(count)

        threads = [threading.Thread(target=browse) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise RuntimeError(failures[0])
        return sum(done) / (time.perf_counter() - began)
