"""The report's page: who may read which areas, what it shows, and how it takes what is typed."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from members.models import Area, StaffRole
from services.models import Visit
from tests.factories import (
    MemberFactory,
    StaffFactory,
    UserFactory,
    VisitFactory,
    VolunteerFactory,
    community,
)

pytestmark = pytest.mark.django_db

SHIHUGUAN, CENTRAL = "530111001001", "530111001002"
STREET, DISTRICT, TAIHE = "530111001000", "530111000000", "530111002001"
PAGE = "/admin/reports/R1/"
MARCH = {"area": SHIHUGUAN, "start": "2026-03-01", "end": "2026-03-31"}


@pytest.fixture(autouse=True)
def _in_english(settings):
    settings.LANGUAGE_CODE = "en"


def reader(client, role="administrator", code=DISTRICT):
    user = StaffFactory(role=role, area=Area.objects.get(code=code))
    client.force_login(user)
    return user


def visit(code=SHIHUGUAN, **fields):
    return VisitFactory(
        volunteer=VolunteerFactory(member__area=community(code)).member,
        service_date=datetime.date(2026, 3, 10),
        state=Visit.State.CONFIRMED,
        confirmed_at=timezone.now(),
        **fields,
    )


def offered(response):
    return [area.code for area in response.context["form"].fields["area"].queryset]


@pytest.mark.parametrize("role", ["administrator", "auditor", "coordinator", "checker"])
def test_whoever_answers_for_an_area_reads_its_report(client, role):
    reader(client, role, SHIHUGUAN)

    response = client.get(PAGE, MARCH)

    assert response.status_code == 200
    assert response.context["report"].area == community()


def test_a_clerk_does_not(client):
    reader(client, "clerk")

    assert client.get(PAGE, MARCH).status_code == 403
    assert client.get(reverse("admin:reports")).status_code == 403


def test_a_member_does_not(client):
    client.force_login(UserFactory(member=MemberFactory()))

    assert client.get(PAGE, MARCH).status_code == 403


def test_a_stranger_is_asked_to_sign_in_and_comes_back_to_the_report(client):
    response = client.get(PAGE, MARCH, follow=True)

    page, _status = response.redirect_chain[-1]
    assert page.startswith(f"{reverse('staff_sign_in')}?next=/admin/reports/R1/%3Farea%3D")


@pytest.mark.parametrize("role", ["administrator", "auditor", "coordinator", "checker"])
@pytest.mark.parametrize("code", [CENTRAL, STREET, DISTRICT, TAIHE, "000000000000", "x' OR 1=1"])
def test_other_areas_are_not_there_for_the_readers_of_one_community(client, role, code):
    reader(client, role, SHIHUGUAN)

    response = client.get(PAGE, MARCH | {"area": code})

    assert response.status_code == 404


def test_the_choice_of_areas_ends_where_the_readers_reach_ends(client):
    reader(client, "checker", STREET)

    assert offered(client.get(PAGE)) == [STREET, SHIHUGUAN, CENTRAL, "530111001003"]


def test_a_clerk_of_one_community_who_checks_another_reads_the_other_only(client):
    user = reader(client, "checker", CENTRAL)
    StaffRole.objects.create(user=user, area=community(SHIHUGUAN), role="clerk")

    assert offered(client.get(PAGE)) == [CENTRAL]
    assert client.get(PAGE, MARCH).status_code == 404


def test_the_file_of_another_area_is_not_there_either(client):
    reader(client, "administrator", SHIHUGUAN)

    response = client.get(PAGE, MARCH | {"area": CENTRAL, "format": "xlsx"})

    assert response.status_code == 404


def test_without_a_choice_it_shows_last_month_of_the_highest_area(client):
    reader(client, "checker", STREET)

    report = client.get(PAGE).context["report"]

    first = timezone.localdate().replace(day=1)
    assert report.area.code == STREET
    assert report.period.end == first - datetime.timedelta(days=1)


def test_since_the_beginning_begins_with_the_first_visit_of_the_area(client):
    visit()
    reader(client)

    shown = client.get(PAGE, {"area": SHIHUGUAN, "preset": "all"}).context["report"]

    assert shown.period.start == datetime.date(2026, 3, 10)


def test_days_are_taken_as_people_write_them(client):
    reader(client)

    response = client.get(PAGE, MARCH | {"start": "2026年3月1日", "end": "２０２６．３．３１"})

    assert f"{response.context['report'].period.start}" == "2026-03-01"
    assert f"{response.context['report'].period.end}" == "2026-03-31"


@pytest.mark.parametrize(
    "days",
    [
        {"start": "x"},
        {"start": "2026-02-30"},
        {"start": ""},
        {"start": "2026-04-01"},
        {"start": "1900-01-01"},
        {"end": "<script>alert(1)</script>" * 5},
    ],
)
def test_days_that_make_no_period_are_sent_back_with_what_was_typed(client, days):
    reader(client)

    response = client.get(PAGE, MARCH | days)

    assert response.status_code == 200
    assert "report" not in response.context
    assert response.context["form"].errors
    assert "<script>alert" not in response.text


def test_a_start_without_an_end_is_asked_for_the_end(client):
    reader(client)

    response = client.get(PAGE, {"area": SHIHUGUAN, "start": "2026-03-01"})

    assert list(response.context["form"].errors) == ["end"]


@pytest.mark.parametrize("path", ["/admin/reports/R99/", f"{PAGE}?preset=never"])
def test_reports_and_presets_that_do_not_exist_are_not_found(client, path):
    reader(client)

    assert client.get(path).status_code == 404


def test_a_report_is_only_read(client):
    reader(client)

    assert client.post(PAGE, MARCH).status_code == 405


def test_the_page_shows_figures_chart_table_definitions_and_room_to_sign(client):
    visit()
    reader(client)

    page = client.get(PAGE, MARCH).text

    for words in ("hours served", "<svg", "March 2026", "Definitions", "Seal", "made for"):
        assert words in page


def test_names_on_the_page_are_shortened(client):
    undone = visit(elder=MemberFactory(name="欧阳修文"))
    undone.state = Visit.State.REVERSED
    undone.reversed_by, undone.reversed_at = StaffFactory(role="checker"), timezone.now()
    undone.save()
    reader(client)

    page = client.get(PAGE, MARCH).text

    assert "欧*文" in page
    assert "欧阳修文" not in page


def test_the_page_needs_no_script_and_no_style_of_its_own(client):
    visit()
    reader(client)

    page = client.get(PAGE, MARCH).text

    assert " style=" not in page
    assert "<style" not in page
    assert "onclick" not in page


def test_the_list_of_reports_leads_to_each(client):
    reader(client, "checker", SHIHUGUAN)

    assert reverse("admin:report", args=["R1"]) in client.get(reverse("admin:reports")).text


def test_the_page_runs_the_same_queries_for_one_visit_and_for_three(
    client, django_assert_num_queries
):
    visit()
    reader(client)
    with CaptureQueriesContext(connection) as first:
        client.get(PAGE, MARCH)
    visit()
    visit()

    with django_assert_num_queries(len(first)):
        client.get(PAGE, MARCH)
