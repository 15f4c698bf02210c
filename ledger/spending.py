"""Where a member's hours come from, and in which order they are used.

Granted hours go first, the ones that expire first before the others: they would be lost. Then what
others have given, which cannot be given on. What somebody earned is used last, as it alone can
still be donated, given to a relative, or kept for ever.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection

from ledger.models import AccountKind

SOURCES = """
    SELECT a.id, a.kind, b.posted - b.held, a.expires_on
    FROM ledger_account a
    JOIN ledger_balance b ON b.community_id = a.community_id AND b.account_id = a.id
    WHERE a.community_id = %s AND a.holder = %s AND NOT b.frozen AND b.posted > b.held
        AND (a.expires_on IS NULL OR a.expires_on >= %s)
"""


@dataclass(frozen=True, slots=True)
class Source:
    """Minutes that can be used, on one account of their holder; granted ones until `expires_on`."""

    account: int
    kind: AccountKind
    minutes: int
    expires_on: date | None = None


class NotEnough(Exception):
    """The sources do not hold so many minutes; `available` is what they hold."""

    def __init__(self, available: int):
        super().__init__(available)
        self.available = available


_ORDER = (AccountKind.GRANT, AccountKind.GIFTED, AccountKind.MEMBER)


def sources(community_id: int, holder: UUID, *, on: date) -> list[Source]:
    """What the holder can use on that day, in the order of use; nothing from frozen accounts."""
    with connection.cursor() as cursor:
        cursor.execute(SOURCES, [community_id, holder, on])
        found = [
            Source(account, AccountKind(kind), minutes, expires_on)
            for account, kind, minutes, expires_on in cursor.fetchall()
        ]
    return in_order(found)


def in_order(found: Iterable[Source]) -> list[Source]:
    """Granted by earliest expiry, then given by others, then earned."""
    return sorted(
        found,
        key=lambda source: (
            _ORDER.index(source.kind),
            source.expires_on or date.max,
            source.account,
        ),
    )


def available(community_id: int, holder: UUID, *, on: date) -> int:
    """The minutes that the holder can use on that day, of every source."""
    return sum(source.minutes for source in sources(community_id, holder, on=on))


def draw(found: Iterable[Source], minutes: int) -> list[Source]:
    """The part of each source that `minutes` take, in the order given. Raises NotEnough."""
    parts = []
    missing = minutes
    for source in found:
        part = min(source.minutes, missing)
        if part > 0:
            parts.append(Source(source.account, source.kind, part, source.expires_on))
        missing -= part
    if missing > 0:
        raise NotEnough(minutes - missing)
    return parts


def lock(*holders: UUID) -> None:
    """Let nobody else decide what these holders' hours are used for until the transaction ends.

    Taken before `sources` and before any posting; their balances are locked by the posting itself,
    in its own order. Several holders in one order for all.
    """
    with connection.cursor() as cursor:
        for holder in sorted(holders):
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
                [f"ledger_holder {holder}"],
            )
