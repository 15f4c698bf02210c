"""What a member reads and says on the phone: this line is not right."""

import re
import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from ledger import donations
from ledger.models import Transfer
from services import objections, visits
from services.models import Objection
from tests.factories import ElderFactory, MemberFactory, StaffFactory, UserFactory, VolunteerFactory
from tests.ledger.people import by, credit
from tests.services.test_objections import answer
from tests.services.test_visits_log import log

pytestmark = pytest.mark.django_db
WORDS = "那天我在医院"


@pytest.fixture
def member():
    return VolunteerFactory(member__name="高桂峰", member__phone="13888880001").member


@pytest.fixture
def visit(member):
    told = {"service_date": timezone.localdate(), "at": timezone.now()}
    return log(member, ElderFactory(member__name="王秀英").member, **told)


@pytest.fixture
def user(client, member):
    user = UserFactory(member=member)
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return user


def address(one):
    """The page of the line that was booked for a visit, or by a request of the member's."""
    journal = getattr(one, "journal", None) or one.key
    return reverse("my_objection", args=[one.area_id, journal])


def told(**changes):
    return {"key": uuid.uuid4(), "reason": "time", "words": WORDS} | changes


def read(client, name):
    page = client.get(name if name.startswith("/") else reverse(name)).content.decode()
    main = re.search(r"<main.*</main>", page, re.DOTALL)[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


LISTS = ["my_time", "my_time_records", "my_statement"]


@pytest.mark.parametrize("name", LISTS)
def test_every_line_leads_to_its_page_by_a_name_of_its_own(client, user, visit, name):
    page = client.get(reverse(name)).content.decode()

    [link] = re.findall(rf'<a href="{address(visit)}">(.*?)</a>', page, re.DOTALL)
    heard = " ".join(re.sub(r"<[^>]+>", " ", link).split())
    assert re.fullmatch(r"This is not right : \w+\. \d+, \d{4} Companionship 王\*英 1 h", heard)


@pytest.mark.parametrize("name", LISTS)
def test_a_line_says_that_it_is_being_checked_and_later_the_answer(client, user, visit, name):
    client.post(address(visit), told())
    waits = read(client, name)
    answer(Objection.objects.get(), StaffFactory(role="checker"), at=timezone.now())
    answered = read(client, name)

    assert re.search(r"Being checked since \w+\. \d+, \d{4}", waits)
    assert "This is not right" not in waits
    assert re.search(r"Checked on \w+\. \d+, \d{4} : It was right\. 有您的签名", answered)
    assert "Still not right?" in answered


def test_a_member_has_a_line_checked_and_no_hours_move(client, user, member, visit):
    before = (read(client, "my_time"), Transfer.objects.count())
    page = read(client, address(visit))
    assert "Companionship 王*英 +1 h in" in page
    assert "王秀英" not in page

    reply = client.post(address(visit), told())

    assert reply.url == address(visit)
    said = Objection.objects.get()
    assert (said.member, said.visit, said.entered_by) == (member, visit, user)
    assert (said.reason, said.words) == ("time", WORDS)
    assert Transfer.objects.count() == before[1]
    words = read(client, address(visit))
    assert "Being checked since" in words
    assert f"You said: The time is wrong · {WORDS}" in words
    assert (
        "<form"
        not in re.search(r"<main.*</main>", client.get(address(visit)).content.decode(), re.DOTALL)[
            0
        ]
    )


def test_a_second_tap_is_harmless(client, user, visit):
    sent = told()

    assert [client.post(address(visit), sent).status_code for _tap in range(2)] == [302, 302]
    assert Objection.objects.count() == 1


def test_what_waits_is_said_once(client, user, visit):
    client.post(address(visit), told())

    reply = client.post(address(visit), told())

    assert reply.context["form"].non_field_errors() == ["This line is being checked already."]
    assert Objection.objects.count() == 1


def test_after_an_answer_it_may_be_said_again(client, user, visit):
    client.post(address(visit), told())
    answer(Objection.objects.get(), StaffFactory(role="checker"))
    assert "有您的签名" in read(client, address(visit))

    client.post(address(visit), told(reason="not_there", words=""))

    assert Objection.objects.waiting().get().reason == "not_there"


def test_twenty_may_wait(client, user, visit, monkeypatch):
    monkeypatch.setattr(objections, "MOST_WAITING", 0)

    reply = client.post(address(visit), told())

    assert "Twenty lines are being checked already." in reply.content.decode()


@pytest.mark.parametrize(
    "change",
    [
        {"reason": ""},
        {"reason": "x"},
        {"reason": "other", "words": " "},
        {"words": "好" * 501},
        {"words": "\0"},
        {"key": "x"},
    ],
)
def test_what_is_lacking_is_asked_for_and_kept(client, user, visit, change):
    reply = client.post(address(visit), told() | change)

    assert reply.status_code == 200
    assert reply.context["form"].errors
    assert not Objection.objects.exists()


def test_a_line_that_is_no_visit(client, user, member):
    credit(member, 600)
    donation = donations.give(member, minutes=30, **by(user))

    client.post(address(donation), told())

    said = Objection.objects.get()
    assert (said.visit, said.journal, said.area) == (None, donation.key, member.area)
    words = read(client, "my_time")
    assert words.count("Being checked since") == 1
    assert words.count("This is not right") == 1


def test_what_was_undone_speaks_of_the_same_visit(client, user, visit):
    client.post(address(visit), told())
    visits.undo(visit, by=StaffFactory(role="checker"), at=timezone.now())

    assert read(client, "my_time").count("Being checked since") == 2


def test_nobody_reaches_a_line_of_others(client, user, visit):
    other = MemberFactory()
    credit(other, 60)
    journal = Transfer.objects.order_by("-id").first().journal
    elsewhere = reverse("my_objection", args=[visit.area_id + 1, visit.journal])
    huge = reverse("my_objection", args=[10**30, visit.journal])

    for place in (
        reverse("my_objection", args=[other.area_id, journal]),
        reverse("my_objection", args=[visit.area_id, uuid.uuid4()]),
        elsewhere,
        huge,
    ):
        assert client.get(place).status_code == 404
        assert client.post(place, told()).status_code == 404

    assert not Objection.objects.exists()


def test_another_member_s_objection_is_not_shown(client, user, visit):
    clerk = StaffFactory()
    line = {"reason": "time", "words": "老人说的", "by": clerk, "at": timezone.now()}
    objections.write_down(visit.elder, visit, key=uuid.uuid4(), **line)

    words = read(client, "my_time") + read(client, address(visit))

    assert "Being checked" not in words
    assert "老人说的" not in words


def test_staff_and_strangers_are_led_away(client, visit):
    assert client.get(address(visit)).url.startswith(reverse("sign_in"))

    client.force_login(StaffFactory())
    assert client.get(address(visit)).url == reverse("home")


def test_the_statement_of_the_staff_has_no_such_links(client, visit, member):
    client.force_login(StaffFactory())

    page = client.get(reverse("statement", args=[member.number])).content.decode()

    assert "/my-time/lines/" not in page
