"""A statement: a stretch of a member's passbook between two balances; all figures in minutes.

The statement of a period goes by the days on which things happened, as reports do; a print of the
passbook goes by its lines, as they were written.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext_lazy as _

from ledger import accounts, checkpoints, statements
from ledger.models import Account, AccountKind, Entry
from members.models import Area, Member
from services.papers.models import StatementPrint
from timebank import passbook
from timebank.passbook import Line
from timebank.reports.periods import Period

# A file of more is asked for in parts.
MOST_LINES = 2000


HAS_MORE = _(
    "This is the account of earned hours. Granted hours, and those given by relatives, are not in "
    "it: they stand in the passbook."
)


class TooLong(Exception):
    """The period has more lines than fit into one file."""


@dataclass(frozen=True)
class Statement:
    """What stands on a statement as of `at`.

    `period` is None for a print of the passbook; `carried` is the balance before the first of
    these lines and the `opening` on the first page; `following` continues where these lines end.
    `seal` is the short code of the ledger's latest checkpoint, when there is one to show.
    `has_more` says that hours were granted or given to the member, which lie on other accounts.
    """

    member: Member
    account: int | None
    period: Period | None
    at: datetime
    opening: int
    carried: int
    lines: Sequence[Line]
    closing: int
    following: tuple[date, int] | None = None
    seal: str = ""
    place: Area | None = None
    has_more: bool = False

    @property
    def area(self) -> Area:
        """The community whose book this is: the member's, unless they have moved since."""
        return self.place or self.member.area

    @property
    def account_number(self) -> str:
        """The community's code and the account's number in it; empty before the first hours."""
        return f"{self.area.code}-{self.account}" if self.account else ""

    @property
    def note(self) -> str:
        """What a reader has to know of it: that there is more than this account."""
        return str(HAS_MORE) if self.has_more else ""

    @property
    def paid_in(self) -> int:
        return sum(line.minutes for line in self.lines if line.minutes > 0)

    @property
    def paid_out(self) -> int:
        return -sum(line.minutes for line in self.lines if line.minutes < 0)


def of_period(
    member: Member,
    period: Period,
    *,
    at: datetime,
    place: Area | None = None,
    after: tuple[date, int] | None = None,
    limit: int | None = None,
) -> Statement:
    """The lines of the period after `after`, oldest first: at most `limit` of them, or all.

    `place` is a community to which the member belonged before; without it the present one.
    """
    community = place.pk if place else member.area_id
    opened = accounts.of(community, member.key)
    has_more = any(one.kind != AccountKind.MEMBER for one in opened)
    account = next((one.id for one in opened if one.kind == AccountKind.MEMBER), None)
    if account is None:
        return Statement(member, None, period, at, 0, 0, [], 0, place=place, has_more=has_more)
    found = statements.of_days(
        community, account, first=period.start, last=period.end, after=after, limit=limit
    )
    lines = _in_order_of_days(member, found.entries, found.carried)
    following = None if found.is_last else (lines[-1].day, lines[-1].seq)
    sums = (found.opening, found.carried, lines, found.closing)
    seal = checkpoints.code_at(at)
    return Statement(member, account, period, at, *sums, following, seal, place, has_more)


def places(member: Member) -> list[Area]:
    """The communities in whose books the member has a time account, the present one first."""
    own = Account.objects.filter(holder=member.key, kind=AccountKind.MEMBER)
    books = Area.objects.communities().filter(pk__in=own.values("community")).order_by("path")
    earlier = [area for area in books if area.pk != member.area_id]
    return [member.area, *earlier]


def whole(member: Member, period: Period, *, at: datetime, place: Area | None = None) -> Statement:
    """All lines of the period. Raises TooLong."""
    statement = of_period(member, period, at=at, place=place, limit=MOST_LINES)
    if statement.following:
        raise TooLong
    return statement


def of_print(printed: StatementPrint) -> Statement:
    """The lines that were printed, with the balances that stood in the book; for ever the same."""
    member = printed.member
    entries = statements.between(
        printed.area_id, printed.account, first=printed.first_seq, last=printed.last_seq
    )
    lines = passbook.described(member, entries)
    opening = lines[0].balance - lines[0].minutes
    return Statement(
        member,
        printed.account,
        None,
        printed.printed_at,
        opening,
        opening,
        lines,
        lines[-1].balance,
        seal=checkpoints.code_at(printed.printed_at),
        place=printed.area,
    )


def _in_order_of_days(member: Member, entries: Sequence[Entry], balance: int) -> list[Line]:
    """The lines with the balance that runs in this order, not in the order of the book."""
    return list(_running(passbook.described(member, entries), balance))


def _running(lines: Iterable[Line], balance: int) -> Iterable[Line]:
    for line in lines:
        balance += line.minutes
        yield line._replace(balance=balance)
