"""The second person's part: approve what another asked for, or send it back."""

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from ledger import (
    closures,
    donations,
    gifts,
    grants,
    moves,
    openings,
    redemptions,
    requests,
    reversals,
)
from ledger.models import MovementRequest, RequestKind
from ledger.requests import State
from members import access
from members.models import User
from members.refusals import NotWaiting, OwnEntry

CARRY_OUT: dict[str, requests.CarryOut] = {
    RequestKind.DONATE: donations.carry_out,
    RequestKind.GIFT: gifts.carry_out,
    RequestKind.REDEEM: redemptions.carry_out,
    RequestKind.GRANT: grants.carry_out,
    RequestKind.OPENING: openings.carry_out,
    RequestKind.MOVE: moves.carry_out,
    RequestKind.CLOSURE: closures.carry_out,
    RequestKind.REVERSAL: reversals.carry_out,
}


@transaction.atomic
def approve(request: MovementRequest, *, by: User, at: datetime) -> MovementRequest:
    """Carry out what waits, by the rules as they stand now.

    The request is locked first, so that of two who approve at once the second finds it done.
    Raises NotWaiting, OwnEntry, PermissionDenied, and what its kind refuses.
    """
    request = requests.locked(request)
    _check_second_person(request, by)
    request.approver = by
    request.decided_at = at
    with requests.of_the_ledger():
        CARRY_OUT[request.kind](request, requests.policy_for(request.area, at), at)
    request.state = State.DONE
    request.save(update_fields=["state", "approver", "decided_at"])
    return request


@transaction.atomic
def send_back(request: MovementRequest, *, by: User, at: datetime, reason: str) -> MovementRequest:
    """Refuse what waits, and say why. Raises NotWaiting, OwnEntry, PermissionDenied."""
    request = requests.locked(request)
    _check_second_person(request, by)
    request.state = State.RETURNED
    request.approver = by
    request.decided_at = at
    request.return_reason = reason
    request.save(update_fields=["state", "approver", "decided_at", "return_reason"])
    return request


@transaction.atomic
def withdraw(request: MovementRequest, *, by: User, at: datetime) -> MovementRequest:
    """Take back what one asked for oneself and nobody has decided. Raises NotWaiting."""
    request = requests.locked(request)
    if request.author_id != by.pk:
        raise PermissionDenied
    if request.state != State.WAITING:
        raise NotWaiting
    request.state = State.WITHDRAWN
    request.decided_at = at
    request.save(update_fields=["state", "decided_at"])
    return request


def may_approve(request: MovementRequest, *, by: User) -> bool:
    """Whether a page offers to approve the request or to send it back."""
    return (
        request.state == State.WAITING
        and request.author_id != by.pk
        and access.may_approve(by, request.area)
    )


def _check_second_person(request: MovementRequest, by: User) -> None:
    if request.state != State.WAITING:
        raise NotWaiting
    if request.author_id == by.pk:
        raise OwnEntry
    if not access.may_approve(by, request.area):
        raise PermissionDenied
