"""How a report is divided into rows: a community by month, a larger area by those within it.

Every query of a report groups by community and, for rows by month, by month (`bucket`); `key`
says which row such a group belongs to, so that each minute is counted in exactly one row.
"""

import datetime
import functools
from dataclasses import dataclass

from django.db.models import F
from django.db.models.expressions import Combinable
from django.db.models.functions import TruncMonth
from django.utils import formats
from django.utils.translation import gettext as _

from ledger.models import Period as ClosedPeriod
from members.models import Area
from timebank.reports.periods import Period

Key = int | datetime.date  # of an area, or the first day of a month


@dataclass(frozen=True)
class Row:
    key: Key
    name: str
    code: str
    period: Period
    communities: frozenset[int]


class Split:
    """The rows of one area and period, in the order in which they are shown."""

    def __init__(self, area: Area, period: Period):
        self.period = period
        self.is_by_month = area.level == Area.Level.COMMUNITY
        below = list(Area.objects.within(area).order_by("path"))
        self.communities = frozenset(place.pk for place in below)
        self.rows = self._months() if self.is_by_month else self._areas(area, below)
        self._row_of_area: dict[Key, Key] = {}
        if not self.is_by_month:
            self._row_of_area = {pk: row.key for row in self.rows for pk in row.communities}

    @functools.cached_property
    def has_closed_months(self) -> bool:
        """Whether figures may be stored, or count in another month than their own."""
        return ClosedPeriod.objects.filter(community__in=self.communities).exists()

    def bucket(self, day: str | Combinable, area: str = "area_id") -> Combinable:
        """What to group by, given the columns that hold the day and the area."""
        return TruncMonth(day) if self.is_by_month else F(area)

    def key(self, bucket: Key) -> Key:
        return self._row_of_area.get(bucket, bucket)

    def _months(self) -> list[Row]:
        return [
            Row(
                month.start.replace(day=1),
                formats.date_format(month.start, "YEAR_MONTH_FORMAT"),
                f"{month.start:%Y-%m}",
                month,
                self.communities,
            )
            for month in self.period.months()
        ]

    def _areas(self, area: Area, below: list[Area]) -> list[Row]:
        rows = []
        for child in (place for place in below if place.parent_id == area.pk):
            inside = frozenset(p.pk for p in below if p.path.startswith(child.path))
            rows.append(Row(child.pk, str(child), child.code, self.period, inside))
        itself = Row(
            area.pk, _("%(area)s itself") % {"area": area}, "", self.period, frozenset([area.pk])
        )
        return [*rows, itself]
