"""A throw-away PostgreSQL for the whole run, a database a worker, connected to as the web role."""

import os
import shutil
import tempfile
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone, translation
from django_otp import DEVICE_ID_SESSION_KEY

from tests import other_server
from tests.cleaning import Cleaner
from timebank import database

# For this process and for those that tests start; 32 times the same byte.
os.environ["ENCRYPTION_KEYS"] = "1:ERERERERERERERERERERERERERERERERERERERERERE="
os.environ["INDEX_KEYS"] = "1:IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI="
# Pages link to static files by their plain names: nobody collects them before tests.
settings.STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}
settings.CHECKPOINT_KEY = (  # the seed is the bytes 0 to 31
    "PRIVATE+KEY+test.timebank+10ea97a7+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
)
settings.WHITENOISE_AUTOREFRESH = settings.WHITENOISE_USE_FINDERS = True
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
SPEED = "fsync=off full_page_writes=off max_connections=200"


@pytest.fixture(autouse=True)
def _signed_in_wholly(request, monkeypatch):
    """`force_login` stands for a whole sign-in, with the second factor just shown.

    The only place where that is so; tests of the sign-in itself are marked `real_sign_in`.
    """
    if request.node.get_closest_marker("real_sign_in"):
        return
    login = Client._login

    def login_wholly(client, user, backend=None):
        login(client, user, backend)
        session = client.session
        session[DEVICE_ID_SESSION_KEY] = "a test's"
        session["seen"] = session["since"] = int(time.time())
        session.save()

    monkeypatch.setattr(Client, "_login", login_wholly)


@pytest.fixture
def delivered(capsys):
    """Deliver what waits, as the worker does; what the console shows of it."""

    from members import notices
    from members.models import Notice

    def delivered(at=None):
        capsys.readouterr()
        for pk in (
            Notice.objects.filter(state="waiting").order_by("pk").values_list("pk", flat=True)
        ):
            notices.deliver(pk, at=at or timezone.now())
        return capsys.readouterr().out

    return delivered


@pytest.fixture(autouse=True)
def _speaks_as_before():
    """A request leaves its language active in this thread; the next test begins without it."""
    yield
    translation.deactivate()


def pytest_configure(config):
    """Start the server once, in the process that starts the workers; they inherit its address."""
    other_server.use(os.environ.get("TIMEBANK_TEST_POSTGRES"))
    if hasattr(config, "workerinput"):
        return
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    place = Path(tempfile.mkdtemp(prefix="timebank-test-", dir=memory))
    os.environ.pop("DATABASE_URL", None)
    os.environ["TIMEBANK_VAR"] = str(place)
    database.start(place / "postgres", "timebank", SPEED)
    config.add_cleanup(lambda: (database.stop(place / "postgres"), shutil.rmtree(place)))


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker, worker_id):
    """Migrate a database of this worker's as its owner; tests then connect as the web role."""
    from django.core.management import call_command
    from django.db import connections
    from django.test import TransactionTestCase

    name = f"test_{worker_id}"
    database.create(os.environ["TIMEBANK_SOCKET"], name)
    for alias in ("default", "owner"):
        connections[alias].settings_dict |= {
            "NAME": name,
            "HOST": os.environ["TIMEBANK_SOCKET"],
            "OPTIONS": {},
        }
    with django_db_blocker.unblock():
        call_command("migrate", verbosity=0)
    cleaner = Cleaner(database.superuser(os.environ["TIMEBANK_SOCKET"], name))
    TransactionTestCase._fixture_teardown = lambda test: cleaner.clean()
