"""R1 for other programs: keys that stay, minutes and hours side by side."""

from dataclasses import asdict, fields

from services.models import MonthClosing
from timebank.reports.r1.corrections import Correction
from timebank.reports.r1.figures import R1, CategoryFigures, Figures, Movements


def as_data(report: R1) -> dict:
    total = _figures(report.total)
    return {
        "report": "R1",
        "area": {
            "code": report.area.code,
            "name": report.area.name_zh,
            "level": report.area.level,
        },
        "period": {"from": f"{report.period.start}", "to": f"{report.period.end}"},
        **total,
        "without_movements_through": report.without_movements
        and f"{report.without_movements:%Y-%m}",
        "visits_waiting": report.waiting,
        "visits_undone": len(report.undone),
        **_time("undone", sum(visit.served_minutes for visit in report.undone)),
        "closed": [_closing(closing) for closing in report.closings],
        "corrections": [_correction(one) for one in report.corrections],
        "recorded_later": [_correction(one) for one in report.later],
        "by_category": [_category(line) for line in report.by_category],
        "by_month" if report.is_by_month else "by_area": [
            {"code": row.code, "name": row.name, **_figures(figures)}
            for row, figures in report.rows
        ],
    }


def _figures(figures: Figures) -> dict:
    data: dict = {}
    for name, value in asdict(figures).items():
        if name == "not_banked_minutes":
            data["not_banked_minutes"] = value
            data["not_banked_hours"] = {reason: _hours(part) for reason, part in value.items()}
        elif name == "movements":
            for kind in fields(Movements):
                minutes = None if value is None else value[kind.name]
                data |= _time(kind.name.removesuffix("_minutes"), minutes)
        elif name.endswith("_minutes"):
            data |= _time(name.removesuffix("_minutes"), value)
        else:
            data[name] = value
    return data | {
        **_time("ledger_difference", figures.ledger_difference_minutes),
        **_time("balance_difference", figures.balance_difference_minutes),
        **_time("pool_difference", figures.pool_difference_minutes),
    }


def _category(line: CategoryFigures) -> dict:
    return {
        "code": line.category.code,
        "name": line.category.name_zh,
        "visits": line.visits,
        **_time("served", line.served_minutes),
        **_time("banked", line.banked_minutes),
    }


def _closing(closing: MonthClosing) -> dict:
    return {
        "area": closing.area.code,
        "through": f"{closing.month:%Y-%m}",
        "at": closing.decided_at and closing.decided_at.isoformat(),
        "by": closing.decided_by.username,
        "reason": closing.reason,
    }


def _correction(correction: Correction) -> dict:
    return {
        "month": f"{correction.month:%Y-%m}",
        "counted_on": f"{correction.counted_on}",
        **_time("served", correction.served_minutes),
        **_time("banked", correction.banked_minutes),
    }


def _time(name: str, minutes: int | None) -> dict:
    """None where a figure is not stored."""
    hours = None if minutes is None else _hours(minutes)
    return {f"{name}_minutes": minutes, f"{name}_hours": hours}


def _hours(minutes: int) -> int | float:
    """937 rather than 937.0; two decimals where an hour is not whole."""
    return minutes // 60 if minutes % 60 == 0 else round(minutes / 60, 2)
