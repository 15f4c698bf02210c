"""Pages of requests about one's data: on the phone, in the file, and the list with its clock."""

import datetime
import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from members.models import DataRequest, Look, Member
from tests.factories import MemberFactory, StaffFactory, UserFactory, community
from timebank.personal import asking
from timebank.personal.clock import clock

from .conftest import KNOWN

pytestmark = pytest.mark.django_db
COPY, ERASURE = DataRequest.Kind.COPY, DataRequest.Kind.ERASURE


@pytest.fixture
def enter(client):
    def enter(user):
        client.force_login(user)
        client.cookies["django_language"] = "en"
        return client

    return enter


def test_a_member_asks_for_a_copy_and_takes_it_back(enter, person):
    phone = enter(person.user)

    phone.post(reverse("my_data"), {"key": uuid.uuid4(), "kind": COPY})
    asked = DataRequest.objects.get()
    assert "15 working days left" in phone.get(reverse("my_data")).text

    phone.post(reverse("my_data_withdraw", args=[asked.key]))
    asked.refresh_from_db()
    assert asked.state == DataRequest.State.WITHDRAWN


def test_a_member_who_asks_to_be_erased_is_signed_out(enter, person):
    phone = enter(person.user)

    phone.post(reverse("my_data"), {"key": uuid.uuid4(), "kind": ERASURE})

    assert phone.get(reverse("my_data")).status_code == 302
    assert Member.objects.get(pk=person.pk).standing == Member.Standing.RESTRICTED


def test_staff_hand_a_copy_out_once_they_know_who_it_is(enter, person, clerk, ask):
    desk, request = enter(clerk), ask(COPY)
    file = reverse("data_request_file", args=[request.key, "pdf"])
    assert desk.get(file).status_code == 403
    assert (
        "Please look at this again"
        in desk.post(reverse("data_request", args=[request.key]), {"identity": ""}).text
    )

    desk.post(reverse("data_request", args=[request.key]), {"identity": "id_card"})

    answer = desk.get(file)
    assert answer.content.startswith(b"%PDF")
    assert answer["Cache-Control"] == "no-store"
    told = desk.get(reverse("data_request_file", args=[request.key, "json"])).json()
    assert told["identity"][0]["name"] == KNOWN["name"]
    assert desk.get(reverse("data_request_file", args=[request.key, "xml"])).status_code == 404


def test_the_member_reads_the_copy_for_a_month(enter, person, clerk, ask):
    request = ask(COPY)
    asking.hand_out(request, identity="known", by=clerk, at=timezone.now())
    phone, file = enter(person.user), reverse("data_request_file", args=[request.key, "json"])
    assert phone.get(file).status_code == 200

    DataRequest.objects.update(closed_at=timezone.now() - datetime.timedelta(days=31))

    assert phone.get(file).status_code == 403


def test_nobody_else_reads_the_copy(enter, clerk, ask):
    request = ask(COPY)
    asking.hand_out(request, identity="known", by=clerk, at=timezone.now())
    file = reverse("data_request_file", args=[request.key, "json"])

    assert enter(UserFactory(member=MemberFactory())).get(file).status_code == 404
    assert enter(StaffFactory(area=community("530111001002"))).get(file).status_code == 404
    assert enter(StaffFactory(role="auditor")).get(file).status_code == 403


def test_an_administrator_erases(enter, person, ask, administrator, clerk):
    request = ask()
    page = reverse("data_request", args=[request.key])
    assert enter(clerk).get(page).status_code == 404

    enter(administrator).post(page, {"identity": "id_card"})

    assert Member.objects.get(pk=person.pk).standing == Member.Standing.ERASED


def test_why_an_erasure_is_refused_is_said_on_the_page(enter, served, ask, administrator):
    page = reverse("data_request", args=[ask().key])

    answer = enter(administrator).post(page, {"identity": "id_card"}, follow=True)

    assert "There are hours on the account." in answer.text


def test_the_file_asks_in_the_persons_name(enter, person, clerk):
    desk = enter(clerk)

    answer = desk.post(
        reverse("person_data", args=[person.key]), {"key": uuid.uuid4(), "kind": COPY}
    )

    asked = DataRequest.objects.get()
    assert answer.url == reverse("data_request", args=[asked.key])
    assert asked.author == clerk
    assert desk.get(reverse("person_data", args=[person.key])).text.count("15 working days") == 1


def test_an_auditor_reads_what_was_asked_for_and_asks_nothing(enter, person, ask):
    ask(COPY)
    page, desk = reverse("person_data", args=[person.key]), enter(StaffFactory(role="auditor"))

    assert "15 working days left" in desk.get(page).text
    assert '<form method="post" action="/people' not in desk.get(page).text
    assert desk.post(page, {"key": uuid.uuid4(), "kind": ERASURE}).status_code == 403
    assert DataRequest.objects.count() == 1


def test_whoever_of_the_staff_fetches_the_copy_is_written_down(enter, person, clerk, ask):
    request = ask(COPY)
    asking.hand_out(request, identity="known", by=clerk, at=timezone.now())
    file, other = reverse("data_request_file", args=[request.key, "json"]), StaffFactory()

    before = set(Look.objects.values_list("pk", flat=True))
    enter(person.user).get(file)
    assert set(Look.objects.values_list("pk", flat=True)) == before
    enter(other).get(file)

    look = Look.objects.exclude(pk__in=before).get()
    assert (look.member, look.user, look.purpose) == (person, other, "export")
    assert {"id_number", "phones", "address"} <= set(look.fields)


def test_the_list_says_in_words_how_much_time_is_left(enter, clerk, ask):
    request = ask(COPY)
    today = timezone.localdate()
    for due, words in (
        (today, "due today"),
        (today - datetime.timedelta(days=14), "overdue by"),
        (request.due_on, "15 working days left"),
    ):
        DataRequest.objects.update(due_on=due)
        assert words in enter(clerk).get(reverse("data_request_list")).text

    asking.withdraw(request, by=clerk, at=timezone.now())
    request.refresh_from_db()
    assert clock(request) == ""


def test_the_first_page_counts_what_is_open_and_overdue(enter, clerk, ask):
    ask(COPY)
    DataRequest.objects.update(due_on=timezone.localdate() - datetime.timedelta(days=1))

    page = enter(clerk).get("/").text

    assert reverse("data_request_list") in page
    assert "1 overdue" in page


def test_members_see_no_list_of_requests(enter, person):
    assert enter(person.user).get(reverse("data_request_list")).status_code == 403
