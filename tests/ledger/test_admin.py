"""The versions of the rules in the administration: to be read."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ledger.models import Policy
from members.models import Area
from tests.factories import StaffFactory

pytestmark = pytest.mark.django_db

SHIHUGUAN, CENTRAL, DISTRICT = "530111001001", "530111001002", "530111000000"
LIST = "/admin/ledger/policy/"


def reader(client, role="administrator", code=SHIHUGUAN):
    client.force_login(StaffFactory(role=role, area=Area.objects.get(code=code)))


def policy(code, day="2026-01-01"):
    area = Area.objects.get(code=code)
    return Policy.objects.create(area=area, effective_from=datetime.date.fromisoformat(day))


def listed(response):
    return {row.area.code if row.area else "" for row in response.context["cl"].result_list}


@pytest.mark.parametrize("role", ["administrator", "auditor"])
def test_the_rules_that_hold_for_an_area_are_listed_also_inherited_ones(client, role):
    for code in (SHIHUGUAN, CENTRAL, DISTRICT):
        policy(code)
    reader(client, role)

    assert listed(client.get(LIST)) == {"", SHIHUGUAN, DISTRICT}


def test_a_district_sees_the_rules_of_its_communities(client):
    policy(CENTRAL)
    reader(client, code=DISTRICT)

    assert listed(client.get(LIST)) == {"", CENTRAL}


@pytest.mark.parametrize("role", ["clerk", "checker", "coordinator"])
def test_others_of_the_staff_read_none(client, role):
    reader(client, role)

    assert client.get(LIST, follow=True).status_code == 403


@pytest.mark.parametrize("role", ["administrator", "auditor"])
def test_no_version_is_added_changed_or_deleted_here(client, role):
    version = policy(SHIHUGUAN)
    reader(client, role)

    assert client.post(reverse("admin:ledger_policy_add")).status_code == 403
    for view in ("change", "delete"):
        place = reverse(f"admin:ledger_policy_{view}", args=[version.pk])
        assert client.post(place, {"day_cap": 1, "post": "yes"}).status_code == 403
    version.refresh_from_db()
    assert version.day_cap == 240


def test_the_list_runs_as_many_queries_for_one_row_as_for_three(client):
    policy(SHIHUGUAN)
    reader(client)
    client.get(LIST)
    with CaptureQueriesContext(connection) as one:
        client.get(LIST)
    policy(SHIHUGUAN, "2026-02-01")
    policy(SHIHUGUAN, "2026-03-01")

    with CaptureQueriesContext(connection) as three:
        client.get(LIST)

    assert len(three) == len(one)
