"""The accounts of a community's book: opening them, and their limits."""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from ledger.models import Account, AccountKind, Policy
from members.models import Area

# Heads of the 16 stripes of a community's issuance and public pool; the SQL picks the stripe.
ISSUANCE = 1
POOL = 17
STRIPES = 16


def open_book(community: Area) -> None:
    """Open issuance and public pool of the community; harmless when they are open."""
    open_for(community, [])


def open_for(community: Area, keys: Iterable[UUID]) -> dict[UUID, int]:
    """The accounts of these holders, opened where they are not yet; the book with the first.

    A member's account never goes below zero, nor above the cap of the policy in force today.
    """
    policy = Policy.objects.in_force(community, timezone.localdate())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT holder, id FROM ledger_open_accounts(%s, %s::uuid[], %s)",
            [community.pk, list(keys), policy.balance_cap],
        )
        return dict(cursor.fetchall())


def books(within: Area | None = None) -> QuerySet[Area]:
    """The communities that have a book, all of them or those in an area."""
    areas = Area.objects.filter(pk__in=Account.objects.values("community")).order_by("path", "pk")
    return areas.filter(path__startswith=within.path) if within else areas


def number_of(community_id: int, key: UUID) -> int | None:
    """The account of this holder; None when it has never been opened."""
    accounts = Account.objects.filter(community=community_id, kind=AccountKind.MEMBER)
    try:
        return accounts.values_list("id", flat=True).get(holder=key)
    except Account.DoesNotExist:
        return None


def set_limits(
    community_id: int,
    account: int,
    *,
    floor: int | None,
    ceiling: int | None,
    frozen: bool,
    by: int,
) -> None:
    """Set all limits of one account, and keep who did it.

    Raises IntegrityError when the account breaks them already.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ledger_set_limits(%s, %s, %s, %s, %s, %s)",
            [community_id, account, floor, ceiling, frozen, by],
        )


def stripes(account: int) -> list[int]:
    """The accounts behind a head: all stripes of issuance or pool, else the account itself."""
    if account in (ISSUANCE, POOL):
        return list(range(account, account + STRIPES))
    return [account]
