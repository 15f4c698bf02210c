"""What the ledger says of an area and a period, to set beside what the visits say.

Everything counts by the day that a transfer is effective on, a reversal negative and under the kind
of what it reverses. It is booked for the day of its original, where both cancel out; but what was
counted in a month that is closed stays there, and its reversal counts on the first open day.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Self

from django.db import connection
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.expressions import Combinable

from ledger import accounts
from ledger.models import AccountKind, Transfer, TransferKind
from timebank.reports.split import Key, Split

THE_POOL = (accounts.POOL, accounts.POOL + accounts.STRIPES - 1)


@dataclass
class Flows:
    """Minutes moved in one row of a report, less what was reversed of each kind.

    `donated_when_earned` is the part of `donated` that never reached the volunteer's account.
    `reversed` is what reversals of every kind booked back: it is taken off above already.
    """

    earned: int = 0
    covered_by_pool: int = 0
    donated: int = 0
    donated_when_earned: int = 0
    overflowed: int = 0
    redeemed: int = 0
    given: int = 0
    granted: int = 0
    grants_expired: int = 0
    brought_over: int = 0
    moved_out: int = 0
    moved_in: int = 0
    closed_to_pool: int = 0
    closed_to_heirs: int = 0
    made_up: int = 0
    joined: int = 0
    reversed: int = 0

    @property
    def banked(self) -> int:
        """What stayed on the volunteers' accounts: earned, without what was given on at once."""
        return self.earned - self.donated_when_earned


# What a kind of transfer is counted as; a closure by where the hours went.
COUNTED_AS = {
    TransferKind.EARN: "earned",
    TransferKind.POOL_COVER: "covered_by_pool",
    TransferKind.DONATE: "donated",
    TransferKind.OVERFLOW: "overflowed",
    TransferKind.REDEEM: "redeemed",
    TransferKind.GIFT: "given",
    TransferKind.GRANT: "granted",
    TransferKind.GRANT_EXPIRY: "grants_expired",
    TransferKind.OPENING: "brought_over",
    TransferKind.MOVE_OUT: "moved_out",
    TransferKind.MOVE_IN: "moved_in",
    TransferKind.CLOSURE: "closed_to_heirs",
    TransferKind.CORRECTION: "made_up",
    TransferKind.JOIN: "joined",
}


def flows(split: Split) -> dict:
    """The flows of every row, from one query."""
    by_row: dict = defaultdict(Flows)
    bucket = split.bucket("effective_on", "community_id")
    groups = _of_period(split).values_list(
        bucket, "meant", "is_reversal", "is_of_a_visit", "is_with_pool"
    )
    for key, kind, is_reversal, of_a_visit, with_pool, minutes in groups.order_by().annotate(
        Sum("amount")
    ):
        row = by_row[split.key(key)]
        row.reversed += minutes if is_reversal else 0
        _add(row, kind, of_a_visit, with_pool, -minutes if is_reversal else minutes)
    return by_row


def _add(row: Flows, kind: int, is_of_a_visit: bool, is_with_pool: bool, minutes: int) -> None:
    name = COUNTED_AS[TransferKind(kind)]
    if kind == TransferKind.CLOSURE and is_with_pool:
        name = "closed_to_pool"
    setattr(row, name, getattr(row, name) + minutes)
    row.donated_when_earned += minutes if is_of_a_visit else 0


def _of_period(split: Split) -> QuerySet[Transfer]:
    """The transfers of the period, and of a reversal the kind and journal that it reverses.

    A donation in the journal of a visit never reached the volunteer's account.
    """
    original = Transfer.objects.filter(community=OuterRef("community"), id=OuterRef("reverses"))
    earned = Transfer.objects.filter(
        community=OuterRef("community"), journal=OuterRef("of_journal"), kind=TransferKind.EARN
    )
    reverses = Q(reverses__isnull=False)
    with_pool = Q(debit__range=THE_POOL) | Q(credit__range=THE_POOL)
    return Transfer.objects.filter(
        community__in=split.communities,
        effective_on__range=(split.period.start, split.period.end),
    ).annotate(
        meant=Case(When(reverses, then=Subquery(original.values("kind"))), default=F("kind")),
        of_journal=Case(
            When(reverses, then=Subquery(original.values("journal"))), default=F("journal")
        ),
        is_reversal=_flag(reverses),
        is_of_a_visit=_flag(Q(meant=TransferKind.DONATE) & Exists(earned)),
        is_with_pool=_flag(Q(meant=TransferKind.CLOSURE) & with_pool),
    )


def _flag(condition: Q | Combinable) -> Case:
    return Case(When(condition, then=Value(True)), default=Value(False))


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


@dataclass(frozen=True)
class Balances:
    """What the books held at the beginning and at the end of a row, by the day of the service."""

    opening: Closing
    closing: Closing


def balances(split: Split) -> tuple[dict[Key, Balances], Balances]:
    """The balances of every row and of the whole period.

    Months are told backwards from the end of the period, by what moved in each: the time it takes
    depends on the period, not on how long the book is.
    """
    values: dict[str, Any] = {
        "communities": list(split.communities),
        "last_of_the_house": accounts.CORRECTION,
        "clearing": AccountKind.CLEARING,
        "start": split.period.start,
    }
    ends = _as_of(values, split.period.end)
    starts = _as_of(values, split.period.start - timedelta(days=1))
    whole = Balances(_closing(starts, split.communities), _closing(ends, split.communities))
    if not split.is_by_month:
        rows = {
            row.key: Balances(_closing(starts, row.communities), _closing(ends, row.communities))
            for row in split.rows
        }
        return rows, whole
    with connection.cursor() as cursor:
        cursor.execute(MOVED, {**values, "day": split.period.end})
        moved = {(month, kind): int(minutes) for month, kind, minutes in cursor.fetchall()}
    by_month = {}
    closing = whole.closing
    for row in reversed(split.rows):
        opening = closing - _of(moved, row.key)
        by_month[row.key] = Balances(opening, closing)
        closing = opening
    return by_month, whole


def _as_of(values: dict[str, Any], day: date) -> dict[tuple[int, int], int]:
    with connection.cursor() as cursor:
        cursor.execute(CLOSING, {**values, "day": day})
        return {(place, kind): int(minutes) for place, kind, minutes in cursor.fetchall()}


def _closing(ends: dict[tuple[int, int], int], communities: Iterable[int]) -> Closing:
    return sum((_of(ends, place) for place in communities), start=Closing(0, 0))


def _of(sums: dict, key: object) -> Closing:
    own = {kind: sums.get((key, kind), 0) for kind in OF_THE_BOOK}
    return Closing(members=-sum(own.values()), pool=own[AccountKind.POOL])
