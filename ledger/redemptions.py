"""Hours that are used: set aside when a second person approves, charged by what was served.

Own use begins at an age that the policy sets, earlier with a reason that the second person accepts
(illness). A member may also redeem for a direct relative, with what they earned themselves. An
agent asks in an elder's name, for the elder alone.
"""

from datetime import date, datetime, timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger import accounts, holds, periods, relatives, requests, spending
from ledger.gifts import TooYoung
from ledger.models import AccountKind, MovementRequest, Policy, RequestKind, TransferKind
from ledger.requests import State
from members import access, agents
from members.models import Agent, Member, User


class NeedsReason(requests.Refusal):
    sentence = _("Own use before the usual age needs a reason, for example an illness.")
    field = "reason"


class AgentNoLonger(requests.Refusal):
    sentence = _("The agent who asked for this acts for the elder no longer.")


class NotApproved(requests.Refusal):
    sentence = _("Nothing is set aside for this request.")


@transaction.atomic
def ask(
    member: Member,
    *,
    minutes: int,
    on: date,
    by: User,
    at: datetime,
    key: UUID,
    beneficiary: Member | None = None,
    relation: str = "",
    proof: str = "",
    reason: str = "",
) -> MovementRequest:
    """Ask to use minutes on that day, for the member or for a relative who is named with a proof;
    by the member, by staff, or by an agent who may ask in the member's name.

    `relation` is what the beneficiary is to the member; it and `proof` may be left out for kin on
    record. Raises PermissionDenied, NoPolicy, NeedsReason, TooYoung, KeyReused, and what
    `relatives.told` does; approving raises NotEnoughHours and the like.
    """
    agency = _agency(member, beneficiary, by, at)
    policy = requests.policy_for(member.area, at)
    _check_age(member, beneficiary, on, reason, policy)
    told = relatives.told(
        member,
        beneficiary,
        relation=relation,
        proof=proof,
        among=relatives.TO_REDEEM,
        on=timezone.localdate(at),
    )
    return requests.file(
        RequestKind.REDEEM,
        carry_out,
        area=member.area,
        by=by,
        at=at,
        key=key,
        own=member,
        agency=agency,
        member=member,
        other=beneficiary,
        minutes=minutes,
        on=on,
        reason=reason,
        **told,
    )


def carry_out(request: MovementRequest, policy: Policy, at: datetime) -> None:
    """Set the minutes aside, from the sources in their order of use, until the hold expires."""
    assert request.member is not None
    assert request.minutes is not None
    if request.agency_id and not agents.standing([request.agency_id], at=at):
        raise AgentNoLonger
    _check_age(request.member, request.other, request.on, request.reason, policy)
    relatives.check(request, on=timezone.localdate(at))
    spending.lock(request.member.key)
    sources = spending.sources(request.area_id, request.member.key, on=request.on)
    if request.other is not None:  # neither grants nor gifts are given on
        sources = [source for source in sources if source.kind == AccountKind.MEMBER]
    try:
        parts = spending.draw(sources, request.minutes)
    except spending.NotEnough:
        raise requests.NotEnoughHours from None
    holds.reserve(
        request.area_id,
        request.key,
        parts,
        expires_at=_expiry(request, policy, at),
        policy=policy.pk,
        **requests.authors(request),
    )


def _expiry(request: MovementRequest, policy: Policy, at: datetime) -> datetime:
    """The policy's days after the approval or the service, whichever is later: never before it."""
    served = datetime.combine(request.on, timezone.localtime(at).timetz())
    return max(at, served) + timedelta(days=policy.hold_days)


@transaction.atomic
def charge(
    request: MovementRequest, *, minutes: int, on: date, by: User, at: datetime, key: UUID
) -> None:
    """Use `minutes` of what was set aside, for a service on that day; the rest is free again.

    Zero releases all. The same key again changes nothing. Raises PermissionDenied, NotApproved,
    MoreThanSetAside, AlreadyResolved, AccountFrozen, KeyReused.
    """
    request = _for_staff(request, by)
    if not minutes:
        release(request, by=by, at=at, key=key)
        return
    policy = requests.policy_for(request.area, at)
    try:
        with requests.of_the_ledger():
            holds.charge(
                request.area_id,
                request.key,
                key=key,
                minutes=minutes,
                kind=TransferKind.REDEEM,
                credit=accounts.ISSUANCE,
                by=by.pk,
                policy=policy.pk,
                **periods.placed(request.area_id, on)._asdict(),
            )
    except holds.MoreThanHeld:
        raise requests.MoreThanSetAside from None


@transaction.atomic
def release(request: MovementRequest, *, by: User, at: datetime, key: UUID) -> None:
    """Free what was set aside. Raises PermissionDenied, NotApproved, AlreadyResolved."""
    request = _for_staff(request, by)
    with requests.of_the_ledger():
        holds.release(request.area_id, request.key, key=key, by=by.pk)


def has_set_aside(member: Member, *, beneficiary: Member) -> bool:
    """Whether hours of the member are set aside for a visit to that relative."""
    approved = MovementRequest.objects.filter(
        kind=RequestKind.REDEEM, state=State.DONE, member=member, other=beneficiary
    )
    standings = holds.standings(approved.values_list("area", "key"))
    return any(one.resolution is None for one in standings.values())


def _for_staff(request: MovementRequest, by: User) -> MovementRequest:
    request = requests.locked(request)
    if not access.may_log(by, request.area):
        raise PermissionDenied
    if request.kind != RequestKind.REDEEM or request.state != State.DONE:
        raise NotApproved
    return request


def _agency(member: Member, beneficiary: Member | None, by: User, at: datetime) -> Agent | None:
    """That by which somebody else than staff asks in the member's name. Raises PermissionDenied.

    The database looks once more when the row is written: a revocation at the same time is waited
    for.
    """
    if by.member_id is None or by.member_id == member.pk:
        return None
    found = agents.agency(by, member, agents.Scope.ASK, at=at)
    if found is None or beneficiary is not None:
        raise PermissionDenied
    return found


def _check_age(
    member: Member, beneficiary: Member | None, on: date, reason: str, policy: Policy
) -> None:
    """Whose age is not on record is not refused for the gap."""
    age = (beneficiary or member).age_on(on)
    if age is None:
        return
    if beneficiary is not None and age < policy.relative_age:
        raise TooYoung
    if beneficiary is None and age < policy.redeem_age and not reason:
        raise NeedsReason
