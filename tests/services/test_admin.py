"""The administration's pages of services: all that is on record to read, little to edit."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from members.models import Area
from services.models import Category, Holiday, RegisterBatch, Visit
from tests.factories import (
    MemberFactory,
    StaffFactory,
    UserFactory,
    VisitFactory,
    VolunteerFactory,
    community,
)

pytestmark = pytest.mark.django_db

DISTRICT, SHIHUGUAN, CENTRAL = "530111000000", "530111001001", "530111001002"
LISTS = ["visit", "category", "holiday", "registerbatch"]


def page(model, view="changelist", *args):
    return reverse(f"admin:services_{model}_{view}", args=args)


def reader(client, role="administrator", code=SHIHUGUAN):
    user = StaffFactory(role=role, area=Area.objects.get(code=code))
    client.force_login(user)
    return user


def visit(code=SHIHUGUAN, **fields):
    return VisitFactory(
        volunteer=VolunteerFactory(member__area=community(code)).member,
        service_date=datetime.date(2026, 3, 10),
        **fields,
    )


def batch(code=SHIHUGUAN, name="台账.xlsx"):
    return RegisterBatch.objects.create(
        area=community(code), file_name=name, file_hash=name, entered_by=StaffFactory()
    )


@pytest.mark.parametrize("model", LISTS)
@pytest.mark.parametrize("role", ["administrator", "auditor"])
def test_administrators_and_auditors_read_every_list(client, model, role):
    visit()
    batch()
    reader(client, role)

    assert client.get(page(model)).status_code == 200


@pytest.mark.parametrize("model", LISTS)
@pytest.mark.parametrize("role", ["clerk", "checker", "coordinator"])
def test_others_of_the_staff_read_none(client, model, role):
    reader(client, role)

    assert client.get(page(model), follow=True).status_code == 403


@pytest.mark.parametrize("model", LISTS)
def test_a_member_reads_none(client, model):
    client.force_login(UserFactory(member=MemberFactory()))

    assert client.get(page(model), follow=True).status_code == 403


def test_visits_of_another_community_are_not_there(client):
    own, other = visit(), visit(CENTRAL)
    reader(client)

    response = client.get(page("visit"))

    assert list(response.context["cl"].result_list) == [own]
    assert str(other.area) not in response.text
    assert client.get(page("visit", "change", other.pk)).status_code == 302


def test_registers_of_another_community_are_not_there(client):
    own, other = batch(), batch(CENTRAL, "别的.xlsx")
    reader(client)

    assert list(client.get(page("registerbatch")).context["cl"].result_list) == [own]
    assert client.get(page("registerbatch", "change", other.pk)).status_code == 302


@pytest.mark.parametrize("model", ["visit", "registerbatch"])
def test_what_happened_is_neither_added_nor_changed_nor_deleted_here(client, model):
    row = visit() if model == "visit" else batch()
    reader(client)

    assert client.get(page(model, "change", row.pk)).status_code == 200
    assert client.post(page(model, "change", row.pk), {"note": "changed"}).status_code == 403
    assert client.get(page(model, "add")).status_code == 403
    assert client.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    client.post(page(model), {"action": "delete_selected", "_selected_action": [row.pk]})
    assert type(row).objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("found_by", ["name", "number"])
def test_visits_are_found_by_the_persons_name_and_number(client, found_by):
    person = MemberFactory(name="王秀英")
    found = VisitFactory(volunteer=VolunteerFactory(member=person).member)
    VisitFactory(volunteer=VolunteerFactory(member__name="赵玉德").member)
    reader(client)

    response = client.get(page("visit"), {"q": getattr(person, found_by)})

    assert list(response.context["cl"].result_list) == [found]


def test_who_administers_all_areas_edits_a_category_but_not_its_code(client):
    reader(client, code=DISTRICT)
    category = Category.objects.get(code="shopping")

    response = client.post(
        page("category", "change", "shopping"),
        {
            "code": "errands",
            "name_zh": "代购",
            "name_en": "Errands",
            "position": 4,
            "usual_minutes": 45,
            "is_bankable": "on",
        },
    )

    category.refresh_from_db()
    assert response.status_code == 302
    assert (category.name_zh, category.usual_minutes) == ("代购", 45)
    assert not Category.objects.filter(code="errands").exists()


def test_who_administers_all_areas_adds_and_takes_out_a_holiday(client):
    reader(client, code=DISTRICT)
    day = {"day": "2027-02-08", "is_workday": "", "name": "春节"}

    client.post(page("holiday", "add"), day)
    assert Holiday.objects.filter(day="2027-02-08").exists()
    client.post(page("holiday", "delete", "2027-02-08"), {"post": "yes"})

    assert not Holiday.objects.filter(day="2027-02-08").exists()


@pytest.mark.parametrize("view", ["add", "change", "delete"])
@pytest.mark.parametrize("model", ["category", "holiday"])
@pytest.mark.parametrize(
    ("role", "code"), [("auditor", DISTRICT), ("administrator", "530111001000")]
)
def test_who_audits_or_administers_a_part_changes_nothing_that_holds_for_all(
    client, model, view, role, code
):
    row = Category.objects.first() if model == "category" else Holiday.objects.first()
    reader(client, role, code)
    before = list(type(row).objects.values_list())

    args = [] if view == "add" else [row.pk]
    response = client.post(page(model, view, *args), {"post": "yes", "name_zh": "changed"})

    assert response.status_code == 403
    assert list(type(row).objects.values_list()) == before


def test_a_category_is_never_deleted(client):
    reader(client)

    response = client.post(page("category", "delete", "shopping"), {"post": "yes"})

    assert response.status_code == 403


@pytest.mark.parametrize(("model", "make"), [("visit", visit), ("registerbatch", batch)])
def test_a_list_runs_as_many_queries_for_one_row_as_for_three(client, model, make):
    names = iter(["一.xlsx", "二.xlsx", "三.xlsx"])

    def one():
        return make(name=next(names)) if model == "registerbatch" else make()

    one()
    reader(client)
    client.get(page(model))
    with CaptureQueriesContext(connection) as for_one:
        client.get(page(model))
    one()
    one()

    with CaptureQueriesContext(connection) as for_three:
        assert client.get(page(model)).context["cl"].result_count == 3

    assert len(for_three) == len(for_one)


def test_states_are_read_in_words(client):
    visit(state=Visit.State.COMPLETED)
    reader(client)

    assert "COMPLETED" not in client.get(page("visit")).text
