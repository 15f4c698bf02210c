"""The pilot's own workbook, from the copy that comes with the application."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from ledger.models import Transfer
from members.models import Member
from services.models import RegisterBatch, RegisterRow, Visit
from tests.factories import StaffFactory

WORKBOOK = Path(settings.BASE_DIR) / "demo" / "shihuguan-2020-2021.xlsx"
REFUSED = [
    (1373, "unknown_volunteer"),
    (1374, "impossible_date"),
    (1375, "end_before_start"),
    (1376, "duration_mismatch"),
    (1377, "duplicate"),
    (1378, "unknown_category"),
    (1379, "missing_elder"),
]
ON_BOTH_LISTS = ("于芳", "王伟")


@pytest.fixture
def staff(db):
    return StaffFactory(username="lin"), StaffFactory(username="zhao", role="checker")


def run(*options):
    out = StringIO()
    arguments = [str(WORKBOOK), "--area", "石虎关社区", "--by", "lin", "--format", "json"]
    call_command("import_register", *arguments, *options, stdout=out)
    return json.loads(out.getvalue())


def tables():
    return {
        model: list(model.objects.order_by("pk").values())
        for model in (Member, Visit, Transfer, RegisterBatch, RegisterRow)
    }


def test_the_pilots_register_gives_its_published_figures(staff):
    result = run("--approved-by", "zhao")

    assert result["on_record"] == {
        "people": 276,
        "volunteers": 108,
        "elders": 170,
        "visits": 1353,
        "elders_served": 163,
        "hours_served": 2121.0,
        "hours_banked": 937.0,
    }
    assert [(row["row"], row["kind"]) for row in result["refused"]] == REFUSED
    assert {row["sheet"] for row in result["refused"]} == {"服务记录表"}
    verified = StringIO()
    call_command("verify_ledger", "--format", "json", stdout=verified)
    assert json.loads(verified.getvalue())["clean"] is True


def test_who_is_on_both_lists_is_one_person(staff):
    run("--approved-by", "zhao")

    both = Member.objects.filter(volunteer__isnull=False, elder__isnull=False)
    assert sorted(both.values_list("name", flat=True)) == sorted(ON_BOTH_LISTS)


def test_a_second_run_changes_nothing(staff):
    first = run("--approved-by", "zhao")
    before = tables()

    second = run("--approved-by", "zhao")

    assert second == first
    assert tables() == before


def test_a_copy_of_the_register_brings_nothing_new(staff, tmp_path):
    run("--approved-by", "zhao")
    copy = tmp_path / "copy.xlsx"
    copy.write_bytes(_saved_again(WORKBOOK))
    out = StringIO()

    arguments = [str(copy), "--area", "530111001001", "--by", "lin", "--approved-by", "zhao"]
    call_command("import_register", *arguments, "--format", "json", stdout=out)

    result = json.loads(out.getvalue())
    assert result["rows"]["volunteer"] == {"same": 108}
    assert result["rows"]["elder"] == {"same": 170}
    assert result["rows"]["visit"] == {"cannot": 7, "same": 1353}
    assert [(row["row"], row["kind"]) for row in result["refused"]] == REFUSED


def test_without_an_approver_the_register_waits(staff):
    result = run()

    assert result["state"] == "prepared"
    assert result["rows"]["visit"] == {"cannot": 7, "new": 1353}
    assert not Visit.objects.exists()
    assert not Member.objects.exists()


def test_a_dry_run_shows_the_result_and_keeps_nothing(staff):
    before = tables()

    result = run("--dry-run")

    assert result["rows"]["visit"] == {"cannot": 7, "new": 1353}
    assert tables() == before


def _saved_again(path):
    """The same cells in a file with other bytes."""
    import io

    import openpyxl

    book = openpyxl.load_workbook(path)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
