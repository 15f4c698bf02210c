"""How staff register one person from a paper form, and amend what is known of them.

Registering looks for the person first: whoever may be the same is shown, and somebody new joins
only when that was looked at. Amending tells a stale form what has changed meanwhile.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from members import ages, joining, names, stamps
from members.models import Area, Member, User, Volunteer
from members.refusals import violated

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


class LooksKnown(Exception):
    """Somebody on record may be this person: `people` are of joining.Alike."""

    def __init__(self, people: list[joining.Alike]) -> None:
        super().__init__()
        self.people = people


class KnownElsewhere(Exception):
    """A person of a community outside the clerk's reach has this ID number."""


class KeyUsed(Exception):
    """With the key of this form somebody else was registered."""


class ChangedMeanwhile(Exception):
    """Others have changed what this form changes; `fields` names it."""

    def __init__(self, fields: Collection[str]) -> None:
        super().__init__(fields)
        self.fields = set(fields)


@transaction.atomic
def register(
    *,
    key: UUID,
    area: Area,
    name: str,
    by: User,
    at: datetime,
    heeded: Collection[UUID] = (),
    **told: Any,
) -> Member:
    """Register the person as `joining.register` does; the same form twice gives one person.

    Raises LooksKnown unless all who look alike were `heeded`; who has the same ID number cannot
    be heeded. Raises KnownElsewhere, KeyUsed, ages.Refused, NotAPhone. People whose names can be
    read alike wait for each other, so that of two clerks the second sees whom the first has
    registered.
    """
    _wait_for_namesakes(name)
    if known := Member.objects.filter(key=key).first():
        return _same(known, area, name)
    areas = Area.objects.visible_to(by)
    about = {part: told.get(part) for part in ("id_number", "birth_date")}
    found = joining.alike(areas=areas, name=name, phones=told.get("phones") or (), **about)
    if unseen := [one for one in found if one.is_certain or one.member.key not in heeded]:
        raise LooksKnown(unseen)
    if told.get("volunteer") is not None:
        _check_age(told, Member(), at=at)
    try:
        with transaction.atomic():
            return joining.register(key=key, area=area, name=name, by=by, at=at, **told)
    except joining.IdNumberTaken as taken:
        raise KnownElsewhere from taken
    except IntegrityError as error:  # sent twice at once, under names that are read differently
        if violated(error) != "members_member_key_key":
            raise
        raise KeyUsed from error


@transaction.atomic
def amend(
    member: Member,
    *,
    seen: Mapping[str, str],
    by: User,
    at: datetime,
    **told: Any,
) -> set[str]:
    """Change what the form tells anew, as `joining.amend` does; return the names of what changed.

    `seen` are the stamps (members.stamps) of the values that the form was filled with. Raises
    ChangedMeanwhile when somebody has changed a field since that this form changes too; what the
    form leaves alone stays as others have written it. The member is locked first, so that of two
    forms the second sees what the first has done. Raises IdNumberTaken, ages.Refused, NotAPhone.
    """
    Member.objects.select_for_update(of=("self",)).get(pk=member.pk)
    fresh = loaded(member)
    now = stamps.of(fresh)
    fields = _flat(told)
    if stale := {name for name in fields if name in seen and seen[name] != now.get(name)}:
        raise ChangedMeanwhile(stale)
    if "volunteer" in told or hasattr(fresh, "volunteer"):
        _check_age(told, fresh, at=at)
    return joining.amend(fresh, by=by, at=at, **told)


def loaded(member: Member) -> Member:
    """The member as the database has it, with sides and phones."""
    people = Member.objects.select_related("area", "volunteer", "elder")
    return people.prefetch_related("phones").get(pk=member.pk)


def _flat(told: Mapping[str, Any]) -> set[str]:
    """The names of all fields, those of the sides among them."""
    return {name for name in told if name not in joining.SIDES} | {
        name for side in joining.SIDES for name in told.get(side) or ()
    }


def _wait_for_namesakes(name: str) -> None:
    """Until this transaction ends, nobody registers a person whose name can be read alike."""
    read = {reading.pinyin for reading in names.readings(name)}
    with connection.cursor() as cursor:
        for reading in sorted(read):
            cursor.execute(LOCK, [f"members.registration {reading}"])


def _same(known: Member, area: Area, name: str) -> Member:
    """The member whom this form has registered before; the form may be sent again, not refilled."""
    if (known.area_id, known.name) != (area.pk, names.clean(name)):
        raise KeyUsed
    return known


def _check_age(told: Mapping[str, Any], member: Member, *, at: datetime) -> None:
    """Refuse a side of a volunteer that the age forbids, as it will stand after this change."""
    by_number = joining.told_by(told.get("id_number")).get("birth_date")
    born = told.get("birth_date") or member.birth_date or by_number
    side = Volunteer(**_kept(member) | dict(told.get("volunteer") or {}))
    ages.check_volunteer(born, side, on=timezone.localdate(at))


def _kept(member: Member) -> dict[str, Any]:
    """The guardian who is on record."""
    side = getattr(member, "volunteer", None) or Volunteer()
    names = [field.name for field in Volunteer._meta.fields if field.name.startswith("guardian_")]
    return {name: getattr(side, name) for name in names}
