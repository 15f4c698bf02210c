"""R1 of closed months: read as it was stored when they were closed, and never counted again.

Sums of the stored figures are the figures of a larger area or a longer period, but for persons: an
elder may be served from two communities, anybody in two months. Persons are therefore stored too,
and counted once. Who is registered belongs to one community, so that those figures add up.
"""

from collections import defaultdict
from dataclasses import asdict
from datetime import date
from typing import Any

from members.models import Area
from services.models import ClosedMonth, Visit
from timebank.reports import people
from timebank.reports.periods import Period
from timebank.reports.r1 import corrections
from timebank.reports.r1.figures import (
    ADDITIVE,
    R1,
    Figures,
    Movements,
    Tally,
    categories,
    counted,
    undone_visits,
)
from timebank.reports.split import Row, Split

# Figures of the end of a period: of several months the last one's, of several areas the sum.
AT_THE_END = (
    "volunteers",
    "elders_registered",
    "member_balance_minutes",
    "pool_balance_minutes",
    "outstanding_minutes",
)
Cells = dict[tuple[int, date], ClosedMonth]


def figures(area: Area, period: Period) -> R1:
    """As stored where every month of every community is closed, else as counted now."""
    split = Split(area, period)
    cells = _cells(split)
    if cells is None:
        return counted(split, area)
    rows = [(row, _of_row(cells, row)) for row in split.rows]
    whole = Row(area.pk, str(area), area.code, period, split.communities)
    by_category: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for cell in cells.values():
        for code, amounts in cell.figures["by_category"].items():
            by_category[code] = [
                old + new for old, new in zip(by_category[code], amounts, strict=True)
            ]
    undone = [pk for cell in cells.values() for pk in cell.figures["undone"]]
    closings = {cell.closing_id: cell.closing for cell in cells.values()}
    return R1(
        area=area,
        period=period,
        is_by_month=split.is_by_month,
        total=_of_row(cells, whole),
        rows=[(row, figures) for row, figures in rows if row.code or figures != Figures()],
        by_category=categories(by_category),
        undone=undone_visits(Visit.objects.filter(pk__in=undone)),
        waiting=0,
        corrections=corrections.recorded_in(split),
        closings=sorted(closings.values(), key=lambda closing: (closing.month, closing.pk)),
        later=corrections.about(split),
        without_movements=max(_without_movements(cells), default=None),
    )


def to_store(area: Area, month: date) -> dict[str, Any]:
    """The figures of a community and month as they stand, in the form in which they are stored."""
    period = Period.month_of(month)
    tally = Tally(Split(area, period))
    tally.fill()
    persons = tally.persons[period.start]
    undone = Visit.objects.filter(
        area=area,
        state=Visit.State.REVERSED,
        service_date__range=(period.start, period.end),
        taken_back_on=None,
    )
    return {
        "figures": asdict(tally.total),
        "active": sorted(persons.active),
        "elders": {str(elder): list(standing) for elder, standing in persons.elders.items()},
        "by_category": dict(tally.by_category),
        "undone": sorted(undone.values_list("pk", flat=True)),
    }


def _cells(split: Split) -> Cells | None:
    """The stored months of the split's communities; None when one of them is missing."""
    months = list(split.period.months())
    if not split.has_closed_months:
        return None
    if split.period != Period(Period.month_of(months[0].start).start, months[-1].end):
        return None
    if months[-1].end != Period.month_of(months[-1].end).end:
        return None
    places = Area.objects.filter(pk__in=split.communities).communities()
    stored = ClosedMonth.objects.filter(
        area__in=places, month__range=(months[0].start, months[-1].start)
    )
    cells = {
        (cell.area_id, cell.month): cell
        for cell in stored.select_related("closing__area", "closing__author", "closing__approver")
    }
    wanted = len(months) * places.count()
    return cells if cells and len(cells) == wanted else None


def _of_row(cells: Cells, row: Row) -> Figures:
    last = row.period.end.replace(day=1)
    mine = [
        (month, cell.figures)
        for (place, month), cell in cells.items()
        if place in row.communities and row.period.start <= month <= last
    ]
    total, persons = Figures(movements=_movements(mine, row)), people.Persons()
    for month, stored in mine:
        part = stored["figures"]
        for name in (*ADDITIVE, "new_volunteers", *(AT_THE_END if month == last else ())):
            setattr(total, name, getattr(total, name) + part.get(name, 0))
        for reason, minutes in part["not_banked_minutes"].items():
            so_far = total.not_banked_minutes.get(reason, 0)
            total.not_banked_minutes[reason] = so_far + minutes
        persons.add(_persons(stored))
    total.count(persons)
    return total


def _without_movements(cells: Cells) -> list[date]:
    return [month for (_place, month), cell in cells.items() if not _has_movements(cell.figures)]


def _has_movements(stored: dict[str, Any]) -> bool:
    return stored["figures"].get("movements") is not None


def _movements(mine: list[tuple[date, dict[str, Any]]], row: Row) -> Movements | None:
    """What moved in these months; None when one of them was stored before that was counted."""
    total = Movements()
    for month, stored in mine:
        if not _has_movements(stored):
            return None
        moved = Movements(**stored["figures"]["movements"])
        total.add(moved, is_first=month <= row.period.start)
    return total


def _persons(stored: dict[str, Any]) -> people.Persons:
    elders = {int(pk): people.Standing(*flags) for pk, flags in stored["elders"].items()}
    return people.Persons(set(stored["active"]), elders)
