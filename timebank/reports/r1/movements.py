"""What R1 says of every kind of movement: how each balance came from its opening to its closing.

The lines are signed, so that a reader adds them up on paper. Months that were closed before such
figures were stored have none, and say so.
"""

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from timebank.reports.layout import Check, Column, Figure, Section, Table, Unit, Value
from timebank.reports.r1.figures import R1, Figures, Movements

Line = tuple[str, int | None, int, int]  # words, hours moved, what the accounts and the pool gain


def figures(total: Figures) -> list[Figure]:
    moved = total.movements
    if moved is None:
        return []
    return [
        Figure(_("hours redeemed"), moved.redeemed_minutes, Unit.HOURS),
        Figure(_("hours granted by the pool"), moved.granted_minutes, Unit.HOURS),
        Figure(_("hours given to relatives"), moved.given_minutes, Unit.HOURS),
    ]


def checks(total: Figures) -> list[Check]:
    """Both balances against what moved; nothing to say where the movements are not stored."""
    accounts, pool = total.balance_difference_minutes, total.pool_difference_minutes
    if accounts is None or pool is None:
        return []
    if accounts == 0 and pool == 0:
        words = _("Balance difference 0: opening balances and movements add up to the closing.")
        return [Check(True, words)]
    words = _(
        "Balance difference %(accounts)s h on time accounts and %(pool)s h in the public pool: "
        "something moved that this report does not know. Do not pass it on before it is explained."
    ) % {"accounts": Unit.HOURS.shown(accounts), "pool": Unit.HOURS.shown(pool)}
    return [Check(False, words)]


def remarks(report: R1) -> list[str]:
    if report.without_movements is None:
        return []
    month = formats.date_format(report.without_movements, "YEAR_MONTH_FORMAT")
    return [
        _(
            "Opening balances and hours redeemed, granted, given, moved, expired or closed count "
            "from the first month after %(month)s on: until then months were closed without them."
        )
        % {"month": month}
    ]


def sections(report: R1, rows_title: str, first_column: Column) -> list[Section]:
    if report.total.movements is None:
        return []
    title = _("From the opening to the closing balance")
    return [
        Section("balances", title, _balances(report.total, report.total.movements)),
        Section(
            "movements",
            _("Movements on time accounts: %(rows)s") % {"rows": rows_title},
            _by_row(report, first_column),
        ),
    ]


def _balances(total: Figures, moved: Movements) -> Table:
    opening = (moved.opening_member_balance_minutes, moved.opening_pool_balance_minutes)
    words = _(
        "In hours. Each line is less what was reversed of it; reversals booked back "
        "%(hours)s h in all."
    )
    return Table(
        [
            Column(_("Movement"), Unit.TEXT),
            Column(pgettext("report", "Hours"), Unit.HOURS),
            Column(_("On time accounts"), Unit.HOURS),
            Column(_("Public pool"), Unit.HOURS),
        ],
        [[_("Opening balance"), None, *opening], *map(list, _lines(total, moved))],
        total=[
            _("Closing balance"),
            None,
            total.member_balance_minutes,
            total.pool_balance_minutes,
        ],
        note=words % {"hours": Unit.HOURS.shown(moved.reversed_minutes)},
    )


def _lines(total: Figures, moved: Movements) -> list[Line]:
    banked, covered = total.ledger_banked_minutes, total.pool_cover_minutes
    later = moved.donated_later_minutes
    at_once = total.donated_minutes - later + total.overflow_minutes
    granted, expired = moved.granted_minutes, moved.grant_expired_minutes
    closed = moved.closed_minutes
    return [
        (_("Banked for visits"), banked, banked, 0),
        (_("Donated for a visit at once, or over the balance cap"), at_once, 0, at_once),
        (_("Covered by the pool for elders without hours"), covered, 0, -covered),
        (_("Redeemed"), moved.redeemed_minutes, -moved.redeemed_minutes, 0),
        (_("Donated from time accounts"), later, -later, later),
        (_("Given to relatives"), moved.given_minutes, 0, 0),
        (_("Granted by the pool"), granted, granted, -granted),
        (_("Grants expired"), expired, -expired, expired),
        (_("Brought over from paper"), moved.brought_over_minutes, moved.brought_over_minutes, 0),
        (_("Moved in"), moved.moved_in_minutes, moved.moved_in_minutes, 0),
        (_("Moved out"), moved.moved_out_minutes, -moved.moved_out_minutes, 0),
        (_("Accounts closed, to the pool"), closed, -closed, closed),
        (_("Accounts closed, to relatives"), moved.inherited_minutes, 0, 0),
        (_("Made up for by the community"), moved.made_up_minutes, moved.made_up_minutes, 0),
        (_("Joined with another record of the same person"), moved.joined_minutes, 0, 0),
    ]


def _by_row(report: R1, first_column: Column) -> Table:
    headings = [
        pgettext("report", "Opening"),
        pgettext("report", "Banked"),
        pgettext("report", "Brought over"),
        pgettext("report", "Granted"),
        pgettext("report", "Redeemed"),
        pgettext("report", "Donated"),
        pgettext("report", "Expired, closed"),
        pgettext("report", "Moved"),
        pgettext("report", "Made up for"),
        pgettext("report", "Closing"),
    ]
    return Table(
        [first_column, *(Column(heading, Unit.HOURS) for heading in headings)],
        [[row.name, *_cells(figures)] for row, figures in report.rows],
        total=[_("Total"), *_cells(report.total)],
        note=_(
            "In hours. From the opening to the closing balance each row adds up. Moved: what came "
            "from other communities, less what went to them."
        ),
    )


def _cells(figures: Figures) -> list[Value]:
    """A row from its opening to its closing balance."""
    moved = figures.movements
    if moved is None:
        unknown = [None] * 7
        return [None, figures.banked_minutes, *unknown, figures.member_balance_minutes]
    return [
        moved.opening_member_balance_minutes,
        figures.ledger_banked_minutes,
        moved.brought_over_minutes,
        moved.granted_minutes,
        -moved.redeemed_minutes,
        -moved.donated_later_minutes,
        -moved.grant_expired_minutes - moved.closed_minutes,
        moved.moved_in_minutes - moved.moved_out_minutes,
        moved.made_up_minutes,
        figures.member_balance_minutes,
    ]
