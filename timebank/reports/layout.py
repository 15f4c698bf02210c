"""What every report is made of, however it is shown: key figures, tables, charts, definitions.

A report hands over a `Document`; the page, the workbook, the csv file and the command show it.
Amounts of time are minutes everywhere and become hours only when they are shown.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import formats
from django.utils.functional import Promise

from members.models import Area
from timebank.reports.charts import Chart
from timebank.reports.periods import Period
from timebank.templatetags.figures import hours

Text = str | Promise
Value = Any  # a text, a count, minutes, a share or a day: what the unit of its column says


class Unit(enum.StrEnum):
    TEXT = "text"
    COUNT = "count"
    HOURS = "hours"
    SHARE = "share"
    DATE = "date"

    @property
    def is_number(self) -> bool:
        return self in (Unit.COUNT, Unit.HOURS, Unit.SHARE)

    def shown(self, value: Value) -> str:
        """The value as people read it; nothing where there is no value."""
        if value is None:
            return ""
        if self == Unit.HOURS:
            return hours(value).replace("-", "−")
        if self == Unit.COUNT:
            return f"{value:,}".replace("-", "−")
        if self == Unit.SHARE:
            return f"{value:.0%}"
        if self == Unit.DATE:
            return formats.date_format(value, "SHORT_DATE_FORMAT")
        return str(value)


@dataclass(frozen=True)
class Column:
    heading: Text
    unit: Unit = Unit.COUNT


@dataclass(frozen=True)
class Table:
    """Rows under their columns; `correction` and `total` close them when there are any."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Value]]
    total: Sequence[Value] = ()
    correction: Sequence[Value] = ()
    note: Text = ""

    def lines(self) -> list[list[tuple[str, Unit]]]:
        return [self._shown(row) for row in self.rows]

    def closing_lines(self) -> list[list[tuple[str, Unit]]]:
        return [self._shown(row) for row in (self.correction, self.total) if row]

    def _shown(self, row: Sequence[Value]) -> list[tuple[str, Unit]]:
        cells = zip(self.columns, row, strict=True)
        return [(column.unit.shown(value), column.unit) for column, value in cells]


@dataclass(frozen=True)
class Figure:
    """One key figure in large type, with what it needs to be read rightly beside it."""

    label: Text
    value: int
    unit: Unit
    note: Text = ""

    @property
    def shown(self) -> str:
        return self.unit.shown(self.value)


@dataclass(frozen=True)
class Check:
    """Something that has to hold, and a sentence that says whether it does."""

    holds: bool
    sentence: str


@dataclass(frozen=True)
class Section:
    key: str
    title: Text
    table: Table
    chart: Chart | None = None


@dataclass(frozen=True)
class Document:
    code: str
    title: Text
    area: Area
    period: Period
    figures: Sequence[Figure]
    sections: Sequence[Section]
    definitions: Sequence[Text]
    checks: Sequence[Check] = ()
    remarks: Sequence[Text] = ()

    def sentences(self) -> list[str]:
        """What every copy says beside its figures: what has to hold, then what is to be known."""
        return [*(check.sentence for check in self.checks), *map(str, self.remarks)]

    @property
    def file_name(self) -> str:
        return f"{self.code}-{self.area.code}-{self.period.start}-{self.period.end}"
