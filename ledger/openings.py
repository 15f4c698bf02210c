"""Hours brought over from paper: a member's opening balance, with its evidence and two persons."""

from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from ledger import accounts, periods, requests, transfers
from ledger.models import MovementRequest, Policy, RequestKind, TransferKind
from members.models import Member, User


@transaction.atomic
def ask(
    member: Member,
    *,
    minutes: int,
    on: date,
    evidence: str,
    by: User,
    at: datetime,
    key: UUID,
) -> MovementRequest:
    """Ask to bring minutes over as of that day; `evidence` says where the paper or its scan is.

    Raises PermissionDenied, NoPolicy, KeyReused; approving raises AccountFull, AccountFrozen.
    """
    return requests.file(
        RequestKind.OPENING,
        carry_out,
        area=member.area,
        by=by,
        at=at,
        key=key,
        member=member,
        minutes=minutes,
        on=on,
        proof=evidence,
    )


def carry_out(request: MovementRequest, policy: Policy, at: datetime) -> None:
    assert request.member is not None
    assert request.minutes is not None
    account = accounts.open_for(request.area, [request.member.key])[request.member.key]
    transfers.post(
        request.area_id,
        request.key,
        transfers.Leg(TransferKind.OPENING, accounts.ISSUANCE, account, request.minutes),
        policy=policy.pk,
        **requests.authors(request),
        **periods.placed(request.area_id, request.on)._asdict(),
    )
