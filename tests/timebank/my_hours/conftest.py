import datetime
import re
import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import MemberFactory, StaffFactory, UserFactory
from tests.ledger.people import credit

PHONE = "13808712345"
TOMORROW = timezone.localdate() + datetime.timedelta(days=1)


@pytest.fixture
def member(db):
    """A volunteer of 66 with ten earned hours, and an account."""
    one = MemberFactory(
        name="高桂峰", volunteer={}, birth_date=datetime.date(1960, 5, 1), phone=PHONE
    )
    credit(one, 600)
    UserFactory(member=one)
    return one


@pytest.fixture
def relative(member):
    return MemberFactory(name="高老太", birth_date=datetime.date(1936, 5, 1), phone="13987654321")


@pytest.fixture
def checker(db):
    return StaffFactory(role="checker")


@pytest.fixture
def clerk(db):
    return StaffFactory()


@pytest.fixture
def signed_in(client, member):
    client.force_login(member.user)
    client.cookies["django_language"] = "en"
    return client


def typed(kind, **changes):
    """What a member types for a donation, a gift or a redemption of two hours."""
    told = {"key": str(uuid.uuid4()), "minutes": "2"}
    if kind == "gift":
        told |= {"name": "高老太", "phone": "4321", "relation": "parent", "proof": "户口本"}
    if kind == "redeem":
        told |= {"on": TOMORROW.isoformat()}
    return told | changes


@pytest.fixture
def ask(signed_in):
    """Fill in the form; the answer."""

    def ask(kind, **changes):
        return signed_in.post(reverse(f"my_hours_{kind}"), typed(kind, **changes))

    return ask


@pytest.fixture
def code(signed_in, delivered):
    """Have a code sent for what was asked, and read it off the console."""

    def code(place=0):
        answer = signed_in.post(reverse("my_hours_confirm"), {"phone": place})
        assert answer.status_code == 302, answer.content.decode()
        return re.search(r"\b\d{6}\b", delivered())[0]

    return code


@pytest.fixture
def enter(signed_in):
    return lambda typed: signed_in.post(reverse("my_hours_code"), {"code": typed})


@pytest.fixture
def do(ask, code, enter):
    """The whole way from the form to the request; the last answer."""

    def do(kind, **changes):
        assert ask(kind, **changes).url == reverse("my_hours_confirm")
        return enter(code())

    return do


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06}"
