"""Finding a member's hours, and what stands on their page."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ledger import closures, donations, gifts, grants, openings, redemptions
from tests.factories import ElderFactory, MemberFactory

from .pages import address, enter
from .people import by, credit

pytestmark = pytest.mark.django_db
STAFF = ["clerk", "checker", "coordinator", "administrator", "auditor"]


@pytest.fixture
def client(client, member):
    client.about = member
    client.cookies["django_language"] = "en"
    return client


def page(client, member):
    return client.get(address("hours_member", member))


@pytest.mark.parametrize("role", STAFF)
def test_every_role_finds_a_member_and_reads_their_hours(client, member, role):
    enter(client, role)

    found = client.get("/hours/", {"q": member.number})
    shown = page(client, member)

    assert found.context["people"] == [member]
    assert address("hours_member", member) in found.content.decode()
    assert "10 h" in shown.content.decode()


def test_outside_the_area_there_is_nobody(client, member):
    enter(client, "outside")

    assert client.get("/hours/", {"q": member.number}).context["people"] == []
    assert page(client, member).status_code == 404


@pytest.mark.parametrize("route", ["/hours/", "/hours/requests/", "/hours/month/"])
def test_members_and_strangers_do_not_get_in(client, member, route):
    assert client.get(route).status_code == 302
    assert page(client, member).status_code == 302

    enter(client, "member")

    assert client.get(route).status_code == 403
    assert page(client, member).status_code == 403


@pytest.mark.parametrize("text", ["", " ", "没有这个人", "%", "\0", "9" * 400])
def test_what_finds_nobody_is_answered(client, text):
    enter(client, "clerk")

    answer = client.get("/hours/", {"q": text})

    assert answer.status_code == 200
    assert answer.context["people"] == []
    is_searched = text in ("没有这个人", "%")  # not for nothing, nor for more than the field takes
    assert ("Nobody is found" in answer.content.decode()) == is_searched


def test_nobody_is_missing_before_one_has_looked(client):
    enter(client, "clerk")

    before, after = (client.get("/hours/", asked).text for asked in ({}, {"q": "没有这个人"}))

    assert "Nobody is found" not in before
    assert "Nobody is found" in after


def test_hours_stand_there_by_their_source(client, member, clerk, approve, today):
    giver = MemberFactory()
    credit(giver, 300)
    approve(gifts.ask(giver, to=member, minutes=60, relation="child", proof="x", **by(clerk)))
    approve(grants.ask(member, minutes=180, expires_on=today, reason="ill", **by(clerk)))
    approve(redemptions.ask(member, minutes=30, on=today, **by(clerk)))
    enter(client, "clerk")

    has = page(client, member).context["has"]

    assert (has.earned, has.gifted, has.granted, has.held) == (600, 60, 150, 30)


@pytest.mark.parametrize(
    ("role", "starts", "freezes"),
    [
        ("clerk", True, False),
        ("checker", True, True),
        ("coordinator", True, True),
        ("administrator", True, True),
        ("auditor", False, False),
    ],
)
def test_there_is_a_button_for_what_the_user_may_start(client, member, role, starts, freezes):
    enter(client, role)

    html = page(client, member).content.decode()

    for act in ("donate", "gift", "redeem", "opening", "move"):
        assert (address(f"hours_{act}", member) in html) is starts
    assert (address("hours_freeze", member) in html) is freezes
    assert address("hours_close", member) not in html
    assert address("hours_grant", member) not in html


def test_an_elder_can_be_granted_hours_and_who_has_none_gives_none(client):
    elder = ElderFactory().member
    enter(client, "clerk")

    html = page(client, elder).content.decode()

    assert address("hours_grant", elder) in html
    assert address("hours_opening", elder) in html
    assert address("hours_donate", elder) not in html
    assert address("hours_freeze", elder) not in html


def test_a_frozen_account_says_so_and_can_only_be_closed_or_opened(client, member, checker):
    closures.freeze(member, by=checker, at=timezone.now())
    enter(client, "checker")

    html = page(client, member).content.decode()

    assert "frozen since" in html
    assert address("hours_close", member) in html
    assert address("hours_thaw", member) in html
    assert address("hours_donate", member) not in html


def test_a_checker_freezes_and_opens_an_account_twice_without_harm(client, member):
    enter(client, "checker")

    for _ in range(2):
        client.post(address("hours_freeze", member))
    assert page(client, member).context["has"].frozen
    for _ in range(2):
        answer = client.post(address("hours_thaw", member))

    assert answer.url == address("hours_member", member)
    assert not page(client, member).context["has"].frozen


@pytest.mark.parametrize("act", ["hours_freeze", "hours_thaw"])
@pytest.mark.parametrize(
    ("role", "status"), [("clerk", 403), ("auditor", 403), ("member", 403), ("outside", 404)]
)
def test_who_may_not_freezes_nothing(client, member, act, role, status):
    enter(client, role)

    assert client.post(address(act, member)).status_code == status
    assert closures.frozen_since(member) is None


def test_who_has_no_account_cannot_be_frozen_and_reads_why(client):
    enter(client, "checker")

    answer = client.post(address("hours_freeze", MemberFactory()), follow=True)

    assert [str(message) for message in answer.context["messages"]] == ["There is no account yet."]


@pytest.mark.parametrize("act", ["hours_freeze", "hours_thaw"])
def test_nothing_freezes_by_a_link(client, member, act):
    enter(client, "checker")

    assert client.get(address(act, member)).status_code == 405


def test_a_line_leads_to_its_booking_and_says_whether_it_can_be_reversed(client, member, clerk):
    donations.give(member, minutes=20, **by(clerk))
    enter(client, "clerk")

    lines = page(client, member).context["lines"]

    assert [(line["entry"].amount, line["is_reversible"]) for line in lines] == [
        (-20, True),
        (600, False),
    ]


def test_requests_of_theirs_stand_there_also_what_is_to_come_to_them(
    client, member, relative, clerk
):
    kin = {"to": relative, "relation": "parent", "proof": "x"}
    asked = gifts.ask(member, minutes=60, **kin, **by(clerk))
    enter(client, "clerk")

    for one in (member, relative):
        assert address("hours_request", asked) in page(client, one).content.decode()


def test_the_page_runs_as_many_queries_for_three_rows_as_for_one(client, member, clerk, today):
    enter(client, "checker")

    def add():
        donations.give(member, minutes=1, **by(clerk))
        openings.ask(member, minutes=5, on=today, evidence="x", **by(clerk))

    add()
    with CaptureQueriesContext(connection) as few:
        page(client, member)
    add()
    add()

    with CaptureQueriesContext(connection) as more:
        page(client, member)

    assert len(more) == len(few)


def test_finding_runs_as_many_queries_for_three_people_as_for_one(client):
    enter(client, "clerk")
    MemberFactory(name="赵一", phone="13800000001")
    with CaptureQueriesContext(connection) as few:
        client.get("/hours/", {"q": "赵"})
    MemberFactory(name="赵二")
    MemberFactory(name="赵三", phone="13800000003")

    with CaptureQueriesContext(connection) as more:
        assert len(client.get("/hours/", {"q": "赵"}).context["people"]) == 3

    assert len(more) == len(few)


def test_the_menu_counts_what_waits(client, member, clerk, today):
    openings.ask(member, minutes=5, on=today, evidence="x", **by(clerk))
    enter(client, "checker")

    answer = client.get("/")

    assert [item["count"] for item in answer.context["nav"] if item["url"] == "/inbox/"] == [1]
