"""The public pools as they would have stood day by day, for rules that limit what they give."""

from collections import defaultdict
from collections.abc import Collection
from copy import deepcopy
from dataclasses import dataclass
from datetime import date

from django.db import connection

from ledger.models import AccountKind
from ledger.policy import Credit
from timebank.reports.periods import Period

OPENING = """
    SELECT account.community_id,
        sum(ledger_as_effective(account.community_id, account.id, %s))::bigint
    FROM ledger_account account
    WHERE account.kind = %s AND account.community_id = ANY(%s) GROUP BY 1
"""
# What came to the pool and went from it but for visits, and not to undo one.
BESIDES_VISITS = """
    SELECT transfer.community_id, transfer.effective_on, sum(CASE
        WHEN source.kind = target.kind THEN 0
        WHEN target.kind = %(pool)s THEN transfer.amount ELSE -transfer.amount END)::bigint
    FROM ledger_transfer transfer
    JOIN ledger_account source ON source.community_id = transfer.community_id
        AND source.id = transfer.debit
    JOIN ledger_account target ON target.community_id = transfer.community_id
        AND target.id = transfer.credit
    LEFT JOIN ledger_transfer original ON original.community_id = transfer.community_id
        AND original.id = transfer.reverses
    WHERE transfer.community_id = ANY(%(communities)s)
        AND transfer.effective_on BETWEEN %(start)s AND %(end)s
        AND %(pool)s IN (source.kind, target.kind)
        AND NOT EXISTS (SELECT FROM services_visit visit
            WHERE visit.journal IN (transfer.journal, original.journal))
    GROUP BY 1, 2
"""


@dataclass
class Pool:
    """The pool of a community while a month is told again, day after day.

    `besides` is what moved but for visits, by day; each day goes into the balance as it comes.
    """

    balance: int
    besides: dict[date, int]

    def room(self, day: date, floor: int | None) -> int | None:
        """What it may give on that day; None without a limit."""
        for past in [one for one in self.besides if one <= day]:
            self.balance += self.besides.pop(past)
        return None if floor is None else max(0, self.balance - floor)

    def book(self, worth: Credit) -> None:
        self.balance += worth.donated + worth.overflow - worth.from_pool


def pairs(communities: Collection[int], month: Period) -> dict[int, tuple[Pool, Pool]]:
    """Two pools a community, alike at the beginning of the month: one for each set of rules."""
    places = list(communities)
    pool = AccountKind.POOL.value
    days = {"start": month.start, "end": month.end}
    besides: defaultdict[int, dict[date, int]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(OPENING, [month.day_before, pool, places])
        opening = dict(cursor.fetchall())
        cursor.execute(BESIDES_VISITS, {"pool": pool, "communities": places, **days})
        for place, day, minutes in cursor.fetchall():
            besides[place][day] = minutes
    pools = {place: Pool(opening.get(place, 0), besides[place]) for place in places}
    return {place: (pool, deepcopy(pool)) for place, pool in pools.items()}
