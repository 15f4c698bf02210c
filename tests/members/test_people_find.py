import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.asserts import assertContains, assertNotContains

from tests.factories import MemberFactory, StaffFactory, UserFactory, VolunteerFactory, community

pytestmark = pytest.mark.django_db
ADDRESS = "/people/"


@pytest.fixture
def clerk(client):
    user = StaffFactory(role="clerk")
    client.force_login(user)
    return user


def test_namesakes_are_told_apart(client, clerk):
    VolunteerFactory(member__name="王秀英", member__phone="13812345678")
    MemberFactory(
        name="王秀英", birth_date=datetime.date(1948, 3, 2), address="关上小区3幢", elder={}
    )

    answer = client.get(ADDRESS, {"q": "wxy"}, headers={"accept-language": "en"})

    assertContains(answer, "phone …5678")
    assertContains(answer, "born 1948 · 关上小区3幢")
    assert [member.name for member, _what in answer.context["found"]] == ["王秀英"] * 2


def test_people_of_other_communities_are_not_found(client, clerk):
    MemberFactory(name="王秀英", area=community("530111001002"))

    answer = client.get(ADDRESS, {"q": "王秀英"})

    assert answer.context["found"] == []
    assertContains(answer, "empty-title")


def test_nothing_is_searched_before_somebody_asks(client, clerk):
    assertNotContains(client.get(ADDRESS), "empty-title")


def test_an_empty_question_is_answered_at_the_field(client, clerk):
    assert client.get(ADDRESS, {"q": ""}).context["form"].errors["q"]


@pytest.mark.parametrize("text", ["\0", "王" * 300, "%", "'"])
def test_odd_questions_find_nobody(client, clerk, text):
    assert client.get(ADDRESS, {"q": text}).context["found"] == []


def test_the_page_is_for_staff(client):
    client.force_login(UserFactory(member=MemberFactory()))

    assert client.get(ADDRESS).status_code == 403


def test_as_many_queries_for_three_as_for_one(client, clerk):
    counts = []
    for more in (1, 2):
        for _ in range(more):
            VolunteerFactory(member__name="王秀英", member__phone="13812345678")
        with CaptureQueriesContext(connection) as asked:
            client.get(ADDRESS, {"q": "wxy"})
        counts.append(len(asked))

    assert counts[0] == counts[1]
