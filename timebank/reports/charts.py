"""Served and banked hours as a picture, drawn on the server (docs/decisions/0005).

Geometry only, for templates/timebank/report_chart.html: widths in percent, heights in rem. Such a
drawing needs neither script nor inline style, and its letters keep their size on a phone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from timebank.templatetags.figures import hours

# Of upright columns, in rem: the first line of the scale, the tallest column, the words below it.
TOP = 1.0
TALLEST = 12.0
TICKS = TOP + TALLEST + 1.1
SUBTICKS = TICKS + 1.2
NUMBER_ABOVE_LINE = 0.3
# Of lying bars, in rem: from one to the next.
BAR_STEP = 4.0
ROUND_TOPS = (1, 2, 3, 4, 6, 8, 10)  # each has quarters that are easy to read
SMALLEST_TOP = 4  # hours


@dataclass(frozen=True)
class Point:
    """One bar to be drawn: minutes served and, within them, minutes banked.

    `tick` stands below an upright column, unless it `is_minor` and the screen is narrow; `subtick`
    below it where a new year begins.
    """

    label: str
    served: int
    banked: int
    tick: str = ""
    is_minor: bool = False
    subtick: str = ""

    @property
    def words(self) -> str:
        values = {
            "label": self.label,
            "served": hours(self.served),
            "banked": hours(self.banked),
        }
        return _("%(label)s: %(served)s h served, %(banked)s h banked") % values


@dataclass(frozen=True)
class Bar:
    """Where a bar begins and how long its two parts are: SVG lengths."""

    point: Point
    at: str
    middle: str = ""
    served_at: str = "0"
    served_size: str = "0"
    banked_at: str = "0"
    banked_size: str = "0"


@dataclass(frozen=True)
class Line:
    """One line of the scale, and where its number stands."""

    at: str
    text_at: str
    minutes: float


@dataclass(frozen=True)
class Chart:
    title: str | Promise
    points: Sequence[Point]
    bars: Sequence[Bar]
    height: str
    lines: Sequence[Line] = ()
    bar_width: str = ""
    ticks_at: str = ""
    subticks_at: str = ""

    @property
    def is_upright(self) -> bool:
        return bool(self.lines)

    @property
    def summary(self) -> str:
        """The picture in a sentence, for those who do not see it."""
        most = max(self.points, key=lambda point: point.served)
        return _("The most: %(words)s. The table below has every figure.") % {"words": most.words}


def columns(title: str | Promise, points: Sequence[Point]) -> Chart:
    """Upright columns side by side, for points in time."""
    top = scale_top(max(point.served for point in points))
    step = 100 / len(points)

    def size(minutes: int) -> float:
        return TALLEST * minutes / top

    bars = [
        Bar(
            point,
            at=_percent(index * step + step * 0.15),
            middle=_percent(index * step + step / 2),
            served_at=_rem(TOP + TALLEST - size(point.served)),
            served_size=_rem(size(point.served)),
            banked_at=_rem(TOP + TALLEST - size(point.banked)),
            banked_size=_rem(size(point.banked)),
        )
        for index, point in enumerate(points)
    ]
    return Chart(
        title,
        points,
        bars,
        height=_rem(SUBTICKS + 0.3),
        lines=[_line(share, top) for share in (1, 0.75, 0.5, 0.25, 0)],
        bar_width=_percent(step * 0.7),
        ticks_at=_rem(TICKS),
        subticks_at=_rem(SUBTICKS),
    )


def rows(title: str | Promise, points: Sequence[Point]) -> Chart:
    """Lying bars below each other, for areas: their names need room."""
    top = max(max(point.served for point in points), 1)
    bars = [
        Bar(
            point,
            at=_rem(index * BAR_STEP),
            served_size=_percent(100 * point.served / top),
            banked_size=_percent(100 * point.banked / top),
        )
        for index, point in enumerate(points)
    ]
    return Chart(title, points, bars, height=_rem(len(points) * BAR_STEP))


def scale_top(minutes: int) -> int:
    """The end of the scale in minutes: the next round number of hours."""
    needed = max(minutes / 60, SMALLEST_TOP)
    power = 10 ** math.floor(math.log10(needed))
    return 60 * next(power * top for top in ROUND_TOPS if power * top >= needed)


def _line(share: float, top: int) -> Line:
    at = TOP + TALLEST * (1 - share)
    return Line(_rem(at), _rem(at - NUMBER_ABOVE_LINE), top * share)


def _percent(value: float) -> str:
    return f"{value:.2f}%"


def _rem(value: float) -> str:
    return f"{value:.2f}rem"
