"""The pages of the second person: waiting, one visit, the list; and undoing from a page."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from services import visits
from services.models import Category, Visit
from tests.factories import (
    ElderFactory,
    StaffFactory,
    UserFactory,
    VisitFactory,
    VolunteerFactory,
    community,
)
from tests.services.test_visits_log import balance, log

pytestmark = pytest.mark.django_db
WAITING = "/inbox/"


@pytest.fixture
def clerk():
    return StaffFactory(role="clerk")


@pytest.fixture
def checker(client):
    checker = StaffFactory(role="checker")
    client.force_login(checker)
    return checker


def address(visit, act="detail"):
    return reverse(f"visit_{act}", args=[visit.key])


def entered(by, **changes):
    people = VolunteerFactory().member, ElderFactory().member
    told = {"service_date": timezone.localdate(), "at": timezone.now()}
    return log(*people, by=by, **told | changes)


def test_the_old_address_of_what_waits_leads_to_the_inbox(client, checker):
    assert client.get("/visits/waiting/").url == WAITING


def test_a_visit_waits_with_its_questions_in_words(client, checker):
    VisitFactory(questions=["grade_c", "late"])
    client.cookies["django_language"] = "en"

    page = client.get(WAITING).content.decode()

    assert "recorded from paper only" in page
    assert "recorded later than the working days allowed" in page


def test_a_checker_approves_from_the_page(client, clerk, checker):
    visit = entered(clerk, method="paper")

    assert address(visit, "approve") in client.get(address(visit)).content.decode()
    answer = client.post(address(visit, "approve"))

    visit.refresh_from_db()
    assert answer.url == WAITING
    assert (visit.state, visit.approved_by) == ("confirmed", checker)
    assert balance(visit.volunteer) == 60


def test_what_one_entered_has_no_buttons_and_is_not_approved(client, checker):
    visit = entered(checker, method="paper")

    page = client.get(WAITING).content.decode() + client.get(address(visit)).content.decode()
    answer = client.post(address(visit, "approve"), follow=True)

    assert address(visit, "approve") not in page
    assert address(visit, "return") not in page
    assert [message.level_tag for message in answer.context["messages"]] == ["error"]
    visit.refresh_from_db()
    assert visit.state == "completed"


def test_a_visit_is_sent_back_with_a_reason(client, clerk, checker):
    visit = entered(clerk, method="paper")

    client.post(address(visit, "return"), {"reason": "日期不对"})

    visit.refresh_from_db()
    assert (visit.state, visit.return_reason) == ("returned", "日期不对")


@pytest.mark.parametrize("reason", ["", " ", "好" * 501])
def test_a_visit_is_not_sent_back_without_a_fit_reason(client, clerk, checker, reason):
    visit = entered(clerk, method="paper")

    answer = client.post(address(visit, "return"), {"reason": reason})

    assert answer.status_code == 200
    assert answer.context["form"].errors
    visit.refresh_from_db()
    assert visit.state == "completed"


def test_what_was_sent_back_shows_to_its_author_with_a_way_to_enter_it_again(
    client, clerk, checker
):
    visit = entered(clerk, method="paper")
    visits.send_back(visit, by=checker, at=timezone.now(), reason="日期不对")
    client.force_login(clerk)

    page = client.get(WAITING).content.decode()

    assert "日期不对" in page
    assert f"?again={visit.key}" in page


@pytest.mark.parametrize("act", ["approve", "return", "undo"])
def test_a_second_press_is_answered_in_words(client, clerk, checker, act):
    visit = entered(clerk, method="paper")
    client.post(address(visit, act), {"reason": "x"})

    answer = client.post(address(visit, act), {"reason": "x"}, follow=True)

    assert answer.status_code == 200
    assert "error" in [message.level_tag for message in answer.context["messages"]]


@pytest.mark.parametrize("act", ["approve", "return", "undo"])
@pytest.mark.parametrize("role", ["clerk", "auditor"])
def test_a_clerk_or_an_auditor_changes_nothing_of_anothers(client, clerk, act, role):
    visit = entered(clerk, method="paper")
    client.force_login(StaffFactory(role=role))

    assert client.post(address(visit, act), {"reason": "x"}).status_code == 403
    visit.refresh_from_db()
    assert visit.state == "completed"


@pytest.mark.parametrize("act", ["detail", "approve", "return", "undo"])
def test_staff_of_another_community_find_no_visit(client, clerk, act):
    visit = entered(clerk, method="paper")
    client.force_login(StaffFactory(role="administrator", area=community("530111001002")))

    answer = client.get(address(visit)) if act == "detail" else client.post(address(visit, act))

    assert answer.status_code == 404


@pytest.mark.parametrize("act", ["detail", "approve", "return", "undo"])
def test_a_member_is_refused_even_for_their_own_visit(client, clerk, act):
    visit = entered(clerk, method="paper")
    client.force_login(UserFactory(member=visit.volunteer))

    answer = client.get(address(visit)) if act == "detail" else client.post(address(visit, act))

    assert answer.status_code == 403


@pytest.mark.parametrize("act", ["approve", "return", "undo"])
def test_nothing_changes_by_a_link(client, clerk, checker, act):
    visit = entered(clerk, method="paper")

    assert client.get(address(visit, act)).status_code == 405


def test_an_auditor_reads_everything(client, clerk):
    visit = entered(clerk, method="paper")
    client.force_login(StaffFactory(role="auditor"))

    assert client.get(address(visit)).status_code == 200
    assert client.get(WAITING).status_code == 200
    assert client.get("/visits/").status_code == 200


def test_undoing_brings_the_clerk_back_to_the_form_with_what_was_entered(client, clerk):
    visit = entered(clerk)
    client.force_login(clerk)

    answer = client.post(address(visit, "undo"))

    assert answer.url == f"/visits/log/?again={visit.key}"
    assert balance(visit.volunteer) == 0


def test_undoing_too_late_is_refused_in_words(client, clerk):
    visit = entered(clerk, at=timezone.now() - datetime.timedelta(minutes=11))
    client.force_login(clerk)

    answer = client.post(address(visit, "undo"), follow=True)

    assert [message.level_tag for message in answer.context["messages"]] == ["error"]
    assert balance(visit.volunteer) == 60


def test_a_visit_shows_why_not_everything_was_banked(client, clerk, checker):
    visit = entered(clerk, choice="donate", note="<送药>")
    client.cookies["django_language"] = "en"

    page = client.get(address(visit)).content.decode()

    assert "donated to the public pool" in page
    assert "&lt;送药&gt;" in page


def test_the_list_shows_the_period_that_was_asked_for(client, checker):
    VisitFactory(service_date="2026-01-05")
    inside = VisitFactory(service_date="2026-02-05")
    VisitFactory(service_date="2026-03-05")

    page = client.get("/visits/?since=2026年2月1日&until=2026.2.28").context["page"]

    assert list(page) == [inside]


@pytest.mark.parametrize("since", ["abc", "2026-02-30", "\0", "9" * 300])
def test_a_period_that_cannot_be_read_is_said_and_the_list_stays(client, checker, since):
    VisitFactory()

    answer = client.get("/visits/", {"since": since})

    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert len(answer.context["page"]) == 1


@pytest.mark.parametrize("place", ["/visits/", WAITING, "/visits/log/"])
def test_a_list_runs_as_many_queries_for_more_visits_as_for_one(client, checker, place):
    VisitFactory(entered_by=checker)
    VisitFactory()
    with CaptureQueriesContext(connection) as few:
        client.get(place)
    for _ in range(2):
        VisitFactory(entered_by=checker)
        VisitFactory()

    with CaptureQueriesContext(connection) as more:
        client.get(place)

    assert len(more) == len(few)


def test_every_category_can_be_logged(clerk):
    for category in Category.objects.all():
        assert entered(clerk, category=category).state == Visit.State.CONFIRMED
