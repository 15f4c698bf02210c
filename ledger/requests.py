"""What people ask for that moves hours: written down first, carried out when nobody else has to
look at it or when a second person has.

Each kind has a module of its own that knows its rules; this one keeps the row and the words for
what is refused. The key of a request is the key of what the ledger posts for it.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger import accounts, periods
from ledger.models import Balance, MovementRequest, Policy, RequestKind
from ledger.transfers import reverse, said_as
from members import access
from members.models import Agent, Area, Member, User
from members.refusals import Refusal, violated

State = MovementRequest.State
BY_AN_AGENT = "ledger_movementrequest_of_an_agent_who_may"  # a trigger of the database
UNDONE = (RequestKind.DONATE, RequestKind.GIFT)  # the kinds that have minutes to undo
CarryOut = Callable[[MovementRequest, Policy, datetime], None]


class NoPolicy(Refusal):
    sentence = _("No rules were in force on that day. Check the date.")


class KeyReused(Refusal):
    sentence = _("Something else was saved from this page already. Open the page again.")


class NotEnoughHours(Refusal):
    sentence = _("There are not enough hours on the account.")
    field = "minutes"


class AccountFull(Refusal):
    sentence = _("The account is full.")
    field = "minutes"


class AccountFrozen(Refusal):
    sentence = _("The account is frozen.")


class NotFrozen(Refusal):
    sentence = _("The account has to be frozen first.")


class NoAccount(Refusal):
    sentence = _("There is no account yet.")


class HoursAreHeld(Refusal):
    sentence = _("Hours are set aside for a visit. Release them first.")


class MonthIsClosed(Refusal):
    sentence = _("The month was closed at this moment. Try again.")


class AlreadyUndone(Refusal):
    sentence = _("This was undone before.")


class AlreadyResolved(Refusal):
    sentence = _("These hours were charged or released before.")


class TooLateToUndo(Refusal):
    sentence = _("The time to undo this has passed. Ask for a reversal.")


class CannotBeUndone(Refusal):
    sentence = _("This cannot be undone.")


class PoolExhausted(Refusal):
    sentence = _("The public pool has reached the limit that the rules set.")
    field = "minutes"


class MoreThanSetAside(Refusal):
    sentence = _("This is more than was set aside.")
    field = "minutes"


class NotPosted(Refusal):
    sentence = _("The ledger did not accept this. Nothing was saved; try again.")


REFUSED_BY_THE_LEDGER: dict[str, type[Refusal]] = {
    "floor": NotEnoughHours,
    "ceiling": AccountFull,
    "frozen": AccountFrozen,
    "not_frozen": NotFrozen,
    "missing_account": NoAccount,
    "held": HoursAreHeld,
    "closed": MonthIsClosed,
    "already_reversed": AlreadyUndone,
    "already_resolved": AlreadyResolved,
    "key_reused": KeyReused,
    "pool_floor": PoolExhausted,
    "more_than_held": MoreThanSetAside,
}


def of_the_ledger() -> AbstractContextManager[None]:
    """Turn what the ledger refuses into what a person can read."""
    return said_as(REFUSED_BY_THE_LEDGER, otherwise=NotPosted)


def policy_for(area: Area, at: datetime) -> Policy:
    """The rules of the area on the day of `at`. Raises NoPolicy."""
    try:
        return Policy.objects.in_force(area, timezone.localdate(at))
    except Policy.DoesNotExist:
        raise NoPolicy from None


def file(
    kind: RequestKind,
    carry_out: CarryOut,
    *,
    area: Area,
    by: User,
    at: datetime,
    key: UUID,
    own: Member | None = None,
    agency: Agent | None = None,
    **content: Any,
) -> MovementRequest:
    """Write the request down; carry it out at once where the policy asks for no second person.

    The same key gives the request that is there. `own` is the member who may ask for themselves,
    `agency` that by which the author asks in their name; everybody else has to be staff of the
    area. Raises PermissionDenied, NoPolicy, KeyReused, and
    what `carry_out` raises.
    """
    if agency is None:
        check_author(by, area, own)
    policy = policy_for(area, at)
    content.setdefault("on", timezone.localdate(at))
    content["agency"] = agency
    needs_approval = kind in policy.two_persons
    try:
        with transaction.atomic():
            request = MovementRequest.objects.create(
                kind=kind,
                area=area,
                key=key,
                author=by,
                asked_at=at,
                needs_approval=needs_approval,
                **content,
            )
    except IntegrityError as error:
        if violated(error) == BY_AN_AGENT:
            raise PermissionDenied from error
        if getattr(error.__cause__, "sqlstate", None) != "23505":
            raise
        return _known(key, kind, area, content)
    if not needs_approval:
        with of_the_ledger():
            carry_out(request, policy, at)
        request.state = State.DONE
        request.decided_at = at
        request.save(update_fields=["state", "decided_at"])
    return request


def check_author(by: User, area: Area, own: Member | None = None) -> None:
    """Raises PermissionDenied unless `by` is staff of the area, or the member `own`."""
    is_own = own is not None and by.member_id is not None and by.member_id == own.pk
    if not is_own and not access.may_log(by, area):
        raise PermissionDenied


def locked(request: MovementRequest) -> MovementRequest:
    """The request as it stands now; nobody else changes it until the transaction ends."""
    people = ("area", "member", "other", "destination", "author", "approver")
    found = MovementRequest.objects.select_for_update(of=("self",)).select_related(*people)
    return found.get(pk=request.pk)


def key_of(request: MovementRequest, act: str) -> UUID:
    """The key of a further act of the request in the ledger; the same act has the same key."""
    return uuid5(request.key, act)


def authors(request: MovementRequest) -> dict[str, Any]:
    """Who stands behind what the ledger posts for the request."""
    return {"by": request.author_id, "approver": request.approver_id}


def placed_on(request: MovementRequest, at: datetime) -> dict[str, Any]:
    """The day for which a posting of that moment counts; see `ledger.periods`."""
    return periods.placed(request.area_id, timezone.localdate(at))._asdict()


def account_of(member: Member) -> int:
    """The member's time account. Raises NoAccount."""
    account = accounts.number_of(member.area_id, member.key)
    if account is None:
        raise NoAccount
    return account


def held_by(community_id: int, holder: UUID) -> int:
    """The minutes that are set aside on all accounts of the holder."""
    numbers = [account.id for account in accounts.of(community_id, holder)]
    balances = Balance.objects.filter(community=community_id, account_id__in=numbers)
    return int(balances.aggregate(minutes=Sum("held", default=0))["minutes"])


@transaction.atomic
def undo(request: MovementRequest, *, by: User, at: datetime) -> MovementRequest:
    """Reverse what was done within the policy's minutes, for whoever had a part in it.

    Raises PermissionDenied, CannotBeUndone, TooLateToUndo, and what the ledger refuses (hours that
    were used meanwhile).
    """
    request = locked(request)
    is_own = by.member_id is not None and by.member_id == request.member_id
    if not is_own and by.pk not in (request.author_id, request.approver_id):
        raise PermissionDenied
    until = undone_until(request)
    if until is None or request.decided_at is None:
        raise CannotBeUndone
    if at > until:
        raise TooLateToUndo
    with of_the_ledger():
        reverse(
            request.area_id,
            request.key,
            key=key_of(request, "undo"),
            by=by.pk,
            **placed_on(request, request.decided_at),
        )
    request.state = State.UNDONE
    request.save(update_fields=["state"])
    return request


def undone_until(request: MovementRequest) -> datetime | None:
    """Up to when the request may be undone; None for what is not done, or is of another kind."""
    if request.kind not in UNDONE or request.state != State.DONE or request.decided_at is None:
        return None
    policy = policy_for(request.area, request.decided_at)
    return request.decided_at + timedelta(minutes=policy.undo_minutes)


def may_undo(request: MovementRequest, *, by: User, at: datetime) -> bool:
    """Whether a page offers to undo the request."""
    until = undone_until(request)
    return until is not None and at <= until and by.pk in (request.author_id, request.approver_id)


def _known(key: UUID, kind: str, area: Area, content: dict[str, Any]) -> MovementRequest:
    """The request of that key, if it asks for the same."""
    request = MovementRequest.objects.get(key=key)
    same = request.kind == kind and request.area_id == area.pk
    if not same or any(
        getattr(request, name) != value for name, value in content.items() if name != "on"
    ):
        raise KeyReused
    return request
