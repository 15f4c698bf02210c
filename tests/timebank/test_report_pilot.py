"""The pilot's own register, imported by the command, ends in the pilot's published figures."""

import json
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.factories import StaffFactory

pytestmark = pytest.mark.django_db

REGISTER = Path(__file__).resolve().parents[2] / "demo" / "shihuguan-2020-2021.xlsx"
PUBLISHED = {
    "volunteers": 108,
    "active_volunteers": 108,
    "elders_registered": 170,
    "elders_served": 163,
    "elders_served_80_plus_alone_or_empty_nest": 42,
    "visits": 1353,
    "served_hours": 2121,
    "banked_hours": 937,
}
HOURS_BY_CATEGORY = {
    "日常生活照顾": 407.5,
    "情感陪伴": 566.5,
    "日常看望": 504.5,
    "协助陪同购物": 194,
    "陪同就医": 193.5,
    "健康指导": 170,
    "紧急援助": 27.5,
    "资源链接": 57.5,
}


@pytest.fixture
def report(capsys, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    clerk, checker = StaffFactory(role="clerk"), StaffFactory(role="checker")
    call_command(
        "import_register",
        REGISTER,
        area="石虎关社区",
        by=clerk.username,
        approved_by=checker.username,
    )

    def run(area):
        capsys.readouterr()
        options = {"area": area, "start": "2020-01-14", "end": "2021-06-30"}
        call_command("report", "R1", format="json", **options)
        return json.loads(capsys.readouterr().out)

    return run


def test_the_pilots_register_gives_the_pilots_published_figures_and_they_add_up(report):
    shihuguan = report("石虎关社区")

    assert {key: shihuguan[key] for key in PUBLISHED} == PUBLISHED
    by_category = {line["name"]: line["served_hours"] for line in shihuguan["by_category"]}
    assert by_category == HOURS_BY_CATEGORY
    assert shihuguan["elders_without_birth_date"] == 1
    assert shihuguan["not_banked_hours"] == {"waived": 1184}
    assert shihuguan["ledger_difference_minutes"] == 0
    assert (shihuguan["member_balance_hours"], shihuguan["pool_balance_hours"]) == (937, -937)

    street, district = report("关上街道"), report("官渡区")
    for key in ("visits", "served_minutes", "banked_minutes", "new_volunteers"):
        assert sum(month[key] for month in shihuguan["by_month"]) == shihuguan[key]
        for larger in (street, district):
            assert sum(area[key] for area in larger["by_area"]) == larger[key] == shihuguan[key]
    assert shihuguan["by_month"][-1]["member_balance_hours"] == 937
