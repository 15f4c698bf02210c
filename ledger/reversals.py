"""A booking that was wrong is undone by its mirror, which names it, once; by two persons."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ledger import joins, moves, periods, requests, transfers
from ledger.models import MovementRequest, Policy, RequestKind, Transfer
from members.models import Area, User


class NothingToReverse(requests.Refusal):
    sentence = _("There is no such booking.")


class UsedSince(requests.NotEnoughHours):
    sentence = _(
        "These hours have been used since. Ask for the reversal anew, and let the community make "
        "up for them."
    )


class FrozenSince(requests.AccountFrozen):
    sentence = _("An account of this booking is frozen. Open it on the member's page first.")


SAID = requests.REFUSED_BY_THE_LEDGER | {"floor": UsedSince, "frozen": FrozenSince}


@transaction.atomic
def ask(
    community: Area,
    journal: UUID,
    *,
    reason: str,
    by: User,
    at: datetime,
    key: UUID,
    makes_up: bool = False,
) -> MovementRequest:
    """Ask to reverse all that was posted under `journal`.

    With `makes_up` the community makes up for minutes that were spent meanwhile, so that no one's
    account falls below zero. Raises PermissionDenied, NoPolicy, NothingToReverse, AlreadyUndone,
    KeyReused; approving raises UsedSince, FrozenSince and the like.
    """
    booked = Transfer.objects.filter(community=community, journal=journal)
    if not booked.exists():
        raise NothingToReverse
    reversals = Transfer.objects.filter(community=community, reverses__in=booked.values("id"))
    if reversals.exclude(journal=key).exists():
        raise requests.AlreadyUndone
    return requests.file(
        RequestKind.REVERSAL,
        carry_out,
        area=community,
        by=by,
        at=at,
        key=key,
        original=journal,
        reason=reason,
        makes_up=makes_up,
    )


def carry_out(request: MovementRequest, policy: Policy, at: datetime) -> None:
    """The mirror counts for the day of the original, or for the first open one."""
    with transfers.said_as(SAID, otherwise=requests.NotPosted):
        _book_back(request, policy, at)


def _book_back(request: MovementRequest, policy: Policy, at: datetime) -> None:
    assert request.original is not None  # by constraint
    move = moves.under(request.area_id, request.original)
    if move:
        moves.take_back(request, move, policy, at)
        return
    first = Transfer.objects.filter(community=request.area_id, journal=request.original).order_by(
        "leg"
    )[0]
    day = first.relates_to or first.effective_on
    told = {"key": request.key, **requests.authors(request)}
    told |= periods.placed(request.area_id, day)._asdict()
    with joins.lent(request.area_id, request.original, **told):
        transfers.reverse(
            request.area_id,
            request.original,
            made_up_under=requests.key_of(request, "made up") if request.makes_up else None,
            **told,
        )
