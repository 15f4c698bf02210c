"""For which relatives hours move: by kin on record, or in words that a second person looks at.

Where a kinship is confirmed it decides; what somebody says beside it has to fit. Where none is,
relation and proof are said in words, as long as kin are not on record.
"""

from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from ledger.models import MovementRequest
from ledger.requests import Refusal
from members import kinship
from members.kinship import Kin
from members.models import Member

Relation = MovementRequest.Relation
# What the relative may be to the member (the domain's rules, "The ledger of hours").
TO_GIVE = (Relation.SPOUSE, Relation.PARENT, Relation.GRANDPARENT, Relation.CHILD)
TO_REDEEM = (Relation.SPOUSE, Relation.PARENT, Relation.GRANDPARENT)
TO_INHERIT = tuple(Relation)


class OtherwiseOnRecord(Refusal):
    sentence = _("These two are on record as kin of another kind. Look at their kinship.")
    field = "relation"


class NotClose(Refusal):
    sentence = _("Hours do not move for a relative of this kind.")
    field = "relation"


class NoLongerOnRecord(Refusal):
    sentence = _("The kinship that this was asked by is no longer on record.")


def of(member: Member, *, among: tuple[str, ...], on: date) -> list[Kin]:
    """The relatives on record to whom, or for whom, hours may move."""
    return [kin for kin in kinship.kin_of(member, on=on) if kin.relation in among]


def told(
    member: Member,
    other: Member | None,
    *,
    relation: str,
    proof: str,
    among: tuple[str, ...],
    on: date,
) -> dict[str, Any]:
    """What a request keeps of the relative: the kinship on record, or relation and proof in words.

    That words come with a proof, the database looks. Raises OtherwiseOnRecord, NotClose.
    """
    if other is None:
        return {"relation": "", "proof": "", "kinship": None}
    kin = kinship.between(member, other, on=on)
    if kin and relation and relation != kin.relation:
        raise OtherwiseOnRecord
    relation = str(kin.relation) if kin else relation
    if relation and relation not in among:
        raise NotClose
    return {"relation": relation, "proof": proof, "kinship": kin.kinship if kin else None}


def check(request: MovementRequest, *, on: date) -> None:
    """Look once more when the request is carried out: kin may have been entered, or have ended.

    Raises OtherwiseOnRecord, NoLongerOnRecord.
    """
    if request.member is None or request.other is None:
        return
    kin = kinship.between(request.member, request.other, on=on)
    if kin and kin.relation != request.relation:
        raise OtherwiseOnRecord
    if request.kinship_id and not kin:
        raise NoLongerOnRecord
