"""Hours that follow their holder to another community: out of one book and into the other at once.

The clearing account of each community towards the other says what they owe each other. What the
pool has granted stays with it.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger import accounts, periods, requests, spending, transfers
from ledger.models import AccountKind, MovementRequest, Policy, RequestKind
from members.models import Area, Member, User

OWN = (AccountKind.MEMBER, AccountKind.GIFTED)


class SameCommunity(requests.Refusal):
    sentence = _("The hours are in this community already.")
    field = "destination"


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
    spending.lock(holder)
    if requests.held_by(request.area_id, holder):
        raise requests.HoursAreHeld
    day = timezone.localdate(at)
    sources = [
        source for source in spending.sources(request.area_id, holder, on=day) if source.kind in OWN
    ]
    if not sources:
        raise requests.NotEnoughHours
    opened = {AccountKind.MEMBER: accounts.open_for(there, [holder])[holder]}
    if any(source.kind == AccountKind.GIFTED for source in sources):
        opened[AccountKind.GIFTED] = accounts.open_gifted(there, holder)
    placed = max(
        periods.placed(request.area_id, day),
        periods.placed(there.pk, day),
        key=lambda placed: placed.effective_on,
    )
    transfers.move(
        request.area_id,
        there.pk,
        request.key,
        [(source.account, opened[source.kind], source.minutes) for source in sources],
        policy=policy.pk,
        **requests.authors(request),
        **placed._asdict(),
    )
