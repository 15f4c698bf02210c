import datetime
import re
import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from members import agents, joining
from tests.factories import ElderFactory, MemberFactory, StaffFactory, UserFactory
from tests.ledger.people import credit

PHONE = "13808712345"
TODAY = timezone.localdate()
TOMORROW = TODAY + datetime.timedelta(days=1)
# What stands in the elder's file, and nowhere on a page of the agent.
ID_NUMBER, OWN_PHONE, ADDRESS, NOTE = "11010519491231002X", "13987654321", "日新里3幢", "怕狗"


@pytest.fixture
def elder(db):
    """An elder of 86 with ten hours and a whole file."""
    one = ElderFactory(member__name="李建国", capability="disabled").member
    told = {"id_number": ID_NUMBER, "address": ADDRESS, "note": NOTE, "phones": [OWN_PHONE]}
    joining.amend(one, by=None, at=timezone.now(), **told)
    credit(one, 600)
    return one


@pytest.fixture
def daughter(db):
    one = MemberFactory(name="李小妹", birth_date=datetime.date(1970, 5, 1), phone=PHONE)
    return UserFactory(member=one)


@pytest.fixture
def clerk(db):
    return StaffFactory(role="clerk")


@pytest.fixture
def checker(db):
    return StaffFactory(role="checker")


@pytest.fixture
def appoint(elder, daughter, clerk):
    def appoint(*scopes, member=elder, since=TODAY, until=None):
        told = {"scopes": scopes, "since": since, "until": until, "how": "spoken", "witness": "王"}
        told |= {"by": clerk, "at": timezone.now(), "key": uuid.uuid4()}
        return agents.appoint(member, agent=daughter.member, **told)

    return appoint


@pytest.fixture
def signed_in(client, daughter):
    client.force_login(daughter)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def read(signed_in):
    """The words of a page, each run of white space as one space."""

    def read(name, *args):
        answer = signed_in.get(reverse(name, args=args))
        assert answer.status_code == 200
        main = re.search(r"<main.*</main>", answer.content.decode(), re.DOTALL)[0]
        return " ".join(re.sub(r"<[^>]+>", " ", main).split())

    return read


def typed(**changes):
    return {"key": str(uuid.uuid4()), "minutes": "2", "on": TOMORROW.isoformat()} | changes


@pytest.fixture
def ask(signed_in, elder):
    def ask(**changes):
        return signed_in.post(reverse("acting_ask", args=[elder.key]), typed(**changes))

    return ask


@pytest.fixture
def code(signed_in, delivered):
    def code():
        answer = signed_in.post(reverse("my_hours_confirm"), {"phone": "0"})
        assert answer.status_code == 302, answer.content.decode()
        return re.search(r"\b\d{6}\b", delivered())[0]

    return code


@pytest.fixture
def enter(signed_in):
    return lambda typed: signed_in.post(reverse("my_hours_code"), {"code": typed})


@pytest.fixture
def do(ask, code, enter):
    """The whole way from the form to the request; the last answer."""

    def do(**changes):
        assert ask(**changes).url == reverse("my_hours_confirm")
        return enter(code())

    return do
