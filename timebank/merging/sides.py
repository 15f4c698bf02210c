"""Two records side by side: what each has, where they differ, and what stands in the way."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from ledger import holdings, redemptions, requests
from ledger.models import MovementRequest
from members import access_log, names, phones
from members.models import DataRequest, Member
from services.models import RegisterBatch, Visit
from timebank.merging import rights

# Whose value is kept is chosen for these; of "volunteer" and "elder" where both have that side.
FIELDS = {
    "": ("name", "sex", "birth_date", "id_number", "address", "note", "registered_on"),
    "volunteer": ("joined_on", "skills", "note", "guardian_name"),
    "elder": (
        *("living", "income", "capability"),
        *("contact_name", "contact_relation", "contact_phone"),
    ),
}
# What is told whole or not at all goes by its first part.
TOGETHER = {
    "guardian_name": ("guardian_name", "guardian_relation", "guardian_phone", "guardian_consent_on")
}
# The sealed fields, each shown as on the person's file; the notes of both sides alike.
MASKED = {"guardian_phone": phones.mask} | {
    name: access_log.FIELDS[name].mask
    for name in ("id_number", "address", "note", "income", "capability", "contact_phone")
}
STANDING = (Visit.State.COMPLETED, Visit.State.CONFIRMED)
MOST_NAMED = 5
NOTHING: tuple[Any, ...] = ("", None, [])


@dataclass(frozen=True)
class Difference:
    """A field in which the records differ; `takes` is what is proposed: True for the other's."""

    code: str
    label: str | Promise
    kept: str
    gone: str
    takes: bool


@dataclass(frozen=True)
class Side:
    """One record, as a person judges whether it is the same human being."""

    member: Member
    phones: list[str]
    roles: list[str]
    given: int
    received: int
    hours: holdings.Holdings
    certificates: int
    waiting: int


def of(member: Member) -> Side:
    found = [_("volunteer")] if hasattr(member, "volunteer") else []
    found += [_("elder")] if hasattr(member, "elder") else []
    return Side(
        member,
        phones=[phones.mask(phone.number) for phone in member.phones.order_by("pk")],
        roles=found,
        given=member.visits_given.filter(state__in=STANDING).count(),
        received=member.visits_received.filter(state__in=STANDING).count(),
        hours=holdings.of(member),
        certificates=member.certificates.count(),
        waiting=MovementRequest.objects.about(member).waiting().count(),
    )


def differences(kept: Member, gone: Member) -> list[Difference]:
    """Where both records tell something else; what one does not tell is taken from the other."""
    return [
        Difference(code, label, *shown, _takes(name, left, right))
        for code, name, label, left, right, shown in _pairs(kept, gone)
        if right not in NOTHING and left != right
    ]


def obstacles(kept: Member, gone: Member) -> Iterator[str]:
    """What has to be settled before the records can be one, each in a sentence."""
    people = Q(volunteer=kept, elder=gone) | Q(volunteer=gone, elder=kept)
    if found := list(_named(Visit.objects.filter(people, state__in=STANDING))):
        yield _("One served the other on %(days)s: nobody visits themselves. Undo these first.") % {
            "days": ", ".join(found)
        }
    if found := list(_named(_at_once(kept, gone))):
        yield _("Both were with somebody at one time on %(days)s. Undo the wrong visits first.") % {
            "days": ", ".join(found)
        }
    between = Q(member=kept, other=gone) | Q(member=gone, other=kept)
    if MovementRequest.objects.filter(between).waiting().exists():
        yield _("Hours are to go from the one record to the other. Withdraw that first.")
    if _objected_twice(kept, gone):
        yield _("Both say of one record that it is not right. Answer one of them first.")
    erasures = DataRequest.objects.open().filter(kind=DataRequest.Kind.ERASURE)
    if erasures.filter(member__in=[kept, gone]).exists():
        yield _("One of them asked to be erased. Decide that first.")
    posting = RegisterBatch.objects.filter(area=kept.area, state=RegisterBatch.State.APPLYING)
    if posting.exists():
        yield _("A register of this community is being posted. Wait until it is done.")
    if requests.held_by(gone.area_id, gone.key):
        yield _("Hours of the record that vanishes are set aside for a visit. Release them first.")
    if redemptions.has_set_aside(kept, beneficiary=gone):
        yield _(
            "Hours of the one record are set aside for a visit to the other. Release them first."
        )
    yield from rights.missing(kept, gone, on=timezone.localdate())


def alike(member: Member, *, limit: int = 5) -> list[Member]:
    """Others of the community who may be the same person: by name and a phone or a birth date."""
    others = Member.objects.here().filter(area=member.area_id).exclude(pk=member.pk)
    numbers = [phone.number for phone in member.phones.all()]
    may_be = Q(phones__number_index__in=numbers)
    if member.birth_date:
        may_be |= Q(birth_date=member.birth_date)
    found = others.filter(may_be, name=names.clean(member.name)).distinct().order_by("pk")
    return list(found.select_related("area").prefetch_related("phones")[:limit])


def _pairs(kept: Member, gone: Member) -> Iterator[tuple[Any, ...]]:
    for side, fields in FIELDS.items():
        left, right = (getattr(one, side, None) if side else one for one in (kept, gone))
        if left is None or right is None:
            continue
        for name in fields:
            label = left._meta.get_field(name).verbose_name
            code = f"{side}.{name}" if side else name
            shown = _told_apart(_shown(left, name), _shown(right, name))
            yield code, name, label, _value(left, name), _value(right, name), shown


def _takes(name: str, left: Any, right: Any) -> bool:
    """Take what is missing, and the day on which the person was first registered."""
    return left in NOTHING or (name in ("registered_on", "joined_on") and right < left)


def _value(row: Any, name: str) -> Any:
    parts = [getattr(row, part) for part in TOGETHER.get(name, [name])]
    return parts if len(parts) > 1 and parts[0] else parts[0]


def _shown(row: Any, name: str) -> str:
    parts = TOGETHER.get(name, [name])
    if getattr(row, name) in NOTHING or len(parts) == 1:
        return _part(row, name)
    return " · ".join(_part(row, part) for part in parts)


def _part(row: Any, name: str) -> str:
    value = getattr(row, name)
    if value in NOTHING:
        return "–"
    if name in MASKED:
        return MASKED[name](value)
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, date):
        return formats.date_format(value, "SHORT_DATE_FORMAT")
    in_words = getattr(row, f"get_{name}_display", None)
    return str(in_words() if in_words else value)


def _told_apart(kept: str, gone: str) -> tuple[str, str]:
    """Values that look the same once they are masked say whose they are."""
    if kept != gone:
        return kept, gone
    return (
        _("%(value)s (of the record that is kept)") % {"value": kept},
        _("%(value)s (of the record that vanishes)") % {"value": gone},
    )


def _objected_twice(kept: Member, gone: Member) -> bool:
    """Whether both wait for an answer about the same: of one person only one may."""
    of_both = [
        set(one.objections.waiting().values_list("area", "visit", "journal"))
        for one in (kept, gone)
    ]
    return bool(set.intersection(*of_both))


def _at_once(kept: Member, gone: Member) -> QuerySet[Visit]:
    """Visits that the one gave while the other gave one."""
    measured = Visit.objects.filter(state__in=STANDING, started_at__isnull=False)
    others = measured.filter(
        volunteer=kept, started_at__lt=OuterRef("ended_at"), ended_at__gt=OuterRef("started_at")
    )
    return measured.filter(Exists(others), volunteer=gone)


def _named(visits: QuerySet[Visit]) -> Iterator[str]:
    for visit in visits.order_by("service_date", "pk")[:MOST_NAMED]:
        yield formats.date_format(visit.service_date, "SHORT_DATE_FORMAT")
