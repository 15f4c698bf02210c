"""R1 as people read it: key figures, a chart and its tables, and what each word counts."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from ledger.policy import Reason
from timebank.reports import charts
from timebank.reports.charts import Chart, Point
from timebank.reports.layout import Check, Column, Document, Figure, Section, Table, Unit, Value
from timebank.reports.r1 import closed, movements
from timebank.reports.r1.definitions import definitions
from timebank.reports.r1.figures import PERSONS, R1, Figures
from timebank.reports.split import Row
from timebank.templatetags.figures import short_name

TITLE = gettext_lazy("Operations")

MOST_MONTHS = 24

PEOPLE = {
    "volunteers": gettext_lazy("Volunteers"),
    "new_volunteers": gettext_lazy("New volunteers"),
    "active_volunteers": gettext_lazy("Active volunteers"),
    "elders_registered": gettext_lazy("Elders registered"),
    "elders_served": gettext_lazy("Elders served"),
    "elders_served_80_plus_alone_or_empty_nest": gettext_lazy("80+, alone or empty-nest"),
    "elders_served_rule_b": gettext_lazy("Rule B"),
}
HOURS = {
    "visits": pgettext_lazy("report", "Visits"),
    "served_minutes": pgettext_lazy("report", "Served"),
    "bankable_minutes": pgettext_lazy("report", "Bankable"),
    "banked_minutes": pgettext_lazy("report", "Banked"),
    "to_pool_minutes": gettext_lazy("Given to the pool"),
    "pool_cover_minutes": gettext_lazy("Covered by the pool"),
    "member_balance_minutes": gettext_lazy("On time accounts"),
    "pool_balance_minutes": gettext_lazy("Public pool"),
    "outstanding_minutes": gettext_lazy("Outstanding"),
}


def as_document(report: R1) -> Document:
    rows_title = _("By month") if report.is_by_month else _("By area")
    sections = [
        Section(
            "hours", _("Hours: %(rows)s") % {"rows": rows_title}, _hours(report), _chart(report)
        ),
        Section("people", _("People: %(rows)s") % {"rows": rows_title}, _people(report)),
        *movements.sections(report, rows_title, _first_column(report)),
        Section("categories", _("By service category"), _categories(report)),
        Section("reasons", _("Why hours were not banked"), _reasons(report)),
    ]
    if report.undone:
        sections.append(Section("undone", _("Visits that were undone"), _undone(report)))
    sections += closed.sections(report)
    return Document(
        code="R1",
        title=TITLE,
        area=report.area,
        period=report.period,
        figures=_key_figures(report.total),
        sections=sections,
        checks=[_ledger_check(report.total), *movements.checks(report.total)],
        remarks=_remarks(report),
        definitions=definitions(),
    )


def _key_figures(total: Figures) -> list[Figure]:
    volunteers = {"new": total.new_volunteers, "active": total.active_volunteers}
    elders = {"registered": total.elders_registered}
    minutes = [
        (_("hours given to the public pool"), total.donated_minutes + total.overflow_minutes),
        (_("hours covered by the public pool"), total.pool_cover_minutes),
        (_("hours on time accounts at the end"), total.member_balance_minutes),
        (_("hours in the public pool at the end"), total.pool_balance_minutes),
        (_("hours outstanding at the end"), total.outstanding_minutes),
    ]
    return [
        Figure(_("hours served"), total.served_minutes, Unit.HOURS),
        Figure(
            _("hours banked"),
            total.banked_minutes,
            Unit.HOURS,
            _("of %(hours)s bankable") % {"hours": Unit.HOURS.shown(total.bankable_minutes)},
        ),
        Figure(_("number of visits"), total.visits, Unit.COUNT),
        Figure(
            _("volunteers registered"),
            total.volunteers,
            Unit.COUNT,
            _("%(new)d new, %(active)d active") % volunteers,
        ),
        Figure(
            _("elders served"),
            total.elders_served,
            Unit.COUNT,
            _("of %(registered)d registered") % elders,
        ),
        Figure(
            _("elders served, 80+ and living alone or empty-nest"),
            total.elders_served_80_plus_alone_or_empty_nest,
            Unit.COUNT,
            _without_birth_date(total),
        ),
        Figure(_("elders served under rule B"), total.elders_served_rule_b, Unit.COUNT),
        *movements.figures(total),
        *(Figure(label, value, Unit.HOURS) for label, value in minutes),
    ]


def _ledger_check(total: Figures) -> Check:
    if total.ledger_difference_minutes == 0:
        return Check(True, _("Ledger difference 0: visits and ledger bank the same hours."))
    values = {
        "difference": Unit.HOURS.shown(total.ledger_difference_minutes),
        "visits": Unit.HOURS.shown(total.banked_minutes),
        "ledger": Unit.HOURS.shown(total.ledger_banked_minutes),
    }
    words = _(
        "Ledger difference %(difference)s h: the visits bank %(visits)s h, the ledger "
        "%(ledger)s h. Do not pass this report on before it is explained."
    )
    return Check(False, words % values)


def _without_birth_date(total: Figures) -> str:
    number = total.elders_without_birth_date
    if not number:
        return ""
    words = ngettext(
        "of them %(number)d without a birth date on record",
        "of them %(number)d without a birth date on record",
        number,
    )
    return words % {"number": number}


def _remarks(report: R1) -> list[str]:
    remarks = [*closed.remarks(report), *movements.remarks(report)]
    if report.waiting:
        words = ngettext(
            "%(number)d visit of this period waits for a second person and is not counted yet.",
            "%(number)d visits of this period wait for a second person and are not counted yet.",
            report.waiting,
        )
        remarks.append(words % {"number": report.waiting})
    return remarks


def _chart(report: R1) -> Chart | None:
    """None without visits; areas without any are left to the table."""
    if not report.total.served_minutes:
        return None
    title = _("Hours served and banked")
    if report.is_by_month:
        return charts.columns(title, _months(report))
    return charts.rows(
        title, [_point(row, figures) for row, figures in report.rows if figures.served_minutes]
    )


def _months(report: R1) -> list[Point]:
    """Columns by month, the year below where it begins; by year where months would be too thin."""
    if len(report.rows) > MOST_MONTHS:
        return _years(report)
    points = []
    for index, (row, figures) in enumerate(report.rows):
        month = row.period.start
        year = str(month.year) if index == 0 or month.month == 1 else ""
        ticks = {"tick": str(month.month), "is_minor": month.month % 3 != 1, "subtick": year}
        points.append(_point(row, figures, **ticks))
    return points


def _years(report: R1) -> list[Point]:
    sums: dict[int, Figures] = defaultdict(Figures)
    for row, figures in report.rows:
        year = sums[row.period.start.year]
        year.served_minutes += figures.served_minutes
        year.banked_minutes += figures.banked_minutes
    return [
        Point(str(year), figures.served_minutes, figures.banked_minutes, tick=f"{year % 100:02}")
        for year, figures in sums.items()
    ]


def _point(row: Row, figures: Figures, **ticks: Any) -> Point:
    return Point(row.name, figures.served_minutes, figures.banked_minutes, **ticks)


def _value(figures: Figures, name: str) -> int:
    if name == "to_pool_minutes":
        return figures.donated_minutes + figures.overflow_minutes
    return getattr(figures, name)


def _first_column(report: R1) -> Column:
    return Column(_("Month") if report.is_by_month else _("Area"), Unit.TEXT)


def _rows(report: R1, names: dict, correct: Callable[[str], Value] | None = None) -> dict:
    def cells(figures: Figures) -> list[Value]:
        return [_value(figures, name) for name in names]

    corrections = [correct(name) if correct else None for name in names]
    return {
        "rows": [[row.name, *cells(figures)] for row, figures in report.rows],
        "total": [_("Total"), *cells(report.total)],
        "correction": [_("Counted in several rows"), *corrections] if any(corrections) else (),
    }


def _people(report: R1) -> Table:
    def counted_again(name: str) -> Value:
        """What the total has less than its rows: a person counts in each row and once in all."""
        if name not in PERSONS:
            return None
        return _value(report.total, name) - sum(_value(line, name) for _row, line in report.rows)

    columns = [_first_column(report), *(Column(heading) for heading in PEOPLE.values())]
    return Table(columns, **_rows(report, PEOPLE, counted_again))


def _hours(report: R1) -> Table:
    units = {name: Unit.HOURS if name.endswith("_minutes") else Unit.COUNT for name in HOURS}
    columns = [Column(heading, units[name]) for name, heading in HOURS.items()]
    return Table(
        [_first_column(report), *columns],
        **_rows(report, HOURS),
        note=_("In hours; balances as of the end of the period."),
    )


def _categories(report: R1) -> Table:
    total = report.total
    return Table(
        [
            Column(_("Service category"), Unit.TEXT),
            Column(pgettext("report", "Visits")),
            Column(pgettext("report", "Served"), Unit.HOURS),
            Column(pgettext("report", "Banked"), Unit.HOURS),
        ],
        [
            [str(line.category), line.visits, line.served_minutes, line.banked_minutes]
            for line in report.by_category
        ],
        total=[_("Total"), total.visits, total.served_minutes, total.banked_minutes],
        note=_("In hours."),
    )


def _reasons(report: R1) -> Table:
    minutes = report.total.not_banked_minutes
    whole = report.total.served_minutes - report.total.banked_minutes
    words = dict(Reason.choices)
    by_size = sorted(minutes.items(), key=lambda item: -item[1])
    return Table(
        [
            Column(_("Reason"), Unit.TEXT),
            Column(pgettext("report", "Hours"), Unit.HOURS),
            Column(_("Share"), Unit.SHARE),
        ],
        [[str(words.get(reason, reason)), part, part / whole] for reason, part in by_size],
        total=[_("Served and not banked"), whole, 1 if whole else 0],
    )


def _undone(report: R1) -> Table:
    """Names are shortened: the report is passed on, the visit's page has the rest."""
    return Table(
        [
            Column(_("Date of service"), Unit.DATE),
            Column(_("Volunteer"), Unit.TEXT),
            Column(_("Elder"), Unit.TEXT),
            Column(pgettext("report", "Hours"), Unit.HOURS),
            Column(_("Undone on"), Unit.DATE),
        ],
        [
            [
                visit.service_date,
                short_name(visit.volunteer.name),
                short_name(visit.elder.name),
                visit.served_minutes,
                timezone.localdate(visit.reversed_at),
            ]
            for visit in report.undone
        ],
        note=_("They count nowhere above."),
    )
