"""Looking people up for the boxes in which they are typed."""

import datetime

import pytest

from tests.factories import (
    ElderFactory,
    StaffFactory,
    UserFactory,
    VisitFactory,
    VolunteerFactory,
    community,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def checker(client):
    checker = StaffFactory(role="checker")
    client.force_login(checker)
    return checker


ADDRESS = "/people/search/"


def names(client, **asked):
    page = client.get(ADDRESS, asked)
    return [person.name for person in page.context["people"]]


def test_it_finds_by_initials_on_the_side_that_is_asked_for(client):
    VolunteerFactory(member__name="王秀英")
    ElderFactory(member__name="王小月")

    assert names(client, q="wx", side="volunteer") == ["王秀英"]
    assert names(client, q="wx", side="elder") == ["王小月"]


def test_an_empty_box_offers_the_volunteers_last_elders(client):
    visit = VisitFactory(elder=ElderFactory(member__name="李建国").member)
    VisitFactory(
        volunteer=visit.volunteer,
        elder=ElderFactory(member__name="赵玉德").member,
        service_date=visit.service_date - datetime.timedelta(days=1),
    )
    ElderFactory()

    found = names(client, q="", side="elder", **{"for": visit.volunteer.key})

    assert found == ["李建国", "赵玉德"]


def test_the_last_partner_comes_before_others_who_fit(client):
    ElderFactory(member__name="李安")
    visit = VisitFactory(elder=ElderFactory(member__name="李建国").member)

    found = names(client, q="l", side="elder", **{"for": visit.volunteer.key})

    assert found == ["李建国", "李安"]


def test_an_empty_box_offers_the_volunteers_entered_last(client, checker):
    VisitFactory(volunteer=VolunteerFactory(member__name="王秀英").member, entered_by=checker)

    assert names(client, q="", side="volunteer") == ["王秀英"]


def test_people_of_other_communities_are_not_found(client):
    far = community("530111001002")
    VolunteerFactory(member__name="王秀英", member__area=far)

    assert names(client, q="wxy", side="volunteer") == []


@pytest.mark.parametrize(
    "asked",
    [
        {"q": "\0"},
        {"q": "王" * 3000},
        {"q": "'; DROP TABLE members_member; --"},
        {"q": "%_\\"},
        {"q": "\u202e🙂"},
        {"q": "w", "side": "both"},
        {"q": "", "side": "elder", "for": "nonsense"},
        {},
    ],
)
def test_whatever_is_typed_is_answered(client, asked):
    assert client.get(ADDRESS, asked).status_code == 200


def test_a_name_never_becomes_markup(client):
    VolunteerFactory(member__name="<b>x</b>")

    page = client.get(ADDRESS, {"q": "b", "side": "volunteer"}).content.decode()

    assert "<b>" not in page


def test_a_member_may_not_search(client):
    client.force_login(UserFactory(member=VolunteerFactory().member))

    assert client.get(ADDRESS, {"q": "w"}).status_code == 403
