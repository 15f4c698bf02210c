"""The accounts of a community's book: opening them, and their limits."""

from collections.abc import Iterable, Mapping
from datetime import date
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from ledger.models import Account, AccountKind, Balance, Policy
from members.models import Area

# Heads of the 16 stripes of a community's issuance and public pool; the SQL picks the stripe.
ISSUANCE = 1
POOL = 17
STRIPES = 16
CORRECTION = 33


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


def open_gifted(community: Area, key: UUID) -> int:
    """The account for what others give to this holder, opened with the first gift.

    It has no ceiling; what stands on it cannot be given on.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM ledger_open_gifted(%s, %s::uuid[])", [community.pk, [key]])
        return cursor.fetchone()[0]


def open_grants(
    community: Area, holders: Mapping[UUID, UUID], *, purpose: str, expires_on: date
) -> dict[UUID, int]:
    """An account for each grant: `holders` tells them by the grant's key, the result the accounts.

    A key has one account for ever. What stands on it cannot be given on, and goes back to the pool
    after `expires_on`.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT grant_key, id FROM ledger_open_grants(%s, %s::uuid[], %s::uuid[], %s, %s)",
            [community.pk, list(holders), list(holders.values()), purpose, expires_on],
        )
        return dict(cursor.fetchall())


def of(community_id: int, key: UUID) -> list[Account]:
    """All accounts of a holder in a book: what they earned, were given, were granted."""
    kinds = (AccountKind.MEMBER, AccountKind.GIFTED, AccountKind.GRANT)
    found = Account.objects.filter(community=community_id, holder=key, kind__in=kinds)
    return list(found.order_by("kind", "expires_on", "id"))


def is_frozen(community_id: int, key: UUID) -> bool:
    """Whether nothing is posted to and from the holder's accounts."""
    numbers = [account.id for account in of(community_id, key)]
    return Balance.objects.filter(
        community=community_id, account_id__in=numbers, frozen=True
    ).exists()


def freeze(community_id: int, key: UUID, *, frozen: bool, by: int) -> None:
    """Freeze or thaw all accounts of a holder; nothing is posted to or from a frozen one."""
    numbers = [account.id for account in of(community_id, key)]
    balances = Balance.objects.filter(community=community_id, account_id__in=numbers)
    for balance in balances.order_by("account_id"):  # in the order in which all lock them
        set_limits(
            community_id,
            balance.account_id,
            floor=balance.floor,
            ceiling=balance.ceiling,
            frozen=frozen,
            by=by,
        )


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
