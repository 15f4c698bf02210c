"""Accounts of people who moved away, left or died: frozen first, emptied later.

A direct relative may apply for the hours within the months that the policy gives, also when they
have gone to the public pool meanwhile; otherwise they stay there. What the pool has granted goes
back to it in any case. Kinship is shown to a second person in words, as for a gift.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger import accounts, periods, relatives, requests, spending, transfers
from ledger.gifts import OtherCommunity
from ledger.models import (
    Account,
    AccountKind,
    Balance,
    LimitChange,
    MovementRequest,
    Policy,
    RequestKind,
    Transfer,
)
from members import access
from members.models import Member, User


class OnlyARelative(requests.Refusal):
    sentence = _("Only a spouse or a direct relative takes over the hours.")
    field = "relation"


class NothingLeft(requests.Refusal):
    sentence = _("There are no hours left on this account.")


class TooLateForHeirs(requests.Refusal):
    sentence = _("The months in which relatives may apply have passed.")
    field = "other"


@transaction.atomic
def freeze(member: Member, *, by: User, at: datetime) -> None:
    """Let nothing be posted to or from the member's accounts. Raises PermissionDenied, NoAccount.

    Harmless when they are frozen: the months for relatives count from the first time.
    """
    _set_frozen(member, by, frozen=True)


@transaction.atomic
def thaw(member: Member, *, by: User, at: datetime) -> None:
    """Open frozen accounts again. Raises PermissionDenied, NoAccount."""
    _set_frozen(member, by, frozen=False)


@transaction.atomic
def ask(
    member: Member,
    *,
    reason: str,
    by: User,
    at: datetime,
    key: UUID,
    heir: Member | None = None,
    relation: str = "",
    proof: str = "",
) -> MovementRequest:
    """Ask to empty the member's accounts, for the relative `heir` or for the public pool.

    `relation` is what the heir is to the member. Raises PermissionDenied, NoPolicy, NotFrozen,
    OnlyARelative, OtherCommunity, TooLateForHeirs, KeyReused; carrying it out raises HoursAreHeld,
    and PoolExhausted where the pool would have to give back more than it may.
    """
    day = timezone.localdate(at)
    among = relatives.TO_INHERIT
    told = relatives.told(member, heir, relation=relation, proof=proof, among=among, on=day)
    _check(member, heir, told["relation"], requests.policy_for(member.area, at), day)
    return requests.file(
        RequestKind.CLOSURE,
        carry_out,
        area=member.area,
        by=by,
        at=at,
        key=key,
        member=member,
        other=heir,
        reason=reason,
        **told,
    )


def carry_out(request: MovementRequest, policy: Policy, at: datetime) -> None:
    """The months count to the day on which it was asked for, not to that of its approval.

    For an heir, what went to the pool before is taken back first.
    """
    assert request.member is not None  # by constraint
    asked_on = timezone.localdate(request.asked_at)
    _check(request.member, request.other, request.relation, policy, asked_on)
    relatives.check(request, on=asked_on)
    heirs = [request.other.key] if request.other else []
    spending.lock(request.member.key, *heirs)
    target = accounts.POOL
    if request.other is not None:
        closed = closed_to_pool(request.member)
        if closed:
            _take_back(request, closed)
        elif not _has_hours(request.member):
            raise NothingLeft
        target = accounts.open_gifted(request.area, request.other.key)
    transfers.close(
        request.area_id,
        request.key,
        request.member.key,
        target,
        policy=policy.pk,
        **requests.authors(request),
        **requests.placed_on(request, at),
    )


@dataclass(frozen=True, slots=True)
class ClosedToPool:
    """What went to the pool when the accounts were closed: under which key, when, how much of it
    the member's own."""

    journal: UUID
    day: date
    minutes: int


def closed_to_pool(member: Member) -> ClosedToPool | None:
    """The closure that left the member's hours to the pool and stands; None when there is none."""
    asked = MovementRequest.objects.filter(
        kind=RequestKind.CLOSURE,
        state=MovementRequest.State.DONE,
        area=member.area_id,
        member=member,
        other=None,
    )
    for key, at in asked.order_by("-decided_at", "-pk").values_list("key", "decided_at"):
        legs = Transfer.objects.filter(community=member.area_id, journal=key)
        reversal = Transfer.objects.filter(community=member.area_id, reverses__in=legs.values("id"))
        own = _own_accounts(member)
        minutes = legs.filter(debit__in=own.values("id")).aggregate(m=Sum("amount", default=0))
        if minutes["m"] and not reversal.exists():
            return ClosedToPool(key, timezone.localdate(at), int(minutes["m"]))
    return None


def heirs_until(member: Member, policy: Policy) -> date | None:
    """The last day on which a relative may apply: some months after the freezing, or the closing.

    None while the accounts are not frozen.
    """
    since = frozen_since(member)
    if since is None:
        return None
    closed = closed_to_pool(member)
    return _months_after(closed.day if closed else since, policy.heir_months)


def frozen_since(member: Member) -> date | None:
    """The day since which the member's time account has been frozen; None when it is not."""
    account = requests.account_of(member)
    changes = LimitChange.objects.filter(community=member.area_id, account_id=account)
    since = None
    for change in changes.order_by("id"):
        if not change.frozen:
            since = None
        elif since is None:
            since = timezone.localdate(change.recorded_at)
    return since


def _check(
    member: Member, heir: Member | None, relation: str, policy: Policy, asked_on: date
) -> None:
    requests.account_of(member)
    until = heirs_until(member, policy)
    if until is None:
        raise requests.NotFrozen
    if heir is None:
        return
    if heir.area_id != member.area_id:
        raise OtherCommunity
    if relation not in MovementRequest.Relation.values:
        raise OnlyARelative
    if asked_on > until:
        raise TooLateForHeirs


def _has_hours(member: Member) -> bool:
    """Whether anything that they earned or were given is left, set aside or not."""
    own = _own_accounts(member).values("id")
    balances = Balance.objects.filter(community=member.area_id, account_id__in=own)
    return balances.filter(posted__gt=0).exists()


def _own_accounts(member: Member) -> QuerySet[Account]:
    """Theirs for good: not those of grants."""
    kinds = (AccountKind.MEMBER, AccountKind.GIFTED)
    return Account.objects.filter(community=member.area_id, holder=member.key, kind__in=kinds)


def _take_back(request: MovementRequest, closed: ClosedToPool) -> None:
    """Book back what the pool received, on accounts that are frozen before and after."""
    assert request.member is not None  # by constraint
    house = {"by": request.approver_id or request.author_id}
    accounts.freeze(request.area_id, request.member.key, frozen=False, **house)
    transfers.reverse(
        request.area_id,
        closed.journal,
        key=requests.key_of(request, "taken back from the pool"),
        **requests.authors(request),
        **periods.placed(request.area_id, closed.day)._asdict(),
    )
    accounts.freeze(request.area_id, request.member.key, frozen=True, **house)


def _months_after(day: date, months: int) -> date:
    """The same day of a later month, or its last one."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = periods.last_day(date(year, month + 1, 1))
    return last.replace(day=min(day.day, last.day))


def _set_frozen(member: Member, by: User, *, frozen: bool) -> None:
    if not access.may_approve(by, member.area):
        raise PermissionDenied
    requests.account_of(member)
    accounts.freeze(member.area_id, member.key, frozen=frozen, by=by.pk)
