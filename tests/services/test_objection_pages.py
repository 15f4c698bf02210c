"""The staff's pages about what members say is not right: written down, waiting, answered."""

import datetime
import re
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from services.models import Objection
from tests.factories import (
    ElderFactory,
    StaffFactory,
    UserFactory,
    VisitFactory,
    VolunteerFactory,
    community,
)
from tests.services.test_objections import WORDS, answer, booking_of, say
from tests.services.test_visits_log import log

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk():
    return StaffFactory(role="clerk")


@pytest.fixture
def checker(client):
    checker = StaffFactory(role="checker")
    client.force_login(checker)
    client.cookies["django_language"] = "en"
    return checker


@pytest.fixture
def visit(clerk):
    volunteer = VolunteerFactory(member__phone="13888880001").member
    return log(volunteer, ElderFactory().member, by=clerk)


@pytest.fixture
def said(visit):
    author = UserFactory(member=visit.volunteer)
    return say(visit.volunteer, visit, author, at=timezone.now())


def read(client, address):
    page = client.get(address).content.decode()
    return " ".join(re.sub(r"<[^>]+>", " ", page[page.index("<main") :]).split())


def detail(said):
    return reverse("objection_detail", args=[said.key])


def new(visit):
    return reverse("objection_new", args=[visit.key])


ANSWER = {"outcome": "right", "words": "有您的签名"}


def test_home_counts_what_waits_and_leads_to_it(client, checker, said):
    home = client.get(reverse("home")).content.decode()

    assert f'href="{reverse("inbox")}?kind=objection"' in home
    assert "record that somebody says is not right" in home


def test_the_inbox_shows_it_with_the_visit_beside_it(client, checker, said, visit):
    words = read(client, reverse("inbox", query={"kind": "objection"}))
    page = client.get(reverse("inbox")).content.decode()

    assert f"Not right {said.member}" in words
    assert f"“The time is wrong” · {WORDS}" in words
    assert f"{visit.volunteer} → {visit.elder}" in words
    assert "Waiting for 0 minutes" in words
    assert "To be answered by" in words
    assert f'href="{reverse("visit_detail", args=[visit.key])}"' in page
    assert "Check and answer" in words
    assert 'name="rows"' not in page


def test_the_inbox_says_what_is_overdue(client, checker, visit):
    long_ago = timezone.now() - datetime.timedelta(days=60)
    say(visit.volunteer, visit, UserFactory(member=visit.volunteer), at=long_ago)

    assert "Look: it is overdue" in read(client, reverse("inbox"))


def test_the_inbox_shows_what_was_booked_where_it_is_no_visit(client, checker, visit):
    user = UserFactory(member=visit.volunteer)
    line = booking_of(visit.volunteer, user)
    say(visit.volunteer, line, user)

    address = reverse("hours_journal", args=[line.area.code, line.journal])
    assert f'href="{address}"' in client.get(reverse("inbox")).content.decode()
    assert "donated 30 min" in read(client, reverse("inbox"))


def test_the_inbox_approves_none(client, checker, said):
    posted = {"rows": [f"objection/{said.key}"]}

    answer = client.post(reverse("inbox_approve"), posted, follow=True)

    assert "It wants an answer in words." in answer.content.decode()
    assert Objection.objects.waiting().get() == said


def test_the_inbox_asks_as_much_for_many_as_for_one(client, checker, clerk):
    counts = []
    for _round in range(3):
        visit = VisitFactory(entered_by=clerk, state="confirmed", confirmed_at=timezone.now())
        say(visit.volunteer, visit, clerk)
        say(visit.volunteer, booking_of(visit.volunteer, clerk), clerk)
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("inbox", query={"kind": "objection"}))
        counts.append(len(queries))

    assert counts[0] == counts[2]


def test_a_checker_answers_on_its_page(client, checker, said, visit):
    words = read(client, detail(said))
    assert f"“The time is wrong” In their words {WORDS}" in words
    assert f"{visit.volunteer} → {visit.elder}" in words

    reply = client.post(detail(said), ANSWER, follow=True)

    said.refresh_from_db()
    assert (said.state, said.outcome, said.answered_by) == ("answered", "right", checker)
    assert Objection.objects.get().answer == "有您的签名"
    page = reply.content.decode()
    assert "有您的签名" in page
    assert "<textarea" not in page
    assert "No message reaches them" not in page


def test_who_cannot_be_sent_a_message_is_to_be_told(client, checker, visit, clerk):
    said = say(visit.elder, visit, clerk)
    assert "There is no mobile number" in read(client, detail(said))

    reply = client.post(detail(said), ANSWER, follow=True)

    assert "Please tell them the answer." in reply.content.decode()


def test_a_second_press_says_that_it_is_answered(client, checker, said):
    client.post(detail(said), ANSWER)

    reply = client.post(detail(said), ANSWER | {"words": "别的"}, follow=True)

    assert "This was answered before." in reply.content.decode()
    assert Objection.objects.get().answer == "有您的签名"


@pytest.mark.parametrize(
    "change",
    [{"outcome": ""}, {"outcome": "x"}, {"words": " "}, {"words": "好" * 501}, {"words": "\0"}],
)
def test_an_answer_needs_a_finding_and_words(client, checker, said, change):
    reply = client.post(detail(said), ANSWER | change)

    assert reply.status_code == 200
    assert reply.context["form"].errors
    assert Objection.objects.get().state == "waiting"


def test_who_entered_the_visit_is_shown_no_form_and_refused(client, checker):
    own = log(VolunteerFactory().member, ElderFactory().member, by=checker)
    said = say(own.volunteer, own, UserFactory(member=own.volunteer))

    assert "A checker who did not enter it answers." in read(client, detail(said))
    reply = client.post(detail(said), ANSWER, follow=True)

    assert "No one answers for what they entered." in reply.content.decode()
    assert Objection.objects.get().state == "waiting"


@pytest.mark.parametrize("role", ["clerk", "auditor"])
def test_others_of_the_staff_read_it_and_answer_nothing(client, said, role):
    client.force_login(StaffFactory(role=role))

    assert "<textarea" not in client.get(detail(said)).content.decode()
    assert client.post(detail(said), ANSWER).status_code == 403


def test_staff_of_another_community_find_nothing(client, said, visit):
    client.force_login(StaffFactory(role="administrator", area=community("530111001002")))

    assert client.get(reverse("inbox")).context["items"] == []
    assert [client.get(a).status_code for a in (detail(said), new(visit))] == [404, 404]
    assert client.post(detail(said), ANSWER).status_code == 404
    assert client.post(new(visit), {"side": "elder"}).status_code == 404


def test_members_have_none_of_these_pages(client, said, visit):
    client.force_login(said.entered_by)

    assert [client.get(a).status_code for a in (detail(said), new(visit))] == [403, 403]


def test_a_clerk_writes_down_what_a_caller_says(client, visit, clerk):
    client.force_login(clerk)
    told = {"key": uuid.uuid4(), "side": "elder", "reason": "other", "words": "没有来过"}
    assert new(visit) in client.get(reverse("visit_detail", args=[visit.key])).content.decode()

    for _press in range(2):
        assert client.post(new(visit), told).url == reverse("visit_detail", args=[visit.key])

    said = Objection.objects.get()
    assert (said.member, said.entered_by, said.words) == (visit.elder, clerk, "没有来过")
    page = client.get(reverse("visit_detail", args=[visit.key])).content.decode()
    assert detail(said) in page


@pytest.mark.parametrize(
    "change", [{"side": ""}, {"side": "x"}, {"reason": ""}, {"reason": "other"}, {"key": "x"}]
)
def test_a_call_needs_a_caller_and_a_reason(client, visit, clerk, change):
    client.force_login(clerk)
    told = {"key": uuid.uuid4(), "side": "elder", "reason": "time"} | change

    reply = client.post(new(visit), told)

    assert reply.context["form"].errors
    assert not Objection.objects.exists()


def test_what_waits_is_not_written_down_again(client, said, visit, clerk):
    client.force_login(clerk)
    client.cookies["django_language"] = "en"
    told = {"key": uuid.uuid4(), "side": "volunteer", "reason": "time"}

    reply = client.post(new(visit), told)

    assert "This line is being checked already." in reply.content.decode()


def test_an_auditor_writes_nothing_down(client, visit):
    client.force_login(StaffFactory(role="auditor"))

    assert new(visit) not in client.get(reverse("visit_detail", args=[visit.key])).content.decode()
    assert client.get(new(visit)).status_code == 403


def test_an_answer_stands_on_the_page_afterwards(client, checker, said):
    answer(said, StaffFactory(role="checker", first_name="复核员"))

    words = read(client, detail(said))

    assert "It was right. 有您的签名" in words
    assert "复核员" in words
