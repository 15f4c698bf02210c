"""Accounts of people who moved away, left or died: frozen first, emptied later.

A spouse may apply for the hours within the months that the policy gives; otherwise they go to the
public pool. What the pool has granted goes back to it in any case.
"""

from datetime import date, datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger import accounts, periods, relatives, requests, spending, transfers
from ledger.gifts import OtherCommunity
from ledger.models import LimitChange, MovementRequest, Policy, RequestKind
from members import access
from members.models import Member, User


class OnlyASpouse(requests.Refusal):
    sentence = _("Only a spouse takes over the hours.")
    field = "relation"


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
    """Ask to empty the member's accounts, for the spouse `heir` or for the public pool.

    Raises PermissionDenied, NoPolicy, NotFrozen, OnlyASpouse, OtherCommunity, TooLateForHeirs,
    KeyReused; carrying it out raises HoursAreHeld.
    """
    day = timezone.localdate(at)
    among = tuple(MovementRequest.Relation.values)
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
    """The months count to the day on which it was asked for, not to that of its approval."""
    assert request.member is not None  # by constraint
    asked_on = timezone.localdate(request.asked_at)
    _check(request.member, request.other, request.relation, policy, asked_on)
    relatives.check(request, on=asked_on)
    heirs = [request.other.key] if request.other else []
    spending.lock(request.member.key, *heirs)
    target = accounts.POOL
    if request.other is not None:
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
    since = frozen_since(member)
    if since is None:
        raise requests.NotFrozen
    if heir is None:
        return
    if heir.area_id != member.area_id:
        raise OtherCommunity
    if relation != MovementRequest.Relation.SPOUSE:
        raise OnlyASpouse
    if asked_on > _months_after(since, policy.heir_months):
        raise TooLateForHeirs


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
