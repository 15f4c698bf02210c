"""Who looks at a visit that waits sees who may confirm it in the elder's name."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from members import agents
from services import visits
from tests.factories import VisitFactory
from tests.timebank.acting.conftest import TOMORROW

WORDS = "May confirm in the elder's name"


@pytest.fixture
def visit(elder):
    return VisitFactory(elder=elder)


@pytest.fixture
def opened(client, checker):
    client.force_login(checker)
    client.cookies["django_language"] = "en"

    def opened(visit, where="inbox"):
        arguments = [visit.key] if where == "visit_detail" else []
        text = client.get(reverse(where, args=arguments)).content.decode()
        return WORDS in text and "李小妹" in text

    return opened


@pytest.mark.parametrize("where", ["inbox", "visit_detail"])
def test_the_agent_is_named_beside_a_visit_that_waits(visit, appoint, opened, where):
    assert not opened(visit, where)

    appoint("confirm")

    assert opened(visit, where)


@pytest.mark.parametrize("scopes", [["see"], ["ask"], ["see", "ask"]])
def test_who_may_do_other_things_is_not_named(visit, appoint, opened, scopes):
    appoint(*scopes)

    assert not opened(visit)


def test_nor_is_who_acts_no_longer_or_not_yet(visit, appoint, opened, clerk):
    agents.revoke(appoint("confirm"), by=clerk, at=timezone.now())
    appoint("confirm", since=TOMORROW)

    assert not opened(visit)


def test_nobody_confirms_their_own_visit(elder, daughter, appoint, opened):
    appoint("confirm")

    assert not opened(VisitFactory(elder=elder, volunteer=daughter.member))


def test_of_a_visit_that_does_not_wait_nobody_is_named(visit, appoint, opened, checker):
    appoint("confirm")

    visits.approve(visit, by=checker, at=timezone.now())

    assert not opened(visit, "visit_detail")


def test_it_is_one_query_for_many_visits(elder, appoint):
    appoint("confirm")
    found = [VisitFactory(elder=elder), VisitFactory(elder=elder), VisitFactory()]

    with CaptureQueriesContext(connection) as queries:
        called = visits.whom_to_call(found, at=timezone.now())

    assert len(queries) == 1
    assert [len(called[visit.pk]) for visit in found] == [1, 1, 0]
