"""From which day to which day a report counts, both days included."""

import calendar
import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

Day = datetime.date


class Preset(models.TextChoices):
    THIS_MONTH = "this_month", _("this month")
    LAST_MONTH = "last_month", _("last month")
    THIS_QUARTER = "this_quarter", _("this quarter")
    THIS_YEAR = "this_year", _("this year")
    ALL = "all", _("since the beginning")


class NotAPeriod(ValueError):
    """The days make no period; the message says why, in words of the reader."""


LONGEST_YEARS = 30


@dataclass(frozen=True)
class Period:
    start: Day
    end: Day

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise NotAPeriod(_("The last day lies before the first."))
        if self.end.year - self.start.year > LONGEST_YEARS:
            words = _("A report covers at most %(years)d years.")
            raise NotAPeriod(words % {"years": LONGEST_YEARS})

    @classmethod
    def month_of(cls, day: Day) -> Self:
        last = calendar.monthrange(day.year, day.month)[1]
        return cls(day.replace(day=1), day.replace(day=last))

    @classmethod
    def preset(cls, preset: Preset, *, today: Day, first_day: Day | None) -> Self:
        """The period that a preset means today; the whole month or quarter, also when it runs.

        `first_day` is where "since the beginning" begins: the first visit, if there is one.
        """
        if preset == Preset.THIS_MONTH:
            return cls.month_of(today)
        if preset == Preset.LAST_MONTH:
            return cls.month_of(today.replace(day=1) - datetime.timedelta(days=1))
        if preset == Preset.THIS_QUARTER:
            first_month = today.month - (today.month - 1) % 3
            last = calendar.monthrange(today.year, first_month + 2)[1]
            return cls(
                datetime.date(today.year, first_month, 1),
                datetime.date(today.year, first_month + 2, last),
            )
        if preset == Preset.THIS_YEAR:
            return cls(today.replace(month=1, day=1), today.replace(month=12, day=31))
        return cls(min(first_day or today, today), today)

    @property
    def day_before(self) -> Day:
        return self.start - datetime.timedelta(days=1)

    def months(self) -> Iterator["Period"]:
        """The months of the period in their order, the first and the last cut to it."""
        first = self.start
        while first <= self.end:
            last = min(Period.month_of(first).end, self.end)
            yield Period(first, last)
            first = last + datetime.timedelta(days=1)
