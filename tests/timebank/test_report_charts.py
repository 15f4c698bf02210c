import pytest
from django.utils import translation

from timebank.reports import charts
from timebank.reports.charts import Point

POINTS = [Point("January", 600, 300, tick="1"), Point("February", 2400, 0, tick="2")]


@pytest.mark.parametrize(
    ("minutes", "hours"),
    [
        (0, 4),
        (239, 4),
        (241, 6),
        (601, 20),
        (60 * 41, 60),
        (60 * 217, 300),
        (60 * 2121, 3000),
        (60 * 100, 100),
    ],
)
def test_the_scale_ends_at_the_next_round_number_of_hours(minutes, hours):
    assert charts.scale_top(minutes) == hours * 60


def test_columns_stand_on_the_ground_and_share_the_width():
    chart = charts.columns("Hours", POINTS)

    january, february = chart.bars
    assert (january.at, february.at) == ("7.50%", "57.50%")
    assert chart.bar_width == "35.00%"
    assert (january.served_at, january.served_size) == ("10.00rem", "3.00rem")
    assert (january.banked_at, january.banked_size) == ("11.50rem", "1.50rem")
    assert (february.served_at, february.served_size) == ("1.00rem", "12.00rem")
    assert february.banked_size == "0.00rem"


def test_the_longest_row_takes_the_whole_width():
    chart = charts.rows("Hours", POINTS)

    assert [bar.served_size for bar in chart.bars] == ["25.00%", "100.00%"]
    assert [bar.banked_size for bar in chart.bars] == ["12.50%", "0.00%"]


def test_rows_without_hours_have_no_length():
    chart = charts.rows("Hours", [Point("石虎关社区", 0, 0)])

    assert chart.bars[0].served_size == "0.00%"


def test_the_picture_is_told_in_a_sentence():
    with translation.override("en"):
        summary = charts.columns("Hours", POINTS).summary

    assert "February: 40 h served, 0 h banked" in summary
