import datetime

import pytest

from services.registers import visit_rows
from services.registers.cells import Cannot

TODAY = datetime.date(2026, 11, 23)
WRITTEN = {
    "date": "2020-01-31",
    "volunteer": "王敏",
    "elder": "李建国",
    "category": "情感陪伴",
    "start": "9:00",
    "end": "10:00",
    "hours": 1,
    "banked": "是",
}


def understand(without=(), year_end=TODAY, **changes):
    written = {name: value for name, value in WRITTEN.items() if name not in without} | changes
    return visit_rows.understand(
        written,
        year_end=year_end,
        first_day=datetime.date(2018, 1, 1),
        today=TODAY,
        categories={"情感陪伴": "companionship"},
        rounding=30,
    )


def refusal(**changes):
    with pytest.raises(Cannot) as caught:
        understand(**changes)
    return caught.value.code


def warnings(**changes):
    return [warning["code"] for warning in understand(**changes)["warnings"]]


def test_a_plain_row_is_understood():
    assert understand() == {
        "date": "2020-01-31",
        "volunteer_name": "王敏",
        "volunteer_digits": "",
        "elder_name": "李建国",
        "elder_digits": "",
        "category": "companionship",
        "start": "09:00",
        "end": "10:00",
        "minutes": 60,
        "choice": "bank",
        "method": "paper",
        "note": "",
        "warnings": [],
    }


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"without": ["date"]}, "missing_date"),
        ({"date": "2021.2.30"}, "impossible_date"),
        ({"date": "昨天"}, "impossible_date"),
        ({"date": "2026-11-24"}, "in_the_future"),
        ({"date": "1900-01-01"}, "too_early"),
        ({"date": 1}, "too_early"),
        ({"date": "2017-12-31"}, "too_early"),
        ({"without": ["volunteer"]}, "missing_volunteer"),
        ({"without": ["elder"]}, "missing_elder"),
        ({"elder": "  "}, "missing_elder"),
        ({"elder": "李建国、张芳"}, "several_names"),
        ({"volunteer": "王" * 300}, "name_too_long"),
        ({"without": ["category"]}, "missing_category"),
        ({"category": "打麻将"}, "unknown_category"),
        ({"start": "25:00"}, "impossible_time"),
        ({"end": "8:00"}, "end_before_start"),
        ({"end": "9:00"}, "end_before_start"),
        ({"without": ["hours", "start"]}, "missing_minutes"),
        ({"hours": -5}, "impossible_minutes"),
        ({"hours": 0}, "impossible_minutes"),
        ({"hours": 9999}, "impossible_minutes"),
        ({"hours": "long"}, "impossible_minutes"),
        ({"hours": 3}, "duration_mismatch"),
        ({"hours": "1.5小时"}, "duration_mismatch"),
        ({"banked": "maybe"}, "unknown_mark"),
        ({"hours": "=F2-E2"}, "formula"),
        ({"note": "x" * 501}, "text_too_long"),
    ],
)
def test_a_fault_is_named(changes, code):
    assert refusal(**changes) == code


@pytest.mark.parametrize(
    ("written", "name", "digits"),
    [
        ("王敏(8225)", "王敏", "8225"),
        ("王敏（8225）", "王敏", "8225"),
        ("王  敏 【8225】", "王敏", "8225"),
        ("王敏[尾号8225]", "王敏", "8225"),
        ("王敏 13812348225", "王敏", "13812348225"),
        ("王敏8225", "王敏", "8225"),
        ("王敏-8225", "王敏", "8225"),
        ("王敏()", "王敏", ""),
        ("王话", "王话", ""),
        ("Ann  Smith (8225)", "Ann Smith", "8225"),
    ],
)
def test_the_end_of_a_phone_stands_beside_a_name_in_any_bracket(written, name, digits):
    seen = understand(volunteer=written)

    assert (seen["volunteer_name"], seen["volunteer_digits"]) == (name, digits)


def test_a_phone_column_tells_namesakes_apart_too():
    seen = understand(elder_phone="138-1234-8225")

    assert seen["elder_digits"] == "13812348225"


@pytest.mark.parametrize(
    ("mark", "choice"),
    [
        ("是", "bank"),
        ("√", "bank"),
        ("Yes", "bank"),
        (True, "bank"),
        (1, "bank"),
        ("已存入", "bank"),
        ("否", "waive"),
        ("×", "waive"),
        ("no", "waive"),
        (False, "waive"),
        (0, "waive"),
        ("", "waive"),
        ("捐赠", "donate"),
        ("Donated", "donate"),
    ],
)
def test_the_mark_says_whether_the_hours_were_banked_or_donated(mark, choice):
    assert understand(banked=mark)["choice"] == choice


def test_without_a_column_of_marks_hours_bank_and_the_preview_says_so():
    seen = understand(without=["banked"])

    assert seen["choice"] == "bank"
    assert seen["warnings"] == [{"code": "no_mark"}]


@pytest.mark.parametrize(
    ("changes", "minutes"),
    [
        ({"without": ["hours"]}, 60),
        ({"without": ["start", "end"], "hours": "一个半小时"}, 90),
        ({"without": ["start", "end", "hours"], "minutes": 45}, 45),
        ({"without": ["start", "end"], "hours": 1, "minutes": 30}, 90),
        ({"without": ["start", "end"], "hours": 0, "minutes": 30}, 30),
        ({"without": ["start", "end"], "hours": 1.5, "minutes": 90}, 90),
        ({"without": ["start", "end", "hours"], "period": "9:00-10:30"}, 90),
        ({"without": ["start", "end", "hours"], "period": "上午9点至11点"}, 120),
        ({"end": "10:10"}, 60),
    ],
)
def test_the_length_is_read_from_wherever_it_stands(changes, minutes):
    assert understand(**changes)["minutes"] == minutes


def test_a_length_that_was_rounded_on_paper_counts_and_is_pointed_out():
    assert warnings(end="10:10") == ["rounded"]


def test_a_date_without_a_year_takes_the_sheets_year_and_is_pointed_out():
    seen = understand(date="3月4日", year_end=datetime.date(2020, 12, 31))

    assert seen["date"] == "2020-03-04"
    assert seen["warnings"] == [{"code": "year_assumed", "value": "2020-03-04"}]


@pytest.mark.parametrize(
    ("written", "method"),
    [
        ("签字", "signature"),
        ("电话回访", "callback"),
        ("照片", "photo"),
        ("Phone call", "callback"),
    ],
)
def test_how_it_was_confirmed_is_read(written, method):
    assert understand(method=written)["method"] == method


def test_an_unknown_way_of_confirming_counts_as_paper_and_is_pointed_out():
    assert understand(method="梦")["method"] == "paper"
    assert warnings(method="梦") == ["not_understood"]


def test_columns_without_a_meaning_go_into_the_note():
    seen = understand(note="下雨", extra={"地点": "家里"})

    assert seen["note"] == "下雨；地点: 家里"
