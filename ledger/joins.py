"""Accounts of two records of one person, joined by transfers; nothing in history changes.

Every source stays what it is: earned hours go to the time account, given ones to those given,
each grant to one that is valid as long. The accounts that were emptied are frozen, so that nothing
is posted to them again; what was booked on them can still be undone, see `lent`.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger import accounts, periods, requests, spending, transfers
from ledger.models import Account, AccountKind, Balance, Transfer, TransferKind
from members.models import Area, Member

OWN = (AccountKind.MEMBER, AccountKind.GIFTED, AccountKind.GRANT)


class SpentSince(requests.Refusal):
    sentence = _(
        "Hours that came from the other record have been used since. The records stay together."
    )


class TooMuchTogether(requests.Refusal):
    sentence = _(
        "Together the hours are more than one account may hold. Let some be given or donated first."
    )


class Pair(NamedTuple):
    """The holder whose accounts are emptied, and the one who has the hours from then on."""

    gone: UUID
    kept: UUID


def join(
    community: Area, pair: Pair, *, key: UUID, at: datetime, by: int, approver: int, policy: int
) -> int:
    """Move all hours of the one holder to the other, and freeze the emptied accounts.

    Returns the minutes that moved. Raises HoursAreHeld, AccountFrozen, TooMuchTogether.
    """
    spending.lock(*pair)
    if requests.held_by(community.pk, pair.gone):
        raise requests.HoursAreHeld
    if any(accounts.is_frozen(community.pk, holder) for holder in pair):
        raise requests.AccountFrozen
    legs = _legs(community, pair, _posted(community, pair.gone))
    if legs:
        try:
            transfers.post_journal(
                community.pk,
                key,
                legs,
                **_day(community, at),
                by=by,
                approver=approver,
                policy=policy,
            )
        except transfers.Refused as refused:
            if refused.code == "ceiling":
                raise TooMuchTogether from refused
            raise
    accounts.freeze(community.pk, pair.gone, frozen=True, by=approver)
    return sum(leg.minutes for leg in legs)


def part(
    community: Area, pair: Pair, *, key: UUID, at: datetime, by: int, approver: int | None = None
) -> int:
    """Take a join back, whole: its mirror is booked and the accounts are open again.

    `key` is that of the join. Returns the minutes that went back. Raises SpentSince when they are
    no longer there, HoursAreHeld when they are set aside.
    """
    spending.lock(*pair)
    accounts.freeze(community.pk, pair.gone, frozen=False, by=by)
    joined = Transfer.objects.filter(community=community, journal=key)
    minutes = sum(joined.values_list("amount", flat=True))
    if minutes:
        if requests.held_by(community.pk, pair.kept) and not _covers(community, joined):
            raise requests.HoursAreHeld
        try:
            transfers.reverse(
                community.pk,
                key,
                key=uuid5(key, "undo"),
                **_day(community, at),
                by=by,
                approver=approver,
            )
        except transfers.Refused as refused:
            if refused.code == "floor":
                raise SpentSince from refused
            raise
    return minutes


@contextmanager
def lent(community_id: int, journal: UUID, *, key: UUID, **told: Any) -> Iterator[None]:
    """Within this, what was booked on accounts that were joined since can be reversed.

    What the reversal takes from an emptied account is brought back to it first, and what it leaves
    there goes to the record that was kept. `key` and `told` are those of the reversal, which is
    itself refused (floor) when the kept record has not so many hours left.
    """
    pairs = _joined(community_id, journal)
    if not pairs:
        yield
        return
    community = Area.objects.get(pk=community_id)
    spending.lock(*{holder for pair in pairs for holder in pair})
    for pair in pairs:
        accounts.freeze(community_id, pair.gone, frozen=False, by=told["by"])
        backwards = Pair(pair.kept, pair.gone)
        wanted = _legs(community, backwards, _missing(community_id, journal, pair.gone))
        _post(community, _at_most_free(community, wanted), uuid5(key, f"lent {pair.gone}"), told)
    yield
    for pair in pairs:
        left = _legs(community, pair, _posted(community, pair.gone))
        _post(community, left, uuid5(key, f"left {pair.gone}"), told)
        accounts.freeze(community_id, pair.gone, frozen=True, by=told["by"])


def _post(community: Area, legs: list[transfers.Leg], key: UUID, told: dict[str, Any]) -> None:
    if legs:
        transfers.post_journal(community.pk, key, legs, **told)


def _at_most_free(community: Area, legs: list[transfers.Leg]) -> list[transfers.Leg]:
    """The same legs, none with more than is free on its account."""
    balances = Balance.objects.filter(
        community=community, account_id__in=[leg.debit for leg in legs]
    )
    free = {one.account_id: one.posted - one.held for one in balances}
    capped = [leg._replace(minutes=min(leg.minutes, free[leg.debit])) for leg in legs]
    return [leg for leg in capped if leg.minutes > 0]


def _posted(community: Area, holder: UUID) -> list[tuple[Account, int]]:
    """The holder's accounts on which there is something, each with its minutes."""
    opened = [a for a in accounts.of(community.pk, holder) if a.kind in OWN]
    balances = Balance.objects.filter(community=community, account_id__in=[a.id for a in opened])
    posted = dict(balances.values_list("account_id", "posted"))
    return [(account, posted[account.id]) for account in opened if posted[account.id] > 0]


def _legs(community: Area, pair: Pair, minutes: list[tuple[Account, int]]) -> list[transfers.Leg]:
    """From each of these accounts of `gone` (or of the same source of theirs) to that of `kept`."""
    return [
        transfers.Leg(
            TransferKind.JOIN,
            _of_source(community, pair.gone, account),
            _of_source(community, pair.kept, account),
            amount,
        )
        for account, amount in minutes
    ]


def _of_source(community: Area, holder: UUID, like: Account) -> int:
    """The holder's account of the same source as `like`, opened when there is none."""
    if like.holder == holder:
        return like.id
    if like.kind == AccountKind.MEMBER:
        return accounts.open_for(community, [holder])[holder]
    if like.kind == AccountKind.GIFTED:
        return accounts.open_gifted(community, holder)
    assert like.grant_key is not None  # by constraint, as the next two
    assert like.purpose is not None
    assert like.expires_on is not None
    copy = uuid5(like.grant_key, f"joined {holder}")
    return accounts.open_grants(
        community, {copy: holder}, purpose=like.purpose, expires_on=like.expires_on
    )[copy]


def _missing(community_id: int, journal: UUID, holder: UUID) -> list[tuple[Account, int]]:
    """What a reversal of the journal takes from the holder's accounts and they do not have."""
    opened = {a.id: a for a in accounts.of(community_id, holder)}
    taken: dict[int, int] = defaultdict(int)
    for debit, credit, amount in Transfer.objects.filter(
        community=community_id, journal=journal
    ).values_list("debit", "credit", "amount"):
        taken[credit] += amount
        taken[debit] -= amount
    balances = Balance.objects.filter(community=community_id, account_id__in=list(opened))
    posted = dict(balances.values_list("account_id", "posted"))
    return [
        (account, taken[number] - posted[number])
        for number, account in sorted(opened.items())
        if taken[number] > posted[number]
    ]


def _joined(community_id: int, journal: UUID) -> list[Pair]:
    """The holders of accounts in the journal whose record was merged into another since."""
    legs = Transfer.objects.filter(community=community_id, journal=journal)
    numbers = {number for pair in legs.values_list("debit", "credit") for number in pair}
    holders = Account.objects.filter(
        community=community_id, id__in=numbers, kind__in=OWN
    ).values_list("holder", flat=True)
    merged = Member.objects.filter(key__in=list(holders), merged_into__isnull=False)
    return [Pair(*keys) for keys in merged.order_by("key").values_list("key", "merged_into__key")]


def _covers(community: Area, joined: Any) -> bool:
    """Whether what is free on the accounts suffices to take the join back."""
    free = {
        balance.account_id: balance.posted - balance.held
        for balance in Balance.objects.filter(
            community=community, account_id__in=list(joined.values_list("credit", flat=True))
        )
    }
    return all(free[credit] >= amount for credit, amount in joined.values_list("credit", "amount"))


def _day(community: Area, at: datetime) -> dict[str, Any]:
    return periods.placed(community.pk, timezone.localdate(at))._asdict()
