"""What the ledger says of an area and a period, to set beside what the visits say.

Flows go by the day that a transfer is effective on; a transfer that was reversed, and its
reversal, count on neither day: they cancel out wherever the reversal stands. But what was counted
in a month that is closed stays there, and its reversal counts, negative, on the day it is booked
for.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from django.db import connection
from django.db.models import Case, Exists, OuterRef, QuerySet, Subquery, Sum, Value, When
from django.db.models.expressions import Combinable

from ledger import accounts
from ledger.models import AccountKind, Transfer, TransferKind
from timebank.reports.split import Key, Split


@dataclass
class Flows:
    """Minutes moved in one row of a report, reversed ones left out."""

    earned: int = 0
    donated: int = 0
    donated_when_earned: int = 0
    overflowed: int = 0
    covered_by_pool: int = 0

    @property
    def banked(self) -> int:
        """What stayed on the volunteers' accounts: earned, without what was given on at once."""
        return self.earned - self.donated_when_earned


def flows(split: Split) -> dict:
    """The flows of every row: from one query, and another where months are closed."""
    by_row: dict = defaultdict(Flows)
    bucket = split.bucket("effective_on", "community_id")
    kept = _kept(split).values_list(bucket, "kind", _is_of_a_visit("journal"))
    signed = [(1, kept)]
    if split.has_closed_months:
        signed.append((-1, _late(split, bucket)))
    for sign, groups in signed:
        for key, kind, is_of_a_visit, minutes in groups.order_by().annotate(Sum("amount")):
            _add(by_row[split.key(key)], kind, is_of_a_visit, sign * minutes)
    return by_row


def _late(split: Split, bucket: Combinable) -> QuerySet:
    """Reversals of what was counted in closed months, by the kind and journal they reverse."""
    original = Transfer.objects.filter(community=OuterRef("community"), id=OuterRef("reverses"))
    late = _of_period(split).filter(reverses__isnull=False, relates_to__isnull=False)
    late = late.annotate(
        original_kind=Subquery(original.values("kind")),
        original_journal=Subquery(original.values("journal")),
    )
    return late.values_list(bucket, "original_kind", _is_of_a_visit("original_journal"))


def _add(row: Flows, kind: int, is_of_a_visit: bool, minutes: int) -> None:
    if kind == TransferKind.EARN:
        row.earned += minutes
    elif kind == TransferKind.POOL_COVER:
        row.covered_by_pool += minutes
    elif kind == TransferKind.OVERFLOW:
        row.overflowed += minutes
    elif kind == TransferKind.DONATE:
        row.donated += minutes
        row.donated_when_earned += minutes if is_of_a_visit else 0


def _of_period(split: Split) -> QuerySet[Transfer]:
    return Transfer.objects.filter(
        community__in=split.communities,
        effective_on__range=(split.period.start, split.period.end),
    )


def _kept(split: Split) -> QuerySet[Transfer]:
    reversal = Transfer.objects.filter(
        community=OuterRef("community"), reverses=OuterRef("id"), relates_to__isnull=True
    )
    return _of_period(split).filter(~Exists(reversal), reverses__isnull=True)


def _is_of_a_visit(journal: str) -> Case:
    """A donation in the journal of a visit never reached the volunteer's account."""
    earned = Transfer.objects.filter(
        community=OuterRef("community"), journal=OuterRef(journal), kind=TransferKind.EARN
    )
    return Case(When(Exists(earned), then=Value(True)), default=Value(False))


@dataclass(frozen=True)
class Closing:
    """What a book holds, or by how much that changes: minutes of members, minutes of the pool."""

    members: int
    pool: int

    @property
    def outstanding(self) -> int:
        """All hours that the bank owes: what members hold and what the pool holds."""
        return self.members + self.pool

    def __add__(self, other: Self) -> Self:
        return type(self)(self.members + other.members, self.pool + other.pool)

    def __sub__(self, other: Self) -> Self:
        return type(self)(self.members - other.members, self.pool - other.pool)


# A book adds up to zero, so that its members hold what the book's own accounts do not: issuance,
# pool, corrections, clearing with others. A few dozen rows tell the balance of any number of
# members. Unused stripes hold nothing.
OWN_ACCOUNTS = """
    SELECT account.id FROM ledger_account account
    WHERE account.community_id = ANY(%(communities)s)
        AND (account.id <= %(last_of_the_house)s OR account.kind = %(clearing)s)
"""
CLOSING = f"""
    SELECT account.community_id, account.kind,
        sum(ledger_as_effective(account.community_id, account.id, %(day)s))
    FROM ledger_account account JOIN ledger_balance balance
        ON balance.community_id = account.community_id AND balance.account_id = account.id
    WHERE account.community_id = ANY(%(communities)s) AND account.id = ANY(ARRAY({OWN_ACCOUNTS}))
        AND balance.seq > 0
    GROUP BY 1, 2
"""  # noqa: S608
# What moved on them in each month; here a reversal counts on its own day.
MOVED = f"""
    SELECT date_trunc('month', entry.effective_on)::date, account.kind, sum(entry.amount)
    FROM ledger_entry entry JOIN ledger_account account
        ON account.community_id = entry.community_id AND account.id = entry.account_id
    WHERE entry.community_id = ANY(%(communities)s)
        AND entry.account_id = ANY(ARRAY({OWN_ACCOUNTS}))
        AND entry.effective_on BETWEEN %(start)s AND %(day)s
    GROUP BY 1, 2
"""  # noqa: S608

OF_THE_BOOK = (
    AccountKind.ISSUANCE,
    AccountKind.POOL,
    AccountKind.CORRECTION,
    AccountKind.CLEARING,
)


def closing_balances(split: Split) -> tuple[dict[Key, Closing], Closing]:
    """The balances at the end of every row and of the period, by the day of the service.

    Months are told backwards from the end of the period, by what moved in each: the time it takes
    depends on the period, not on how long the book is.
    """
    values: dict[str, Any] = {
        "communities": list(split.communities),
        "last_of_the_house": accounts.CORRECTION,
        "clearing": AccountKind.CLEARING,
        "start": split.period.start,
        "day": split.period.end,
    }
    with connection.cursor() as cursor:
        cursor.execute(CLOSING, values)
        ends = {(place, kind): int(minutes) for place, kind, minutes in cursor.fetchall()}
        at_the_end = _closing(ends, split.communities)
        if not split.is_by_month:
            return {row.key: _closing(ends, row.communities) for row in split.rows}, at_the_end
        cursor.execute(MOVED, values)
        moved = {(month, kind): int(minutes) for month, kind, minutes in cursor.fetchall()}
    by_month = {}
    closing = at_the_end
    for row in reversed(split.rows):
        by_month[row.key] = closing
        closing -= _of(moved, row.key)
    return by_month, at_the_end


def _closing(ends: dict[tuple[int, int], int], communities: Iterable[int]) -> Closing:
    return sum((_of(ends, place) for place in communities), start=Closing(0, 0))


def _of(sums: dict, key: object) -> Closing:
    own = {kind: sums.get((key, kind), 0) for kind in OF_THE_BOOK}
    return Closing(members=-sum(own.values()), pool=own[AccountKind.POOL])
