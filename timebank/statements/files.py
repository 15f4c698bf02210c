"""Statements as files: PDF to print and keep, csv for a spreadsheet."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from ledger.hours import duration
from services.papers import typeset
from timebank import passbook
from timebank.reports.files import harmless
from timebank.statements.document import Statement


def pdf(statements: Sequence[Statement], *, title: str, at: datetime) -> bytes:
    """One PDF, each statement beginning on a page of its own."""
    data = {
        "programme": settings.PROGRAMME_NAME,
        "nothing": _("Nobody held or moved hours in this time."),
        "statements": [paper(statement) for statement in statements],
    }
    return typeset.pdf("statement", data, title=title, at=at)


def paper(statement: Statement) -> dict[str, Any]:
    """What the layout shows of one statement, all in words."""
    return {
        "heading": heading(statement),
        "facts": facts(statement),
        "headings": headings(),
        "opening": [_("Opening balance"), duration(statement.carried)],
        "rows": [
            [
                formats.date_format(line.day, "SHORT_DATE_FORMAT"),
                passbook.in_words(line, statement.member),
                duration(line.minutes) if line.minutes > 0 else "",
                duration(line.minutes) if line.minutes < 0 else "",
                _signed(line.balance),
            ]
            for line in statement.lines
        ],
        "total": [
            _("Closing balance"),
            duration(statement.paid_in),
            duration(statement.paid_out),
            _signed(statement.closing),
        ],
        "as-of": " ".join(
            [_("As of %(when)s") % {"when": _moment(statement.at)}, statement.note]
        ).strip(),
        "seal": _seal(statement),
        "whose": f"{statement.member.name} · {statement.member.number}",
    }


def heading(statement: Statement) -> str:
    return _("Statement of the time account") if statement.period else _("Passbook")


def facts(statement: Statement) -> list[list[str]]:
    """Who, which account, which period: the head of every statement."""
    member = statement.member
    pairs = [
        [_("Name"), member.name],
        [_("Member number"), member.number],
        [_("Community"), str(statement.area)],
        [pgettext("passbook", "Account"), statement.account_number or "–"],
    ]
    if statement.period:
        days = (statement.period.start, statement.period.end)
        span = " – ".join(formats.date_format(day, "DATE_FORMAT") for day in days)
        return [*pairs, [pgettext("passbook", "Period"), span]]
    return [*pairs, [_("Lines"), _stretch(statement)]]


def headings() -> list[str]:
    return [
        _("Date"),
        _("Content"),
        pgettext("passbook", "in"),
        pgettext("passbook", "out"),
        pgettext("passbook", "balance"),
    ]


def as_csv(statement: Statement) -> bytes:
    """The statement in hours with two decimals, with the mark by which spreadsheets know UTF-8."""
    rows: list[list] = [[heading(statement)], *facts(statement), []]
    rows += [headings(), ["", _("Opening balance"), "", "", _hours(statement.opening)]]
    for line in statement.lines:
        words = passbook.in_words(line, statement.member)
        paid_in = _hours(line.minutes) if line.minutes > 0 else ""
        paid_out = _hours(-line.minutes) if line.minutes < 0 else ""
        rows.append([line.day.isoformat(), words, paid_in, paid_out, _hours(line.balance)])
    sums = [_hours(statement.paid_in), _hours(statement.paid_out), _hours(statement.closing)]
    rows += [["", _("Closing balance"), *sums], []]
    rows.append([_("As of %(when)s") % {"when": _moment(statement.at)}])
    if statement.note:
        rows.append([statement.note])
    target = io.StringIO()
    csv.writer(target).writerows([harmless(value) for value in row] for row in rows)
    return target.getvalue().encode("utf-8-sig")


def file_name(statement: Statement, ending: str) -> str:
    period = statement.period
    stretch = f"{period.start} {period.end}" if period else _stretch(statement)
    return f"{heading(statement)} {statement.member.name} {stretch}.{ending}"


def _seal(statement: Statement) -> str:
    code = statement.seal
    return _("Seal of the ledger %(code)s") % {"code": code} if code else ""


def _stretch(statement: Statement) -> str:
    return f"{statement.lines[0].seq}–{statement.lines[-1].seq}"


def _moment(at: datetime) -> str:
    return formats.date_format(timezone.localtime(at), "DATETIME_FORMAT")


def _hours(minutes: int) -> float:
    return round(minutes / 60, 2)


def _signed(minutes: int) -> str:
    return ("−" if minutes < 0 else "") + duration(minutes)
