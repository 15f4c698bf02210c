from datetime import date

import pytest

from services import workdays
from services.models import Holiday

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("since", "until", "count"),
    [
        (date(2026, 11, 20), date(2026, 11, 20), 0),
        (date(2026, 11, 20), date(2026, 11, 23), 1),  # Friday to Monday
        (date(2026, 11, 9), date(2026, 11, 23), 10),
        (date(2026, 11, 23), date(2026, 11, 20), 0),  # a date in the future has no delay
    ],
)
def test_weekends_do_not_count(since, until, count):
    assert workdays.passed(since, until) == count


def test_public_holidays_do_not_count():
    # The first week of October 2024 was off from Tuesday the 1st to Monday the 7th.
    assert workdays.passed(date(2024, 9, 30), date(2024, 10, 8)) == 1


def test_a_weekend_worked_in_place_of_a_holiday_counts():
    # Saturday 12 October 2024 was worked.
    assert workdays.passed(date(2024, 10, 11), date(2024, 10, 13)) == 1


def test_a_day_that_an_administrator_corrects_counts_as_corrected():
    Holiday.objects.create(day=date(2027, 3, 3), is_workday=False)

    assert workdays.passed(date(2027, 3, 2), date(2027, 3, 4)) == 1


def test_many_years_ask_the_database_once(django_assert_num_queries):
    with django_assert_num_queries(1):
        workdays.passed(date(2019, 1, 1), date(2026, 11, 23))
