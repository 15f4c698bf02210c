"""What an agent sees of the elder for whom they act, and who sees that they looked."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from members import agents, consents
from members.models import Look, Member
from tests.factories import ElderFactory, MemberFactory, UserFactory, VisitFactory, VolunteerFactory

from .conftest import ADDRESS, ID_NUMBER, NOTE, OWN_PHONE, TODAY, TOMORROW

pytestmark = pytest.mark.django_db
ALL = ("confirm", "ask", "see")
PAGES = ["acting_for", "acting_ask"]
YESTERDAY = TODAY - datetime.timedelta(days=1)


def status(client, elder, name="acting_for"):
    return client.get(reverse(name, args=[elder.key])).status_code


def a_visit(elder, **changes):
    return VisitFactory(elder=elder, volunteer=volunteer("王秀英"), note=NOTE, **changes)


def volunteer(name):
    return VolunteerFactory(member__name=name).member


def test_my_time_lists_for_whom_one_acts_and_what_one_may(read, signed_in, elder, appoint):
    assert "I act for" not in read("my_time")
    appoint("ask", "see")

    words = read("my_time")

    assert "I act for 李建国 ask for help · see the account" in words
    page = signed_in.get(reverse("my_time")).content.decode()
    assert f'href="{reverse("acting_for", args=[elder.key])}"' in page


def test_who_may_see_reads_the_account_like_a_passbook(read, elder, appoint):
    appoint("see")

    words = read("acting_for", elder.key)

    assert "Acting for 李建国 You may: see the account" in words
    assert "Available 10 h as of" in words
    assert "+10 h in balance 10 h" in words
    assert "Ask for help" not in words
    assert "Latest visits" not in words


def test_who_may_ask_and_not_see_is_shown_no_hours(read, elder, appoint):
    appoint("ask")

    for name in PAGES:
        words = read(name, elder.key)
        assert "Ask for help" in words
        assert "Available" not in words
        assert "10 h" not in words


def test_who_may_confirm_reads_the_visits_that_wait_or_were_recorded(read, elder, appoint):
    a_visit(elder, served_minutes=60)
    a_visit(elder, state="confirmed", confirmed_at=timezone.now(), service_date=YESTERDAY)
    returned = {"returned_by": VisitFactory().entered_by, "returned_at": timezone.now()}
    a_visit(elder, state="returned", return_reason="x", **returned)
    appoint("confirm")

    words = read("acting_for", elder.key)

    assert words.count("Companionship 王*英 1 h") == 2
    assert "1 h waiting for a second person" in words
    assert "1 h confirmed" in words
    assert "The staff may call you to confirm a visit." in words
    assert "Available" not in words


def test_nothing_of_the_file_is_shown_and_nobodys_whole_name(read, elder, appoint):
    a_visit(elder)
    appoint(*ALL)

    seen = " ".join([read("my_time"), *(read(name, elder.key) for name in PAGES)])

    for secret in (ID_NUMBER, OWN_PHONE, "4321", ADDRESS, NOTE, "disabled", elder.number, "王秀英"):
        assert secret not in seen


@pytest.mark.parametrize("name", PAGES)
def test_strangers_the_elder_and_agents_of_others_find_no_page(
    client, daughter, elder, appoint, name
):
    appoint(*ALL)
    other = ElderFactory().member

    for user, whose in (
        (UserFactory(member=MemberFactory()), elder),
        (UserFactory(member=elder), elder),
        (daughter, other),
    ):
        client.force_login(user)
        assert status(client, whose, name) == 404
    assert not Look.objects.exists()


@pytest.mark.parametrize("name", PAGES)
def test_who_acts_no_longer_finds_no_page_in_the_very_next_request(
    signed_in, elder, clerk, appoint, name
):
    agency = appoint(*ALL)
    assert status(signed_in, elder, name) == 200

    consents.withdraw(elder, "agent", how="call", by=clerk, at=timezone.now())
    assert status(signed_in, elder, name) == 404
    consents.give(elder, "agent", how="call", by=clerk, at=timezone.now())
    assert status(signed_in, elder, name) == 200
    agents.revoke(agency, by=clerk, at=timezone.now())
    assert status(signed_in, elder, name) == 404


@pytest.mark.parametrize(
    "days", [{"since": TOMORROW}, {"since": YESTERDAY, "until": YESTERDAY}], ids=["not yet", "over"]
)
def test_out_of_its_days_an_agency_opens_nothing(signed_in, elder, appoint, read, days):
    appoint(*ALL, **days)

    assert status(signed_in, elder) == 404
    assert "I act for" not in read("my_time")


def test_of_who_asked_to_be_erased_nothing_is_shown(signed_in, elder, appoint):
    appoint(*ALL)
    Member.objects.filter(pk=elder.pk).update(standing="restricted")

    assert status(signed_in, elder) == 404


@pytest.mark.parametrize("scopes", [["see"], ["confirm"]])
def test_who_may_not_ask_finds_no_form(signed_in, elder, appoint, scopes):
    appoint(*scopes)

    assert status(signed_in, elder, "acting_ask") == 404
    assert status(signed_in, elder) == 200


def test_staff_and_whoever_has_not_signed_in_are_led_away(client, elder, clerk):
    address = reverse("acting_for", args=[elder.key])

    assert client.get(address).url == f"{reverse('sign_in')}?next={address}"
    client.force_login(clerk)
    assert client.get(address).url == reverse("home")


def test_each_look_of_an_agent_stands_in_the_elders_file(
    signed_in, elder, daughter, clerk, appoint, client
):
    appoint(*ALL)
    status(signed_in, elder)
    status(signed_in, elder, "acting_ask")

    first, second = Look.objects.order_by("pk")
    assert (first.member, first.user, first.area) == (elder, daughter, elder.area)
    assert (first.fields, first.purpose, first.page) == (
        ["account", "visits"],
        "agent",
        "acting_for",
    )
    assert (second.fields, second.page) == (["account"], "acting_ask")
    client.force_login(clerk)
    file = client.get(reverse("person_looks", args=[elder.key])).content.decode()
    assert "李小妹" in file
    assert "hours on the account, visits received" in file
    assert "acting in the person&#x27;s name" in file


def test_who_saw_nothing_leaves_no_look(signed_in, elder, appoint):
    appoint("ask")

    status(signed_in, elder)
    status(signed_in, elder, "acting_ask")

    assert not Look.objects.exists()


def test_a_page_of_an_agent_asks_the_database_as_often_however_much_there_is(
    signed_in, elder, appoint
):
    appoint(*ALL)
    counts = []
    for _round in range(3):
        a_visit(elder)
        with CaptureQueriesContext(connection) as queries:
            status(signed_in, elder)
        counts.append(len(queries))

    assert counts[0] == counts[2] <= 16


def test_my_time_asks_once_for_all_elders(signed_in, appoint):
    counts = []
    for _round in range(3):
        appoint(*ALL, member=ElderFactory().member)
        with CaptureQueriesContext(connection) as queries:
            signed_in.get(reverse("my_time"))
        counts.append(len(queries))

    assert counts[0] == counts[2]
