import datetime

import pytest

from timebank.reports.periods import NotAPeriod, Period, Preset

TODAY = datetime.date(2026, 11, 23)
FIRST = datetime.date(2020, 1, 14)


@pytest.mark.parametrize(
    ("preset", "start", "end"),
    [
        (Preset.THIS_MONTH, "2026-11-01", "2026-11-30"),
        (Preset.LAST_MONTH, "2026-10-01", "2026-10-31"),
        (Preset.THIS_QUARTER, "2026-10-01", "2026-12-31"),
        (Preset.THIS_YEAR, "2026-01-01", "2026-12-31"),
        (Preset.ALL, "2020-01-14", "2026-11-23"),
    ],
)
def test_a_preset_means_whole_months(preset, start, end):
    period = Period.preset(preset, today=TODAY, first_day=FIRST)

    assert (f"{period.start}", f"{period.end}") == (start, end)


def test_last_month_of_january_is_december_of_the_year_before():
    january = datetime.date(2027, 1, 31)

    period = Period.preset(Preset.LAST_MONTH, today=january, first_day=None)

    assert period == Period(datetime.date(2026, 12, 1), datetime.date(2026, 12, 31))


def test_since_the_beginning_is_today_where_nothing_has_begun():
    assert Period.preset(Preset.ALL, today=TODAY, first_day=None) == Period(TODAY, TODAY)


def test_the_months_of_a_period_are_cut_to_it_and_leave_no_gap():
    period = Period(datetime.date(2020, 1, 14), datetime.date(2020, 3, 2))

    months = list(period.months())

    assert [f"{month.start} {month.end}" for month in months] == [
        "2020-01-14 2020-01-31",
        "2020-02-01 2020-02-29",
        "2020-03-01 2020-03-02",
    ]


def test_a_period_of_one_day_is_a_period():
    assert list(Period(TODAY, TODAY).months()) == [Period(TODAY, TODAY)]


@pytest.mark.parametrize("end", [datetime.date(2026, 11, 22), datetime.date(2057, 1, 1)])
def test_a_period_that_ends_too_early_or_too_late_is_none(end):
    with pytest.raises(NotAPeriod):
        Period(TODAY, end)
