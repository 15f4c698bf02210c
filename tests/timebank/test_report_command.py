"""manage.py report: keys that stay, and clear words for what it does not know."""

import datetime
import json

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from members.models import Area
from services.models import Visit
from tests.factories import ElderFactory, MemberFactory, VisitFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def report(capsys):
    def run(code="R1", **options):
        options = {"area": "石虎关社区", "start": "2020-01-14", "end": "2021-06-30"} | options
        call_command("report", code, **options)
        return capsys.readouterr().out

    return run


def visit(minutes=90, **fields):
    return VisitFactory(
        service_date=datetime.date(2020, 3, 10),
        state=Visit.State.CONFIRMED,
        confirmed_at=timezone.now(),
        served_minutes=minutes,
        not_banked={"waived": minutes},
        **fields,
    )


def test_json_has_minutes_and_hours_under_keys_that_stay(report):
    visit(90)
    visit(60, elder=ElderFactory(member=MemberFactory(birth_date=None)).member)

    data = json.loads(report(format="json"))

    assert data["report"] == "R1"
    assert data["area"]["code"] == "530111001001"
    assert data["period"] == {"from": "2020-01-14", "to": "2021-06-30"}
    assert (data["served_minutes"], data["served_hours"]) == (150, 2.5)
    assert (data["banked_minutes"], data["banked_hours"]) == (0, 0)
    assert (data["visits"], data["elders_served"], data["volunteers"]) == (2, 2, 2)
    assert data["elders_served_80_plus_alone_or_empty_nest"] == 1
    assert data["elders_without_birth_date"] == 1
    assert data["not_banked_hours"] == {"waived": 2.5}
    assert data["ledger_difference_minutes"] == 0


def test_json_has_the_rows_by_month_and_by_category(report):
    visit(90)

    data = json.loads(report(format="json"))

    by_code = {line["code"]: line for line in data["by_category"]}
    assert by_code["companionship"]["served_hours"] == 1.5
    assert by_code["companionship"]["name"] == "情感陪伴"
    months = {line["code"]: line["served_minutes"] for line in data["by_month"]}
    assert len(months) == 18
    assert months["2020-03"] == 90


def test_json_of_a_larger_area_has_its_rows_by_area(report):
    visit(90)

    data = json.loads(report(area="关上街道", format="json"))

    rows = {line["code"]: line["served_minutes"] for line in data["by_area"]}
    assert rows == {"530111001001": 90, "530111001002": 0, "530111001003": 0}


@pytest.mark.parametrize("area", ["530111001001", "石虎关社区", "Shihuguan Community"])
def test_an_area_is_known_by_code_and_by_either_name(report, area):
    assert json.loads(report(area=area, format="json"))["area"]["code"] == "530111001001"


def test_text_and_csv_are_printed(report):
    visit(90)

    assert "1.5" in report()
    assert "2020-03" in report(format="csv") or "2020年3月" in report(format="csv")


def test_an_unknown_area_is_named(report):
    with pytest.raises(CommandError, match="There is no area 翠湖社区"):
        report(area="翠湖社区")


def test_of_two_areas_of_one_name_the_code_is_asked_for(report):
    street = Area.objects.get(code="530111002000")
    Area.objects.create(
        code="530111002099",
        name_zh="石虎关社区",
        name_en="Another",
        level="community",
        parent=street,
        path=f"{street.path}530111002099/",
    )

    with pytest.raises(CommandError, match="530111001001, 530111002099"):
        report()


def test_an_unknown_report_is_named(report):
    with pytest.raises(CommandError, match="There is no report R99"):
        report("R99")


@pytest.mark.parametrize("written", ["soon", "2020-02-30"])
def test_a_day_that_is_none_is_named(report, written):
    with pytest.raises(CommandError, match=f"--from {written}"):
        report(start=written)


def test_a_period_that_ends_before_it_starts_is_refused(report):
    with pytest.raises(CommandError):
        report(start="2021-07-01")
