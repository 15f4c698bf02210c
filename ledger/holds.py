"""Setting minutes aside and resolving that once: charged, released or expired.

A hold is known by its key and may lie on several accounts, in the order in which they are drawn.
What is held can be used for nothing else. `by` and `approver` are ids of users, as in transfers.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from django.db import DatabaseError, connection
from django.db.models import Sum

from ledger.models import Account, AccountKind, Hold, HoldResolution, TransferKind
from ledger.spending import Source
from ledger.transfers import Leg, NoSuchHold, Posted, Refused, post_journal


class MoreThanHeld(Exception):
    """A hold is charged with what it holds at most; `held` is that, in minutes."""

    def __init__(self, held: int):
        super().__init__(held)
        self.held = held


class Standing(NamedTuple):
    """What was set aside in minutes, until when, and what became of it: None while it is open.

    `journal` is what a charge booked.
    """

    minutes: int
    expires_at: datetime
    resolution: HoldResolution.Kind | None
    charged: int
    journal: UUID | None = None


def reserve(
    community_id: int,
    key: UUID,
    parts: Sequence[Source],
    *,
    expires_at: datetime,
    by: int,
    approver: int | None = None,
    policy: int | None = None,
) -> bool:
    """Set these minutes aside under the key, all or none; False when that was done before.

    Raises Refused (floor, frozen, missing_account, key_reused).
    """
    accounts, minutes = [p.account for p in parts], [p.minutes for p in parts]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT was_there, refused FROM"
            " ledger_reserve(%s, %s, %s::bigint[], %s::bigint[], %s, %s, %s, %s)",
            [community_id, key, accounts, minutes, expires_at, by, approver, policy],
        )
        was_there, refused = cursor.fetchone()
    if refused:
        raise Refused(refused, key)
    return not was_there


def held(community_id: int, hold: UUID) -> int:
    """The minutes that were set aside under the key, whatever became of them."""
    found = Hold.objects.filter(community=community_id, key=hold).aggregate(m=Sum("amount"))["m"]
    if found is None:
        raise NoSuchHold(hold)
    return int(found)


def parts(community_id: int, hold: UUID) -> list[Source]:
    """What was set aside under the key, account by account, in the order in which it is drawn."""
    found = Hold.objects.filter(community=community_id, key=hold).order_by("leg")
    kinds = dict(
        Account.objects.filter(
            community=community_id, id__in=[one.account_id for one in found]
        ).values_list("id", "kind")
    )
    return [Source(one.account_id, AccountKind(kinds[one.account_id]), one.amount) for one in found]


def is_open(community_id: int, hold: UUID) -> bool:
    """Whether the hold was neither charged nor released nor has expired."""
    ids = Hold.objects.filter(community=community_id, key=hold).values("id")
    resolved = HoldResolution.objects.filter(community=community_id, hold_id__in=ids)
    return ids.exists() and not resolved.exists()


def standing(community_id: int, hold: UUID) -> Standing | None:
    """How the hold of that key stands; None when nothing was set aside under it."""
    return standings([(community_id, hold)]).get((community_id, hold))


def standings(names: Iterable[tuple[int, UUID]]) -> dict[tuple[int, UUID], Standing]:
    """How each of these holds stands, by community and key; those that are none are left out."""
    wanted = set(names)
    parts: dict[tuple[int, UUID], list[Hold]] = {}
    for one in Hold.objects.filter(
        community__in={community for community, _key in wanted},
        key__in=[key for _community, key in wanted],
    ):
        parts.setdefault((one.community_id, one.key), []).append(one)
    resolved = HoldResolution.objects.filter(
        community__in={community for community, _key in parts},
        hold_id__in=[one.id for found in parts.values() for one in found],
    )
    outcomes = {(one.community_id, one.hold_id): one for one in resolved}
    return {
        name: _standing(found, [outcomes.get((name[0], one.id)) for one in found])
        for name, found in parts.items()
        if name in wanted
    }


def _standing(parts: list[Hold], outcomes: list[HoldResolution | None]) -> Standing:
    """The hold as a whole; its parts are resolved together."""
    known = [one for one in outcomes if one]
    charged = HoldResolution.Kind.CHARGED
    return Standing(
        sum(one.amount for one in parts),
        parts[0].expires_at,
        HoldResolution.Kind(known[0].kind) if known else None,
        sum(one.amount for one in known if one.kind == charged),
        next((one.journal for one in known if one.journal), None),
    )


def legs(
    community_id: int, hold: UUID, *, minutes: int, kind: TransferKind, credit: int
) -> list[Leg]:
    """What charging `minutes` of the hold posts; for a journal of one's own with `hold=`.

    Raises NoSuchHold, MoreThanHeld.
    """
    found = list(Hold.objects.filter(community=community_id, key=hold).order_by("leg"))
    if not found:
        raise NoSuchHold(hold)
    total = sum(one.amount for one in found)
    if minutes > total:
        raise MoreThanHeld(total)
    result = []
    for one in found:
        part = min(one.amount, minutes)
        minutes -= part
        if part:
            result.append(Leg(kind, one.account_id, credit, part))
    return result


def charge(
    community_id: int,
    hold: UUID,
    *,
    key: UUID,
    minutes: int,
    kind: TransferKind,
    credit: int,
    effective_on: date,
    by: int,
    approver: int | None = None,
    policy: int | None = None,
    relates_to: date | None = None,
) -> Posted:
    """Move `minutes` of the hold (1 to all of it) to `credit`; the rest is free again.

    Raises NoSuchHold, MoreThanHeld, Refused (already_resolved, frozen, closed, key_reused).
    """
    return post_journal(
        community_id,
        key,
        legs(community_id, hold, minutes=minutes, kind=kind, credit=credit),
        effective_on=effective_on,
        by=by,
        approver=approver,
        policy=policy,
        relates_to=relates_to,
        hold=hold,
    )


def release(community_id: int, hold: UUID, *, key: UUID, by: int) -> bool:
    """Free all minutes of the hold; False when this key did so before.

    Raises NoSuchHold, Refused (already_resolved).
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT was_there, refused FROM ledger_release(%s, %s, %s, %s)",
                [community_id, hold, key, by],
            )
            was_there, refused = cursor.fetchone()
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", None) != "TB002":
            raise
        raise NoSuchHold(hold) from error
    if refused:
        raise Refused(refused, key)
    return not was_there


def expire(*, at: datetime) -> int:
    """Free the minutes of all holds that have expired by then; returns on how many accounts.

    A hold expires once, however often and by however many this is run.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_expire_holds(%s)", [at])
        return cursor.fetchone()[0]
