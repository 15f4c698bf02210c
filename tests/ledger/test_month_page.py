"""The grant of the month, for a community."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ledger import donations
from ledger.models import MovementRequest, Policy
from tests.factories import ElderFactory, StaffFactory, community

from .pages import ELSEWHERE, enter, errors, filled
from .people import by, hours

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client, member):
    client.about = member
    client.cookies["django_language"] = "en"
    return client


def test_it_shows_who_gets_what_and_what_it_does_to_the_pool(client, member, clerk):
    donations.give(member, minutes=500, **by(clerk))
    elder = ElderFactory()
    ElderFactory(living="with_children")
    enter(client, "clerk")

    context = client.get("/hours/month/").context

    assert context["elders"] == [elder]
    assert (context["total"], context["pool"], context["pool_after"]) == (240, 500, 260)


def test_it_is_asked_for_once_and_granted_once(client, member, approve):
    elder = ElderFactory()
    enter(client, "clerk")
    sent = filled()

    for _ in range(2):
        client.post("/hours/month/", sent)
    approve(MovementRequest.objects.get())

    assert hours(elder.member) == (0, 0, 240)
    assert client.get("/hours/month/").context["elders"] == []


def test_who_has_several_communities_chooses_one(client, member):
    client.force_login(StaffFactory(role="administrator", area=member.area.parent))

    page = client.get("/hours/month/").content.decode()

    assert f"?community={ELSEWHERE}" in page
    chosen = client.get("/hours/month/", {"community": ELSEWHERE})
    assert chosen.context["community"] == community(ELSEWHERE)


@pytest.mark.parametrize("code", [ELSEWHERE, "x", "\0", "530111001000"])
def test_another_community_is_not_there(client, code):
    enter(client, "clerk")

    assert client.get("/hours/month/", {"community": code}).status_code == 404


@pytest.mark.parametrize("role", ["auditor", "member"])
def test_who_may_not_ask_gets_no_page(client, role):
    enter(client, role)

    assert client.get("/hours/month/").status_code == 403
    assert client.post("/hours/month/", filled()).status_code == 403


@pytest.mark.parametrize("key", ["", "x", "\0"])
def test_a_broken_key_is_answered_in_words(client, key):
    ElderFactory()
    enter(client, "clerk")

    answer = client.post("/hours/month/", {"key": key})

    assert errors(answer, "key")
    assert not MovementRequest.objects.exists()


def test_without_a_grant_in_the_rules_it_says_so(client):
    ElderFactory()
    Policy.objects.create(effective_from="2020-01-01", grant_minutes=0)
    enter(client, "clerk")

    answer = client.post("/hours/month/", filled())

    assert "The rules in force grant nothing." in answer.content.decode()


def test_it_runs_as_many_queries_for_three_elders_as_for_one(client):
    ElderFactory()
    enter(client, "clerk")
    with CaptureQueriesContext(connection) as few:
        client.get("/hours/month/")
    ElderFactory()
    ElderFactory()

    with CaptureQueriesContext(connection) as more:
        assert len(client.get("/hours/month/").context["elders"]) == 3

    assert len(more) == len(few)
