"""Reading balances and passbook lines; all figures in minutes.

A head (`accounts.ISSUANCE`, `accounts.POOL`) stands for all its stripes together. Every figure is
read in one statement, so that it is exact while others post.
"""

from datetime import date, datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from ledger import spending
from ledger.accounts import number_of, stripes
from ledger.models import AccountKind, Balance, Entry
from members.models import Member


class Standing(NamedTuple):
    """What an account holds now: posted, set aside by holds, and free to use."""

    posted: int
    held: int
    available: int


def balance(community_id: int, account: int) -> Standing:
    """What the account holds now; nothing when there is no such account."""
    sums = Balance.objects.filter(
        community=community_id, account_id__in=stripes(account)
    ).aggregate(posted=Sum("posted", default=0), held=Sum("held", default=0))
    posted, held = int(sums["posted"]), int(sums["held"])
    return Standing(posted, held, posted - held)


def standing_of(member: Member) -> Standing | None:
    """What the member's time account holds; None when they have none yet."""
    account = number_of(member.area_id, member.key)
    return None if account is None else balance(member.area_id, account)


class Holdings(NamedTuple):
    """A member's minutes by their source, without those that are set aside by holds."""

    earned: int
    gifted: int
    granted: int

    @property
    def total(self) -> int:
        return sum(self)


def holdings_of(member: Member) -> Holdings:
    """What the member can use now, by where it comes from; grants only while they are valid."""
    found = spending.sources(member.area_id, member.key, on=timezone.localdate())
    of_kind = {kind: sum(s.minutes for s in found if s.kind == kind) for kind in AccountKind}
    return Holdings(
        of_kind[AccountKind.MEMBER], of_kind[AccountKind.GIFTED], of_kind[AccountKind.GRANT]
    )


def lines(
    community_id: int, account: int, *, before_seq: int | None = None, limit: int = 50
) -> list[Entry]:
    """The account's entries, the newest first; `before_seq` continues a list."""
    entries = Entry.objects.filter(community=community_id, account_id=account)
    if before_seq is not None:
        entries = entries.filter(seq__lt=before_seq)
    return list(entries.order_by("-seq")[:limit])


def as_recorded(community_id: int, account: int, at: datetime) -> int:
    """The balance as it stood in the book at that moment."""
    return _sum("ledger_as_recorded", community_id, account, at)


def as_effective(community_id: int, account: int, day: date) -> int:
    """The balance at the end of that day by when things happened, back-dated entries included."""
    return _sum("ledger_as_effective", community_id, account, day)


def _sum(function: str, community_id: int, account: int, when: date) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT sum({function}(%s, a, %s))::bigint FROM unnest(%s::bigint[]) a",  # noqa: S608
            [community_id, when, stripes(account)],
        )
        return cursor.fetchone()[0]
