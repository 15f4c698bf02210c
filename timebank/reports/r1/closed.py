"""What R1 says of closed months: who closed them, and what was recorded about them later."""

from collections.abc import Sequence

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from timebank.reports.layout import Column, Section, Table, Unit, Value
from timebank.reports.r1.corrections import Correction
from timebank.reports.r1.figures import R1
from timebank.templatetags.figures import short_name


def remarks(report: R1) -> list[str]:
    """A sentence for each closing that the figures were stored with."""
    sentences = []
    for closing in report.closings:
        values = {
            "area": closing.area,
            "month": formats.date_format(closing.month, "YEAR_MONTH_FORMAT"),
            "day": formats.date_format(timezone.localtime(closing.decided_at), "DATE_FORMAT"),
            "who": closing.decided_by,
            "reason": closing.reason,
        }
        words = _("%(area)s: closed through %(month)s on %(day)s by %(who)s.") % values
        if closing.reason:
            words += " " + _("Closed although work was waiting: %(reason)s") % values
        sentences.append(words)
    if report.closings:
        sentences.append(_("The figures are those of the closing. They do not change any more."))
    return sentences


def sections(report: R1) -> list[Section]:
    found = []
    if report.corrections:
        note = _("They are counted above, in the month in which they were recorded.")
        title = _("Corrections of closed months")
        found.append(Section("corrections", title, _table(report.corrections, note)))
    if report.later:
        note = _("They are not counted above, but in the month in which they were recorded.")
        title = _("Recorded later about this period")
        found.append(Section("later", title, _table(report.later, note)))
    return found


def _table(corrections: Sequence[Correction], note: str) -> Table:
    return Table(
        [
            Column(_("Month concerned"), Unit.TEXT),
            Column(_("Counted on"), Unit.DATE),
            Column(_("What"), Unit.TEXT),
            Column(_("Date of service"), Unit.DATE),
            Column(_("Volunteer"), Unit.TEXT),
            Column(_("Elder"), Unit.TEXT),
            Column(pgettext("report", "Served"), Unit.HOURS),
            Column(pgettext("report", "Banked"), Unit.HOURS),
        ],
        [_row(correction) for correction in corrections],
        note=note,
    )


def _row(correction: Correction) -> list[Value]:
    visit = correction.visit
    return [
        formats.date_format(correction.month, "YEAR_MONTH_FORMAT"),
        correction.counted_on,
        correction.what,
        visit.service_date if visit else None,
        short_name(visit.volunteer.name) if visit else "",
        short_name(visit.elder.name) if visit else "",
        correction.served_minutes,
        correction.banked_minutes,
    ]
