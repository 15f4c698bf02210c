import datetime
import os
import time
import uuid
from types import SimpleNamespace

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from ledger import accounts, approvals, seals, transfers
from ledger.models import TransferKind
from members.models import Area
from tests.factories import MemberFactory, StaffFactory

from .people import credit

DAY = datetime.date(2026, 11, 2)
CLERK, CHECKER = 7, 8


@pytest.fixture
def community(db):
    return Area.objects.get(code="530111001001")


@pytest.fixture
def book(community):
    """A community's book with three members' accounts: wang, li and zhang."""
    holders = [uuid.uuid4() for _ in range(3)]
    numbers = accounts.open_for(community, holders)
    names = zip(("wang", "li", "zhang"), (numbers[h] for h in holders), strict=True)
    return SimpleNamespace(id=community.pk, **dict(names))


@pytest.fixture
def earn(book):
    """Post minutes from issuance to an account of the book."""

    def post(account, minutes=60, *, key=None, on=DAY):
        leg = transfers.Leg(TransferKind.EARN, accounts.ISSUANCE, account, minutes)
        return transfers.post(book.id, key or uuid.uuid4(), leg, effective_on=on, by=CLERK)

    return post


@pytest.fixture
def seal(db):
    """Seal all that was committed, once the transactions of tests beside this one have ended."""

    def drain():
        until = time.monotonic() + 30
        while time.monotonic() < until:
            seals.seal()
            if seals.oldest_unsealed() is None:
                return
            time.sleep(0.02)
        raise AssertionError("there is a transaction that does not end")

    return drain


def address(user):
    name = connection.settings_dict["NAME"]
    return f"host={os.environ['TIMEBANK_SOCKET']} user={user} dbname={name}"


@pytest.fixture
def connect():
    """Open further connections as a role of the database; they are closed after the test."""
    opened = []

    def open_one(user="timebank_web", **options):
        opened.append(psycopg.connect(address(user), **options))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def tamper():
    """Run statements behind the application's back: as superuser, with every trigger off."""

    def run(sql, *parameters):
        with psycopg.connect(address("postgres")) as superuser:
            superuser.execute("SET session_replication_role = replica")
            guards = superuser.execute(
                "SELECT quote_ident(tgname), tgrelid::regclass::text FROM pg_trigger"
                " WHERE tgenabled = 'A'"
            ).fetchall()
            for name, table in guards:
                superuser.execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
            superuser.execute(sql, parameters)
            for name, table in guards:
                superuser.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")

    return run


@pytest.fixture
def today():
    return timezone.localdate()


@pytest.fixture
def clerk(db):
    return StaffFactory(role="clerk")


@pytest.fixture
def checker(db):
    return StaffFactory(role="checker")


@pytest.fixture
def member(db):
    """A member of 66 with ten hours that they earned."""
    one = MemberFactory(volunteer={}, birth_date=datetime.date(1960, 5, 1))
    credit(one, 600)
    return one


@pytest.fixture
def relative(db):
    return MemberFactory(birth_date=datetime.date(1940, 5, 1))


@pytest.fixture
def approve(checker):
    def run(request, *, by=checker, at=None):
        return approvals.approve(request, by=by, at=at or timezone.now())

    return run
