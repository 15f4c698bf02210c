import datetime

import pytest
import typst
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from procrastinate.contrib.django.models import ProcrastinateJob

from services.papers.models import StatementRun
from tests.factories import MemberFactory, StaffFactory, UserFactory, VolunteerFactory, community
from tests.services.papers import reading
from tests.services.test_visits_races import second_while_first_is_open
from tests.timebank.statements.conftest import DAY, NOW
from tests.timebank.statements.test_pages import STAFF, words
from timebank import tasks
from timebank.statements import document, yearly


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def order(clerk):
    """A run of 石虎关's statements of 2026."""

    def order(by=clerk, area=None, year=2026):
        place = area or community()
        return yearly.order(place, year=year, language="en", by=by, at=NOW)[0]

    return order


def pages(run):
    with run.file.open("rb") as file:
        data = file.read()
    return [page.extract_text() for page in reading.PdfReader(reading.io.BytesIO(data)).pages]


def test_every_member_who_held_or_moved_hours_has_a_page(order, volunteer, fill):
    other = VolunteerFactory(member__name="李𬭎").member
    outside = VolunteerFactory(member__area=community("530111001002")).member
    later = VolunteerFactory(member__name="以后").member
    MemberFactory(name="无账户")
    fill((60, DAY))
    fill((90, DAY.replace(year=2025)), member=other)
    fill((90, DAY), member=outside)
    fill((90, DAY.replace(year=2027)), member=later)

    run = yearly.make(order(), at=NOW)

    text = [" ".join(page.split()) for page in pages(run)]
    assert len(text) == 2
    assert "高桂䶮" in text[0]
    assert "Closing balance 1 h 0 min 1 h" in text[0]
    assert "李𬭎" in text[1]
    assert "Opening balance 1 h 30 min" in text[1]
    assert run.state == "done"
    assert run.finished_at == NOW
    run.refresh_from_db()
    assert (run.members_done, run.members_total) == (3, 3)


def test_progress_is_told_while_it_is_made(order, volunteer, fill, monkeypatch):
    monkeypatch.setattr(yearly, "TOLD_EVERY", 1)
    fill((60, DAY))
    fill((60, DAY), member=VolunteerFactory().member)
    run = order()
    told = []
    made = yearly.files.pdf

    def look(statements, **more):
        told.append(StatementRun.objects.values_list("members_done", "members_total").get())
        return made(statements, **more)

    monkeypatch.setattr(yearly.files, "pdf", look)
    yearly.make(run, at=NOW)

    assert told == [(2, 2)]


def test_a_community_without_hours_gets_a_page_that_says_so(order):
    run = yearly.make(order(), at=NOW)

    assert "Nobody held or moved hours" in pages(run)[0]


def test_made_twice_it_is_made_once(order, volunteer, fill):
    fill((60, DAY))
    run = yearly.make(order(), at=NOW)

    again = yearly.make(StatementRun.objects.get(pk=run.pk), at=NOW + datetime.timedelta(days=1))

    assert again.finished_at == NOW


def test_what_was_left_half_way_is_made_from_its_beginning(order, volunteer, fill):
    fill((60, DAY))
    run = order()
    StatementRun.objects.filter(pk=run.pk).update(state="making", members_done=17, members_total=18)

    run = yearly.make(StatementRun.objects.get(pk=run.pk), at=NOW)

    assert run.state == "done"
    assert StatementRun.objects.get().members_done == 1


def test_a_failure_is_told_and_can_be_asked_for_again(order, monkeypatch):
    def fail(*args, **more):
        raise typst.TypstError("no room")

    monkeypatch.setattr(yearly.files, "pdf", fail)

    run = yearly.make(order(), at=NOW)

    assert run.state == "failed"
    assert order() != run


def test_what_is_on_its_way_is_not_begun_again(order):
    assert order() == order()
    assert order(year=2025) != order()


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_get_one_run(order, clerk):
    first, second = second_while_first_is_open(order, order)

    assert first == second


def test_only_staff_who_write_ask_for_them(order):
    outside = StaffFactory(role="administrator", area=community("530111001002"))

    for user in (outside, StaffFactory(role="auditor")):
        with pytest.raises(PermissionDenied):
            order(by=user)


def test_the_page_leads_from_the_order_to_the_file(client, clerk, volunteer, fill):
    fill((60, DAY))
    client.force_login(clerk)
    list_page = reverse("statement_runs")

    answer = client.post(list_page, {"area": community().code, "year": "2026"})
    waiting = client.get(answer.url, headers={"Accept-Language": "en"})
    part = client.get(answer.url, headers={"Accept-Language": "en", "HX-Request": "true"})
    job = ProcrastinateJob.objects.get(task_name="timebank.tasks.make_statements")
    tasks.make_statements(**job.args)
    done = client.get(answer.url, headers={"Accept-Language": "en"})
    after = client.get(answer.url, headers={"HX-Request": "true"})
    file = client.get(reverse("statement_run_file", args=[StatementRun.objects.get().key]))

    assert "waiting to be made" in words(waiting)
    assert b"<main" not in part.content
    assert b'id="progress"' in part.content
    assert "Download (PDF)" in words(done)
    assert b"".join(file.streaming_content).startswith(b"%PDF")
    assert "2026" in file["Content-Disposition"]
    assert after["HX-Refresh"] == "true"
    file.close()


def test_asking_twice_shows_the_one_on_its_way(client, clerk, volunteer, fill):
    fill((60, DAY))
    client.force_login(clerk)
    form = {"area": community().code, "year": "2026"}

    first = client.post(reverse("statement_runs"), form)
    second = client.post(reverse("statement_runs"), form)

    assert first.url == second.url
    assert ProcrastinateJob.objects.filter(task_name="timebank.tasks.make_statements").count() == 1


@pytest.mark.parametrize("form", [{"area": "530111001002", "year": "2026"}, {"year": "1999"}, {}])
def test_another_area_or_no_year_is_refused(client, clerk, form):
    client.force_login(clerk)

    page = client.post(reverse("statement_runs"), form)

    assert page.context["form"].errors
    assert not StatementRun.objects.exists()


@pytest.mark.parametrize("role", STAFF)
def test_who_may_ask_and_who_may_read(client, order, role, volunteer, fill):
    fill((60, DAY))
    run = yearly.make(order(), at=NOW)
    client.force_login(StaffFactory(role=role))

    asked = client.post(reverse("statement_runs"), {"area": community().code, "year": "2026"})

    assert asked.status_code == (403 if role == "auditor" else 302)
    assert client.get(reverse("statement_run", args=[run.key])).status_code == 200
    file = client.get(reverse("statement_run_file", args=[run.key]))
    assert file.status_code == 200
    file.close()


def test_nobody_else_reads_them(client, order, volunteer):
    run = yearly.make(order(), at=NOW)
    addresses = [reverse(f"statement_run{end}", args=[run.key]) for end in ("", "_file")]

    client.force_login(StaffFactory(role="clerk", area=community("530111001002")))
    assert [client.get(address).status_code for address in addresses] == [404, 404]
    client.force_login(UserFactory(member=volunteer))
    assert [client.get(address).status_code for address in addresses] == [403, 403]
    assert client.get(reverse("statement_runs")).status_code == 403


def test_a_file_that_is_not_done_is_not_there(client, clerk, order):
    client.force_login(clerk)

    assert client.get(reverse("statement_run_file", args=[order().key])).status_code == 404


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_asks_the_same_for_one_and_for_three(
    client, clerk, order, django_assert_num_queries, number
):
    for year in range(number):
        order(year=2024 + year)
    client.force_login(clerk)

    with django_assert_num_queries(15):
        client.get(reverse("statement_runs"))


def test_a_year_is_printed_whole_however_long(order, volunteer, fill, monkeypatch):
    monkeypatch.setattr(document, "MOST_LINES", 2)
    fill(*[(60, DAY)] * 4)

    run = yearly.make(order(), at=NOW)

    assert "Closing balance 4 h 0 min 4 h" in " ".join(pages(run)[0].split())
