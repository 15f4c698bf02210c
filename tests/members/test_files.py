"""A member's file: who sees it, its head and tabs, and what htmx gets of it."""

import re
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.asserts import assertContains, assertNotContains

from tests.factories import (
    ElderFactory,
    MemberFactory,
    StaffFactory,
    UserFactory,
    VisitFactory,
    VolunteerFactory,
    community,
)
from timebank import file_tabs

pytestmark = pytest.mark.django_db
PART = {"HX-Request": "true"}


@pytest.fixture
def member():
    return VolunteerFactory(
        member__name="王秀英",
        member__phone="13812345678",
        member__id_number="530111196005010021",
    ).member


def enter(client, role="clerk", **area):
    user = StaffFactory(role=role, **area)
    client.force_login(user)
    return user


def tabs(member):
    return [f"/people/{member.key}/", f"/people/{member.key}/visits/", f"/hours/{member.key}/"]


@pytest.mark.parametrize("role", ["clerk", "checker", "coordinator", "administrator", "auditor"])
def test_staff_of_the_area_see_every_tab(client, member, role):
    enter(client, role)

    for address in tabs(member):
        answer = client.get(address)
        assertContains(answer, '<h1><span class="name">王秀英</span></h1>', html=True)
        assert answer.headers["Cache-Control"] == "no-store"
        current = re.search(r'href="([^"]+)"[^>]*aria-current="page">\s*[^<\s]', tabs_of(answer))
        assert current[1] == address


def tabs_of(answer):
    return re.search(r'<nav class="tabs".*?</nav>', answer.content.decode(), re.DOTALL)[0]


def test_nobody_else_sees_them(client, member):
    for user in (
        StaffFactory(role="administrator", area=community("530111001002")),
        StaffFactory(role="auditor", area=community("530111001002")),
    ):
        client.force_login(user)
        assert [client.get(address).status_code for address in tabs(member)] == [404] * 3
    client.force_login(UserFactory(member=member))
    assert [client.get(address).status_code for address in tabs(member)] == [403] * 3


def test_a_file_that_does_not_exist_is_not_found(client):
    enter(client)

    assert client.get(f"/people/{uuid.uuid4()}/").status_code == 404


def test_the_head_tells_who_it_is_and_masks_the_phone(client, member):
    enter(client)

    answer = client.get(tabs(member)[0], headers={"accept-language": "en"})

    assertContains(answer, "138****5678")
    assertContains(answer, "5301**********0021")
    assertContains(answer, member.number)
    assertNotContains(answer, "13812345678")
    assertNotContains(answer, "530111196005010021")


def test_htmx_gets_the_file_and_not_the_page(client, member):
    enter(client)

    for address in tabs(member):
        part = client.get(address, headers=PART)
        assertContains(part, '<div id="file">')
        assertNotContains(part, "<html")
        assertNotContains(part, 'class="top"')
        assert "HX-Request" in part.headers["Vary"]


def test_going_back_gets_the_whole_page(client, member):
    enter(client)

    answer = client.get(tabs(member)[0], headers=PART | {"HX-History-Restore-Request": "true"})

    assertContains(answer, "<html")


def test_a_tab_is_shown_to_those_it_is_for(client, member, monkeypatch):
    enter(client)
    secret = file_tabs.Tab("Secret", "person", lambda user, member: user.has_role("auditor"))
    monkeypatch.setattr(file_tabs, "TABS", [*file_tabs.TABS, secret])

    assertNotContains(client.get(tabs(member)[0]), "Secret")
    enter(client, "auditor")
    assertContains(client.get(tabs(member)[0]), "Secret")


def test_the_visits_of_both_sides_are_shown(client, member):
    enter(client)
    elder = ElderFactory(member__name="李建国").member
    VisitFactory(volunteer=member, elder=elder)
    VisitFactory()

    for one in (member, elder):
        rows = client.get(f"/people/{one.key}/visits/").context["page"].object_list
        assert [(visit.volunteer, visit.elder) for visit in rows] == [(member, elder)]


def test_as_many_queries_for_three_visits_as_for_one(client, member):
    enter(client)
    counts = []
    for more in (1, 2):
        for _ in range(more):
            VisitFactory(volunteer=member)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            client.get(f"/people/{member.key}/visits/")
        counts.append(len(asked))

    assert counts[0] == counts[1]


def test_somebody_without_phone_birth_date_or_sides_has_a_file(client):
    enter(client)
    bare = MemberFactory(name="李", birth_date=None, sex="")

    for address in tabs(bare):
        assert client.get(address).status_code == 200
