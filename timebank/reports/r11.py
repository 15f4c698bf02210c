"""R11, complaints and corrections: what members said is not right, and what the staff answered.

Counted by the day on which it was said; answers stand as they are on the day of the report. What
was said and answered in words stays out of it: the report is printed and passed on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.models import Area
from services.models import Objection
from timebank.reports.layout import Check, Column, Document, Figure, Section, Table, Unit, Value
from timebank.reports.periods import Period
from timebank.reports.split import Row, Split
from timebank.templatetags.figures import short_name

TITLE = gettext_lazy("Complaints and corrections")
State, Outcome = Objection.State, Objection.Outcome
COLUMNS = {
    "said": gettext_lazy("Said"),
    "answered": gettext_lazy("Answered"),
    "answered_late": gettext_lazy("Answered late"),
    "mended": Outcome.MENDED.label,
    "right": Outcome.RIGHT.label,
    "waiting": gettext_lazy("Not answered yet"),
    "overdue": gettext_lazy("Overdue"),
}


@dataclass(frozen=True)
class Figures:
    """How many were said; answered and waiting are all of them, the others parts of these two."""

    said: int
    answered: int
    answered_late: int
    mended: int
    right: int
    waiting: int
    overdue: int

    @classmethod
    def of(cls, objections: Iterable[Objection], *, on: date) -> "Figures":
        found = list(objections)
        answered = [one for one in found if one.state == State.ANSWERED]
        waiting = [one for one in found if one.state == State.WAITING]
        return cls(
            said=len(found),
            answered=len(answered),
            answered_late=sum(_answered_on(one) > one.due_on for one in answered),
            mended=sum(one.outcome == Outcome.MENDED for one in answered),
            right=sum(one.outcome == Outcome.RIGHT for one in answered),
            waiting=len(waiting),
            overdue=sum(one.due_on < on for one in waiting),
        )


@dataclass(frozen=True)
class R11:
    area: Area
    period: Period
    on: date
    is_by_month: bool
    total: Figures
    rows: Sequence[tuple[Row, Figures]]
    by_reason: Sequence[tuple[Objection.Reason, Figures]]
    objections: Sequence[Objection]


def figures(area: Area, period: Period) -> R11:
    """What was said in the area and period, and how that stands today."""
    split = Split(area, period)
    on = timezone.localdate()
    found = _said(split)
    row_of = {one.pk: split.key(_bucket(split, one)) for one in found}
    return R11(
        area,
        period,
        on,
        split.is_by_month,
        Figures.of(found, on=on),
        [
            (row, Figures.of((one for one in found if row_of[one.pk] == row.key), on=on))
            for row in split.rows
        ],
        [
            (reason, Figures.of((one for one in found if one.reason == reason), on=on))
            for reason in Objection.Reason
        ],
        found,
    )


def _said(split: Split) -> list[Objection]:
    said = Objection.objects.filter(
        area__in=split.communities,
        entered_at__date__range=(split.period.start, split.period.end),
    )
    people = said.select_related("area", "member").defer("words", "answer")
    return list(people.order_by("entered_at", "pk"))


def _bucket(split: Split, objection: Objection) -> date | int:
    return _said_on(objection).replace(day=1) if split.is_by_month else objection.area_id


def _said_on(objection: Objection) -> date:
    return timezone.localdate(objection.entered_at)


def _answered_on(objection: Objection) -> date:
    assert objection.answered_at is not None  # by constraint, where it is answered
    return timezone.localdate(objection.answered_at)


def as_document(report: R11) -> Document:
    rows_title = _("By month") if report.is_by_month else _("By area")
    first = Column(_("Month") if report.is_by_month else _("Area"), Unit.TEXT)
    rows = [(row.name, of_row) for row, of_row in report.rows]
    reasons = [(reason.label, of_reason) for reason, of_reason in report.by_reason]
    reason = Column(_("What is not right"), Unit.TEXT)
    return Document(
        code="R11",
        title=TITLE,
        area=report.area,
        period=report.period,
        figures=_key_figures(report.total),
        sections=[
            Section("rows", rows_title, _counts(first, rows, report.total)),
            Section("reasons", _("By what is not right"), _counts(reason, reasons, report.total)),
            Section("list", _("One by one"), _list(report)),
        ],
        checks=[_check(report.total)],
        remarks=[
            _("Answers as of %(day)s.") % {"day": formats.date_format(report.on, "DATE_FORMAT")}
        ],
        definitions=_definitions(),
    )


def _key_figures(total: Figures) -> list[Figure]:
    return [
        Figure(_("objections"), total.said, Unit.COUNT),
        Figure(
            _("answered"),
            total.answered,
            Unit.COUNT,
            _("%(mended)d mended, %(right)d were right")
            % {"mended": total.mended, "right": total.right},
        ),
        Figure(_("answered later than ten working days"), total.answered_late, Unit.COUNT),
        Figure(_("still being checked"), total.waiting, Unit.COUNT),
    ]


def _check(total: Figures) -> Check:
    if not total.overdue:
        return Check(True, _("Nothing is overdue."))
    return Check(
        False, _("%(count)d wait longer than ten working days.") % {"count": total.overdue}
    )


def _counts(first: Column, rows: Iterable[tuple[Value, Figures]], total: Figures) -> Table:
    return Table(
        [first, *(Column(heading) for heading in COLUMNS.values())],
        [[name, *_cells(of_row)] for name, of_row in rows],
        total=[_("Total"), *_cells(total)],
    )


def _cells(one: Figures) -> list[int]:
    return [getattr(one, name) for name in COLUMNS]


def _list(report: R11) -> Table:
    headings = {
        _("Said on"): Unit.DATE,
        _("Community"): Unit.TEXT,
        _("Member"): Unit.TEXT,
        _("About"): Unit.TEXT,
        _("What is not right"): Unit.TEXT,
        _("To be answered by"): Unit.DATE,
        _("Answered on"): Unit.DATE,
        _("What was found"): Unit.TEXT,
    }
    columns = [Column(heading, unit) for heading, unit in headings.items()]
    note = "" if report.objections else _("Nobody said in this time that something is not right.")
    return Table(columns, [_line(one) for one in report.objections], note=note)


def _line(one: Objection) -> list[Value]:
    is_answered = one.state == State.ANSWERED
    return [
        _said_on(one),
        str(one.area),
        f"{short_name(one.member.name)} {one.member.number}",
        _("a visit") if one.visit_id else _("a movement of hours"),
        one.get_reason_display(),
        one.due_on,
        _answered_on(one) if is_answered else None,
        one.get_outcome_display() if is_answered else one.get_state_display(),
    ]


def _definitions() -> list[str]:
    return [
        _(
            "Objections: what members said, or had staff write down, about a visit or another "
            "line of their passbook, by the day on which it was said."
        ),
        _(
            "To be answered within ten working days (Decree 67): public holidays are left out, "
            "make-up working days count. Late: answered after that day. Overdue: not answered, "
            "and that day has passed."
        ),
        _(
            "Mended: the record was undone or reversed, and shows in the reports of the day on "
            "which that was done. It was right: the record stays as it was."
        ),
    ]


def as_data(report: R11) -> dict:
    """For other programs, under keys that stay; nobody is named."""
    return {
        "report": "R11",
        "area": {
            "code": report.area.code,
            "name": report.area.name_zh,
            "level": report.area.level,
        },
        "period": {"from": f"{report.period.start}", "to": f"{report.period.end}"},
        "as_of": f"{report.on}",
        **asdict(report.total),
        "by_reason": [{"code": str(code), **asdict(one)} for code, one in report.by_reason],
        "by_month" if report.is_by_month else "by_area": [
            {"code": row.code, "name": row.name, **asdict(one)} for row, one in report.rows
        ],
    }
