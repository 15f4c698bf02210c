"""What a member is about to ask for, as the session keeps it until a code has confirmed it.

A plain dictionary: `kind`, `key` (of the form, and of the request that it becomes), `minutes`;
`other`, `relation` and `proof` where a relative is meant; `on` and `reason` where hours are used;
`elder`, the key of the person, where an agent asks in an elder's name.
"""

from datetime import date
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ledger import accounts, donations, gifts, redemptions, requests
from ledger.models import MovementRequest, RequestKind
from ledger.statements import Holdings, holdings_of
from members import agents, phones, signing_in
from members.models import Member, User
from timebank.templatetags.figures import duration


class MoreThanThere(requests.Refusal):
    field = "minutes"

    def __init__(self, typed, usable):
        self.typed, self.usable = typed, usable

    def __str__(self):
        return _("This would be %(typed)s. You have %(usable)s for this.") % {
            "typed": duration(self.typed),
            "usable": duration(self.usable),
        }


def usable(kind: str, holdings: Holdings, *, for_relative: bool = False) -> int:
    """The minutes that the member may put to this; what was given or granted is not given on."""
    own_use = kind == RequestKind.REDEEM and not for_relative
    return holdings.total if own_use else holdings.earned


def holder(asked: dict, *, by: User, at) -> Member | None:
    """Whose hours it is about: one's own, or the elder's for whom one may ask; else None."""
    if not asked.get("elder"):
        return by.member
    elder = Member.objects.select_related("area").get(key=asked["elder"])
    return elder if agents.may(by, elder, agents.Scope.ASK, at=at) else None


def rehearse(asked: dict, *, by: User, at) -> None:
    """Ask the rules without keeping anything. Raises `requests.Refusal` and PermissionDenied."""
    _check_amount(asked, _holder(asked, by=by, at=at), by=by, at=at)
    with transaction.atomic():
        file(asked, by=by, at=at)
        transaction.set_rollback(True)


def file(asked: dict, *, by: User, at) -> MovementRequest:
    """File the request by its verb. Raises `requests.Refusal` and PermissionDenied."""
    member = _holder(asked, by=by, at=at)
    of_all = {"minutes": asked["minutes"], "by": by, "at": at, "key": UUID(asked["key"])}
    other = relative(asked)
    told = {"relation": asked["relation"], "proof": asked["proof"]}
    match asked["kind"]:
        case RequestKind.DONATE:
            return donations.give(member, **of_all)
        case RequestKind.GIFT:
            return gifts.ask(member, to=other, **told, **of_all)
        case RequestKind.REDEEM:
            on = date.fromisoformat(asked["on"])
            more = {"on": on, "reason": asked["reason"], "beneficiary": other}
            return redemptions.ask(member, **more, **told, **of_all)
    raise ValueError(asked["kind"])


def filed(asked: dict, *, by: User) -> MovementRequest | None:
    """The request that came of it, when it was confirmed before."""
    return MovementRequest.objects.filter(key=asked["key"], author=by).first()


def relative(asked: dict) -> Member | None:
    if not asked["other"]:
        return None
    return Member.objects.select_related("area").get(pk=asked["other"])


def unsaved(asked: dict, member: Member) -> MovementRequest:
    """The request as it would be, to be shown in words."""
    return MovementRequest(
        kind=asked["kind"],
        area=member.area,
        member=member,
        other=relative(asked),
        minutes=asked["minutes"],
        on=date.fromisoformat(asked["on"]) if asked["on"] else None,
        relation=asked["relation"],
        proof=asked["proof"],
        reason=asked["reason"],
    )


def mobiles(member: Member) -> list[str]:
    """The member's phones to which a code can be sent."""
    known = member.phones.order_by("pk")
    return [phone.number for phone in known if phones.is_mobile(phone.number)]


def send_code(asked: dict, phone: str, *, address, at) -> None:
    """Send a code that opens this one act. Raises TooManyCodes."""
    purpose = _purpose(asked)
    signing_in.send_code(phone, address=address, at=at, purpose=purpose, template="confirm_code")


def confirm(asked: dict, code: str, *, by: User, at) -> MovementRequest:
    """File the request when the code is the one that was sent for it.

    The author is locked first, so that the second of a double tap finds what the first has filed.
    Raises WrongCode, CodeSpent and `requests.Refusal`, all after the try is kept.
    """
    with transaction.atomic():
        User.objects.select_for_update(of=("self",)).only("pk").get(pk=by.pk)
        if found := filed(asked, by=by):
            return found
        try:
            people = signing_in.check_code(asked["phone"], code, at=at, purpose=_purpose(asked))
            if by.member not in people:
                raise signing_in.WrongCode
            with transaction.atomic():
                return file(asked, by=by, at=at)
        except (signing_in.WrongCode, requests.Refusal) as error:
            refusal = error
    raise refusal


def _holder(asked: dict, *, by: User, at) -> Member:
    member = holder(asked, by=by, at=at)
    if member is None:
        raise PermissionDenied
    return member


def _check_amount(asked: dict, member: Member, *, by: User, at) -> None:
    """Say in time that this is more than is there, or that the account is frozen.

    An agent who may not see the account learns nothing of it; the second person does.
    """
    if member == by.member and accounts.is_frozen(member.area_id, member.key):
        raise requests.AccountFrozen
    most = usable(asked["kind"], holdings_of(member), for_relative=bool(asked["other"]))
    if asked["minutes"] <= most:
        return
    if member == by.member:
        raise MoreThanThere(asked["minutes"], most)
    if agents.may(by, member, agents.Scope.SEE, at=at):
        raise requests.NotEnoughHours


def _purpose(asked: dict) -> str:
    return f"my_hours.{asked['key']}"
