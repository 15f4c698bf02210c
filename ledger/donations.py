"""Hours that a member gives to the public pool; final after the minutes to undo."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from ledger import accounts, requests, spending, transfers
from ledger.models import MovementRequest, Policy, RequestKind, TransferKind
from members.models import Member, User


@transaction.atomic
def give(member: Member, *, minutes: int, by: User, at: datetime, key: UUID) -> MovementRequest:
    """Give minutes that the member earned to the pool of their community.

    Done at once unless the policy asks for a second person. Raises PermissionDenied, NoPolicy,
    NoAccount, NotEnoughHours, AccountFrozen, KeyReused.
    """
    return requests.file(
        RequestKind.DONATE,
        carry_out,
        area=member.area,
        by=by,
        at=at,
        key=key,
        own=member,
        member=member,
        minutes=minutes,
    )


@transaction.atomic
def undo(request: MovementRequest, *, by: User, at: datetime) -> MovementRequest:
    """Take the donation back; see `requests.undo`."""
    return requests.undo(request, by=by, at=at)


def carry_out(request: MovementRequest, policy: Policy, at: datetime) -> None:
    assert request.member is not None
    assert request.minutes is not None
    spending.lock(request.member.key)
    account = requests.account_of(request.member)
    transfers.post(
        request.area_id,
        request.key,
        transfers.Leg(TransferKind.DONATE, account, accounts.POOL, request.minutes),
        policy=policy.pk,
        **requests.authors(request),
        **requests.placed_on(request, at),
    )
