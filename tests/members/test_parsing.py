import contextlib
import datetime

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from members import parsing

TODAY = datetime.date(2026, 11, 23)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2020-01-31", "2020-01-31"),
        ("2020.1.31", "2020-01-31"),
        ("2020/01/31", "2020-01-31"),
        ("2020年1月31日", "2020-01-31"),
        ("2020 年 1 月 31 号", "2020-01-31"),
        ("２０２０．１．３１", "2020-01-31"),
        ("二〇二〇年一月三十一日", "2020-01-31"),
        ("2020-01-31 星期五", "2020-01-31"),
        ("2020-01-31（周五）", "2020-01-31"),
        ("2020-01-31 00:00:00", "2020-01-31"),
        ("20200131", "2020-01-31"),
        (20200131, "2020-01-31"),
        ("20.1.31", "2020-01-31"),
        ("31 Jan 2020", "2020-01-31"),
        ("January 31, 2020", "2020-01-31"),
        (43861, "2020-01-31"),
        (43861.5, "2020-01-31"),
        (datetime.datetime(2020, 1, 31, 9), "2020-01-31"),
        (datetime.date(2020, 1, 31), "2020-01-31"),
        ("1月14日", "2026-01-14"),
        ("十一月二十二日", "2026-11-22"),
        ("11-22", "2026-11-22"),
        ("11-24", "2025-11-24"),
        ("2-29", "2024-02-29"),
        ("今天", "2026-11-23"),
        ("昨天", "2026-11-22"),
        ("前天", "2026-11-21"),
        ("-1", "2026-11-22"),
        (-1, "2026-11-22"),
    ],
)
def test_a_date_is_read_as_people_write_it(written, day):
    assert parsing.parse_date(written, today=TODAY) == datetime.date.fromisoformat(day)


@pytest.mark.parametrize(
    "written", ["2021.2.30", "20211301", "2020年13月1日", "2-30", "0000-01-01"]
)
def test_a_day_that_does_not_exist_is_impossible(written):
    with pytest.raises(parsing.Impossible):
        parsing.parse_date(written, today=TODAY)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "soon",
        "01/02/2020",
        "1e99",
        None,
        True,
        10.0**300,
        float("nan"),
        "9" * 5000,
        "31 Foo 2020",
    ],
)
def test_a_date_that_cannot_be_read_says_how_to_write_it(written):
    with pytest.raises(parsing.NotUnderstood, match="2020-01-31"):
        parsing.parse_date(written, today=TODAY)


@pytest.mark.parametrize("written", ["昨天", "-1", -1, 0])
def test_a_register_does_not_count_back_from_today(written):
    with pytest.raises(parsing.NotUnderstood):
        parsing.parse_date(written, today=TODAY, counts_back=False)


@pytest.mark.parametrize(
    ("written", "minutes"),
    [
        ("1.5小时", 90),
        ("１．５小时", 90),
        ("90分钟", 90),
        ("90分", 90),
        ("1小时30分", 90),
        ("1 小时 30 分钟", 90),
        ("1小时30", 90),
        ("1小时半", 90),
        ("一个半小时", 90),
        ("1个半小时", 90),
        ("半小时", 30),
        ("半个小时", 30),
        ("两小时", 120),
        ("两个小时", 120),
        ("十分钟", 10),
        ("四十五分钟", 45),
        ("一百二十分钟", 120),
        ("三刻钟", 45),
        ("约2小时", 120),
        ("1:30", 90),
        ("1h30", 90),
        ("1h 30min", 90),
        ("1.5 hours", 90),
        ("45 mins", 45),
        (datetime.time(1, 30), 90),
        (datetime.timedelta(minutes=90), 90),
    ],
)
def test_a_length_with_its_unit_is_read_as_people_write_it(written, minutes):
    assert parsing.parse_minutes(written, unit="minutes") == minutes
    assert parsing.parse_minutes(written, unit="hours") == minutes


@pytest.mark.parametrize(
    ("written", "unit", "minutes"),
    [
        (90, "minutes", 90),
        ("90", "minutes", 90),
        ("９０", "minutes", 90),
        (1.5, "minutes", 90),
        ("1.5", "minutes", 90),
        ("2.0", "minutes", 120),
        (2, "hours", 120),
        ("2", "hours", 120),
        (0.5, "hours", 30),
        ("0.5", "hours", 30),
        (90, "hours", 90),
        ("90", "hours", 90),
    ],
)
def test_a_bare_number_counts_what_the_place_says(written, unit, minutes):
    assert parsing.parse_minutes(written, unit=unit) == minutes


@pytest.mark.parametrize(
    "written", [-5, 0, 9999, "-5", "0", "9999", "-1小时", "25小时", "0分钟", 1e300]
)
@pytest.mark.parametrize("unit", ["minutes", "hours"])
def test_a_visit_lasts_from_a_minute_to_a_day(written, unit):
    with pytest.raises(parsing.Impossible):
        parsing.parse_minutes(written, unit=unit)


@pytest.mark.parametrize("written", ["", "long", "小时", "1小时半小时半", None, [], "=A1", "1.2.3"])
def test_a_length_that_cannot_be_read_says_how_to_write_it(written):
    with pytest.raises(parsing.NotUnderstood, match=r"1\.5"):
        parsing.parse_minutes(written, unit="minutes")


@pytest.mark.parametrize(
    ("written", "time"),
    [
        ("15:30", "15:30"),
        ("15：30", "15:30"),
        ("15:30:00", "15:30"),
        ("下午3点半", "15:30"),
        ("下午三点半", "15:30"),
        ("3:30 pm", "15:30"),
        ("3:30PM", "15:30"),
        ("15点30分", "15:30"),
        ("15时", "15:00"),
        ("上午9点一刻", "09:15"),
        ("中午12点", "12:00"),
        ("中午1点", "13:00"),
        ("晚上7点", "19:00"),
        ("12:10 am", "00:10"),
        ("1530", "15:30"),
        ("9", "09:00"),
        (9, "09:00"),
        (0.6458333333, "15:30"),
        (datetime.time(15, 29, 59, 999000), "15:30"),
        (datetime.datetime(2020, 1, 1, 15, 30), "15:30"),
        (datetime.timedelta(hours=15, minutes=30), "15:30"),
    ],
)
def test_a_time_of_day_is_read_as_people_write_it(written, time):
    assert parsing.parse_time(written) == datetime.time.fromisoformat(time)


@pytest.mark.parametrize("written", ["25:00", "12:61", "24:00", "9999"])
def test_a_time_that_does_not_exist_is_impossible(written):
    with pytest.raises(parsing.Impossible):
        parsing.parse_time(written)


@pytest.mark.parametrize("written", ["", "noon-ish", None, True, 1.5, "1:2:3:4"])
def test_a_time_that_cannot_be_read_says_how_to_write_it(written):
    with pytest.raises(parsing.NotUnderstood, match="15:30"):
        parsing.parse_time(written)


READERS = [
    lambda written: parsing.parse_date(written, today=TODAY),
    lambda written: parsing.parse_minutes(written, unit="hours"),
    parsing.parse_time,
]


@pytest.mark.parametrize("read", READERS)
@given(
    written=st.one_of(
        st.text(max_size=30), st.integers(), st.floats(), st.text("0123456789:.-年月日点半小时分")
    )
)
def test_whatever_is_written_is_read_or_not_understood(read, written):
    with contextlib.suppress(parsing.NotUnderstood):
        assert read(written) is not None


@pytest.mark.parametrize(("text", "minutes"), [("200小时", 12000), ("352.5", 21150), ("90", 90)])
def test_hours_of_a_whole_life_are_read_where_they_are_asked_for(text, minutes):
    most = parsing.MINUTES_OF_A_LIFE

    assert parsing.parse_minutes(text, unit="minutes", most=most) == minutes


@pytest.mark.parametrize("text", ["0", "-1", "10001小时", "999999"])
def test_more_than_a_life_is_no_length(text):
    with pytest.raises(parsing.Impossible, match="000"):
        parsing.parse_minutes(text, unit="minutes", most=parsing.MINUTES_OF_A_LIFE)


@pytest.mark.parametrize(
    ("written", "minutes"),
    [
        ("2", 120),
        ("30", 1800),
        ("1.5", 90),
        ("１．５", 90),
        (" 1 小时 30 分 ", 90),
        ("90分钟", 90),
        ("45 min", 45),
        ("半小时", 30),
        ("两个半小时", 150),
        ("三十", 1800),
        ("1:30", 90),
        ("36:00", 2160),
        ("200小时", 12000),
    ],
)
def test_an_amount_is_read_in_hours_however_many(written, minutes):
    assert parsing.parse_hours(written) == minutes


@pytest.mark.parametrize("written", ["", "0", "-2", "all", "1:75", "999999小时", "1e3", "<b>"])
def test_what_is_no_amount_is_answered_with_examples(written):
    with override("en"), pytest.raises(parsing.NotUnderstood, match="hours"):
        parsing.parse_hours(written)
