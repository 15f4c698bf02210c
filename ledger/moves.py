"""Hours that follow their holder to another community: out of one book and into the other at once.

The clearing account of each community towards the other says what they owe each other. What the
pool has granted stays with it. The holder belongs to the other community from then on, as only
there the hours can be used.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger import accounts, periods, requests, spending, transfers
from ledger.models import (
    Account,
    AccountKind,
    MovementRequest,
    Policy,
    RequestKind,
    Transfer,
    TransferKind,
)
from members import joining
from members.models import Area, Member, User, Volunteer

OWN = (AccountKind.MEMBER, AccountKind.GIFTED)


class SameCommunity(requests.Refusal):
    sentence = _("The hours are in this community already.")
    field = "destination"


class MovedOn(requests.Refusal):
    sentence = _("The person belongs to another community by now. Look at the last move first.")


class NotACommunity(requests.Refusal):
    sentence = _("Hours move to a community, not to a whole area.")
    field = "destination"


@transaction.atomic
def ask(
    member: Member, *, to: Area, by: User, at: datetime, key: UUID, reason: str = ""
) -> MovementRequest:
    """Ask to move all hours that the member earned or was given to the book of another community.

    Raises PermissionDenied, NoPolicy, SameCommunity, NotACommunity, KeyReused; carrying it out
    raises HoursAreHeld, NotEnoughHours (nothing to move), AccountFull, AccountFrozen.
    """
    if to == member.area:
        raise SameCommunity
    if to.level != Area.Level.COMMUNITY:
        raise NotACommunity
    return requests.file(
        RequestKind.MOVE,
        carry_out,
        area=member.area,
        by=by,
        at=at,
        key=key,
        member=member,
        destination=to,
        reason=reason,
    )


def carry_out(request: MovementRequest, policy: Policy, at: datetime) -> None:
    assert request.member is not None
    assert request.destination is not None
    holder, there = request.member.key, request.destination
    _lock(request.member, belongs_to=request.area_id)
    if requests.held_by(request.area_id, holder):
        raise requests.HoursAreHeld
    day = timezone.localdate(at)
    sources = _own(request.area_id, holder, day)
    if not sources:
        raise requests.NotEnoughHours
    _move(sources, holder, request, policy, (request.area, there), request.key, day)
    joining.move(request.member, to=there, by=request.approver or request.author, at=at)


@dataclass(frozen=True, slots=True)
class Move:
    """What moved under one key: whose hours, out of which book and into which, for which day."""

    member: Member
    out_of: Area
    into: Area
    day: date


def under(community_id: int, journal: UUID) -> Move | None:
    """The move with that key, as the book of either community tells it; None when it is none."""
    kinds = (TransferKind.MOVE_OUT, TransferKind.MOVE_IN)
    legs = Transfer.objects.filter(community=community_id, journal=journal, kind__in=kinds)
    leg = legs.order_by("leg").first()
    if leg is None:
        return None
    is_out = leg.kind == TransferKind.MOVE_OUT
    own, clearing = (leg.debit, leg.credit) if is_out else (leg.credit, leg.debit)
    account = Account.objects.get(community=community_id, id=own)
    towards = Account.objects.get(community=community_id, id=clearing)
    assert account.holder is not None  # by constraint, as is the other
    assert towards.peer is not None
    here, there = (Area.objects.get(pk=pk) for pk in (community_id, towards.peer))
    member = Member.objects.select_related("area").get(key=account.holder)
    ends = (here, there) if is_out else (there, here)
    return Move(member, *ends, leg.relates_to or leg.effective_on)


def take_back(request: MovementRequest, move: Move, policy: Policy, at: datetime) -> None:
    """Reverse a move in both books: the holder belongs to the community again from which they came.

    What they earned or were given in the other one since follows them, as it could be used nowhere
    else. Raises MovedOn, HoursAreHeld, and what the ledger refuses (hours that were used there).
    """
    assert request.original is not None  # by constraint
    holder = move.member.key
    _lock(move.member, belongs_to=move.into.pk)
    if requests.held_by(move.into.pk, holder):
        raise requests.HoursAreHeld
    transfers.reverse(
        request.area_id,
        request.original,
        key=request.key,
        made_up_under=requests.key_of(request, "made up") if request.makes_up else None,
        **requests.authors(request),
        **_placed((move.out_of.pk, move.into.pk), move.day)._asdict(),
    )
    day = timezone.localdate(at)
    rest = _own(move.into.pk, holder, day)
    if rest:
        key = requests.key_of(request, "what came since")
        _move(rest, holder, request, policy, (move.into, move.out_of), key, day)
    joining.move(move.member, to=move.out_of, by=request.approver or request.author, at=at)


def _lock(member: Member, *, belongs_to: int) -> None:
    """Let no visit of the member be booked, and none of their hours used, until this is done.

    The volunteer first, as where visits are booked: who waits there finds the new community. Raises
    MovedOn unless the member still belongs to that one.
    """
    list(Volunteer.objects.select_for_update(of=("self",)).filter(member=member).values("pk"))
    spending.lock(member.key)
    if not Member.objects.filter(pk=member.pk, area=belongs_to).exists():
        raise MovedOn


def _own(community_id: int, holder: UUID, day: date) -> list[spending.Source]:
    found = spending.sources(community_id, holder, on=day)
    return [source for source in found if source.kind in OWN]


def _move(
    sources: list[spending.Source],
    holder: UUID,
    request: MovementRequest,
    policy: Policy,
    books: tuple[Area, Area],
    key: UUID,
    day: date,
) -> None:
    """Move what these sources hold to the holder's accounts of the same kind in the other book."""
    here, there = books
    opened = {AccountKind.MEMBER: accounts.open_for(there, [holder])[holder]}
    if any(source.kind == AccountKind.GIFTED for source in sources):
        opened[AccountKind.GIFTED] = accounts.open_gifted(there, holder)
    transfers.move(
        here.pk,
        there.pk,
        key,
        [(source.account, opened[source.kind], source.minutes) for source in sources],
        policy=policy.pk,
        **requests.authors(request),
        **_placed((here.pk, there.pk), day)._asdict(),
    )


def _placed(communities: tuple[int, int], day: date) -> periods.Placed:
    """The first day that is open in both books."""
    return max(
        (periods.placed(community, day) for community in communities),
        key=lambda placed: placed.effective_on,
    )
