"""Reading balances and passbook lines; all figures in minutes.

A head (`accounts.ISSUANCE`, `accounts.POOL`) stands for all its stripes together. Every figure is
read in one statement, so that it is exact while others post.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

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


_OF_MANY = """
    SELECT a.holder, coalesce(sum(b.posted - b.held) FILTER (WHERE a.kind = 1), 0)::bigint,
        coalesce(sum(b.posted - b.held) FILTER (WHERE a.kind = 6), 0)::bigint,
        coalesce(sum(b.posted - b.held) FILTER (WHERE a.kind = 4 AND a.expires_on >= %s),
            0)::bigint,
        bool_or(b.frozen)
    FROM ledger_account a
    JOIN ledger_balance b ON b.community_id = a.community_id AND b.account_id = a.id
    WHERE (a.community_id, a.holder) IN (SELECT * FROM unnest(%s::bigint[], %s::uuid[]))
    GROUP BY a.holder
"""


def holdings_of_many(members: Sequence[Member]) -> dict[UUID, tuple[Holdings, bool]]:
    """What each of these members holds, by the member's key, and whether it is frozen.

    Unlike `holdings_of` it tells what lies on frozen accounts too. One query for all.
    """
    keys = [member.key for member in members]
    areas = [member.area_id for member in members]
    with connection.cursor() as cursor:
        cursor.execute(_OF_MANY, [timezone.localdate(), areas, keys])
        return {
            holder: (Holdings(earned, gifted, granted), frozen)
            for holder, earned, gifted, granted, frozen in cursor.fetchall()
        }


def lines(
    community_id: int, account: int, *, before_seq: int | None = None, limit: int = 50
) -> list[Entry]:
    """The account's entries, the newest first; `before_seq` continues a list."""
    entries = Entry.objects.filter(community=community_id, account_id=account)
    if before_seq is not None:
        entries = entries.filter(seq__lt=before_seq)
    return list(entries.order_by("-seq")[:limit])


class Stretch(NamedTuple):
    """Lines by the day on which they took effect, between two balances.

    `opening` and `closing` are of the whole period, `carried` is the balance before the first of
    these lines, and `is_last` tells that no line of the period follows them.
    """

    opening: int
    closing: int
    carried: int
    entries: list[Entry]
    is_last: bool


STRETCH = """
    SELECT ledger_as_effective(%(community)s, %(account)s, %(first)s - 1),
        ledger_as_effective(%(community)s, %(account)s, %(last)s),
        ledger_as_effective(%(community)s, %(account)s, %(day)s - 1),
        ARRAY(SELECT seq FROM ledger_lines_of_days(
            %(community)s, %(account)s, %(day)s, 0, %(day)s, NULL) WHERE seq <= %(seq)s),
        ARRAY(SELECT seq FROM ledger_lines_of_days(
            %(community)s, %(account)s, %(day)s, %(seq)s, %(last)s, %(most)s))
"""


def of_days(
    community_id: int,
    account: int,
    *,
    first: date,
    last: date,
    after: tuple[date, int] | None = None,
    limit: int | None = None,
) -> Stretch:
    """The account's lines from `first` to `last`, oldest first; `after` continues a list.

    Balances and lines are read in one statement, so that they fit while others post; a line once
    written never changes.
    """
    day, seq = after or (first, 0)
    values: dict[str, Any] = {"community": community_id, "account": account, "day": day}
    values |= {"first": first, "last": last, "seq": seq}
    values |= {"most": None if limit is None else limit + 1}
    with connection.cursor() as cursor:
        cursor.execute(STRETCH, values)
        opening, closing, carried, earlier, seqs = cursor.fetchone()
    kept = seqs if limit is None else seqs[:limit]
    found = Entry.objects.filter(community=community_id, account_id=account)
    entries = found.filter(seq__in=[*earlier, *kept]).order_by("effective_on", "seq")
    before = set(earlier)
    carried += sum(entry.amount for entry in entries if entry.seq in before)
    shown = [entry for entry in entries if entry.seq not in before]
    return Stretch(opening, closing, carried, shown, len(kept) == len(seqs))


def between(community_id: int, account: int, *, first: int, last: int) -> list[Entry]:
    """The account's entries from sequence number `first` to `last`, oldest first."""
    entries = Entry.objects.filter(community=community_id, account_id=account)
    return list(entries.filter(seq__range=(first, last)).order_by("seq"))


_OF_ALL = """
    SELECT {columns} FROM unnest(%s::bigint[]) AS a (id) CROSS JOIN LATERAL (
        SELECT * FROM ledger_entry WHERE community_id = %s AND account_id = a.id
            AND (%s::bigint IS NULL OR transfer_id < %s) ORDER BY seq DESC LIMIT %s
    ) e ORDER BY transfer_id DESC, account_id
"""


def lines_of_all(
    community_id: int, numbers: Sequence[int], *, before: int | None = None, limit: int = 50
) -> list[Entry]:
    """The entries of a holder's accounts as one list, the newest first.

    `balance_after` is that of the accounts together. `before` is a transfer: only entries of
    earlier ones are given. Transfers of an account are numbered in the order of its entries, since
    both numbers are taken under the lock of its balance; none goes between two of one holder's.
    """
    columns = [field.attname for field in Entry._meta.concrete_fields]
    with connection.cursor() as cursor:
        cursor.execute(
            _OF_ALL.format(columns=", ".join(columns)),
            [list(numbers), community_id, before, before, limit],
        )
        found = [
            Entry.from_db(connection.alias, columns, row)  # type: ignore[arg-type]
            for row in cursor.fetchall()
        ]
    newest: dict[int, int] = {}
    for entry in found:
        newest.setdefault(entry.account_id, entry.balance_after)
    together = sum(newest.values())
    for entry in found:
        entry.balance_after, together = together, together - entry.amount
    return found[:limit]


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
