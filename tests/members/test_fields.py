import datetime

import pytest
from django.utils import timezone

from members import fields, parsing


@pytest.fixture
def today(monkeypatch):
    monkeypatch.setattr(timezone, "localdate", lambda *at: datetime.date(2026, 11, 25))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("12-01", "2026-12-01"),
        ("3-1", "2027-03-01"),
        ("11-20", "2026-11-20"),
        ("8-1", "2026-08-01"),
        ("2026-01-05", "2026-01-05"),
        ("昨天", "2026-11-24"),
    ],
)
def test_a_day_without_a_year_is_the_nearest_one(today, text, day):
    assert str(fields.read_near_date(text)) == day


def test_a_day_that_has_not_come_is_not_past(today):
    assert str(fields.read_past_date("11-25")) == "2026-11-25"
    with pytest.raises(parsing.Impossible):
        fields.read_past_date("2026-11-26")


@pytest.mark.parametrize("text", ["2-29", "2028-01-01", "2-30", "x"])
def test_there_is_no_such_near_day(today, text):
    with pytest.raises(parsing.NotUnderstood):
        fields.read_near_date(text)
