"""Hours that a member gives to a direct relative (the domain's rules, "The ledger of hours").

By a kinship on record, or by relation and proof in words (`ledger.relatives`); a second person
looks at either.
"""

from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import OuterRef, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger import accounts, relatives, requests, spending, transfers
from ledger.models import MovementRequest, Policy, RequestKind, Transfer, TransferKind
from members.models import Member, User


class TooYoung(requests.Refusal):
    sentence = _("The relative is too young for this.")
    field = "other"


class OverTheYear(requests.Refusal):
    sentence = _("This is more than one person may give on in a year.")
    field = "minutes"


class OtherCommunity(requests.Refusal):
    sentence = _("The relative belongs to another community.")
    field = "other"


@transaction.atomic
def ask(
    member: Member,
    *,
    to: Member,
    minutes: int,
    relation: str = "",
    proof: str = "",
    by: User,
    at: datetime,
    key: UUID,
) -> MovementRequest:
    """Ask to give minutes that the member earned to a relative; a second person approves it.

    `relation` is what the relative is to the member; both it and `proof` may be left out for kin
    on record. Raises PermissionDenied, NoPolicy, TooYoung, OtherCommunity, KeyReused, and what
    `relatives.told` does; approving raises OverTheYear and what the ledger refuses.
    """
    day = timezone.localdate(at)
    _check_receiver(to, member, requests.policy_for(member.area, at), day)
    among = relatives.TO_GIVE
    told = relatives.told(member, to, relation=relation, proof=proof, among=among, on=day)
    return requests.file(
        RequestKind.GIFT,
        carry_out,
        area=member.area,
        by=by,
        at=at,
        key=key,
        own=member,
        member=member,
        other=to,
        minutes=minutes,
        **told,
    )


@transaction.atomic
def undo(request: MovementRequest, *, by: User, at: datetime) -> MovementRequest:
    """Take the gift back while its minutes are there; see `requests.undo`."""
    return requests.undo(request, by=by, at=at)


def carry_out(request: MovementRequest, policy: Policy, at: datetime) -> None:
    assert request.member is not None
    assert request.other is not None
    assert request.minutes is not None
    day = timezone.localdate(at)
    _check_receiver(request.other, request.member, policy, day)
    relatives.check(request, on=day)
    spending.lock(request.member.key, request.other.key)
    account = requests.account_of(request.member)
    given = given_in_year(request.area_id, account, day)
    if policy.gift_cap_year is not None and given + request.minutes > policy.gift_cap_year:
        raise OverTheYear
    receiver = accounts.open_gifted(request.area, request.other.key)
    transfers.post(
        request.area_id,
        request.key,
        transfers.Leg(TransferKind.GIFT, account, receiver, request.minutes),
        policy=policy.pk,
        **requests.authors(request),
        **requests.placed_on(request, at),
    )


def given_in_year(community_id: int, account: int, day: date) -> int:
    """Minutes that went from the account to relatives in that calendar year and stand."""
    gifts = Transfer.objects.filter(
        community=community_id,
        debit=account,
        kind=TransferKind.GIFT,
        effective_on__year=day.year,
    )
    reversal = Transfer.objects.filter(community=community_id, reverses=OuterRef("id"))
    standing = gifts.exclude(id__in=reversal.values("reverses"))
    return int(standing.aggregate(minutes=Sum("amount", default=0))["minutes"])


def _check_receiver(to: Member, member: Member, policy: Policy, day: date) -> None:
    """A receiver whose age is not on record is not refused for the gap."""
    if to.area_id != member.area_id:
        raise OtherCommunity
    age = to.age_on(day)
    if age is not None and age < policy.gift_age:
        raise TooYoung
