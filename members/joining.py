"""How people join, singly or a whole register at once, and how what is known of them is amended.

Whoever joins gets a number for life, their phones, the sides (volunteer, elder) that they have,
and the keys under which they are found, all in one transaction.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from members import encryption, id_numbers, names, phones, search
from members.models import Area, Elder, Member, MemberPhone, SearchTerm, User, Volunteer
from members.refusals import violated

AMENDABLE = ("name", "sex", "birth_date", "id_number", "address", "note", "registered_on")
SIDES: dict[str, Any] = {"volunteer": Volunteer, "elder": Elder}


class Alike(NamedTuple):
    """Somebody who may be the person that is about to join, and what the two have in common.

    `reasons` are of "id_number", "phone" (and name), "birth_date" (and name), "name" (and nothing
    on record that tells the two apart).
    """

    member: Member
    reasons: tuple[str, ...]

    @property
    def is_certain(self) -> bool:
        """One ID number is one person."""
        return "id_number" in self.reasons


class IdNumberTaken(Exception):
    """Somebody with this ID number has joined before; they are amended, not registered twice."""


def register(
    *,
    area: Area,
    name: str,
    by: User | None,
    at: datetime,
    sex: str = "",
    birth_date: date | None = None,
    id_number: str | None = None,
    phones: Iterable[str] = (),
    address: str = "",
    note: str = "",
    registered_on: date | None = None,
    volunteer: Mapping[str, Any] | None = None,
    elder: Mapping[str, Any] | None = None,
    key: UUID | None = None,
) -> Member:
    """Register one person and return the member; `key` is the form's, which names them for ever.

    `volunteer` and `elder` hold the fields of those sides; an empty mapping is a side about
    which nothing is known. Sex and birth date are read from the ID number where it fits and they
    are not given. Raises IdNumberTaken, NotAPhone.
    """
    person = {
        "key": key,
        "area": area,
        "name": name,
        "sex": sex,
        "birth_date": birth_date,
        "id_number": id_number,
        "phones": phones,
        "address": address,
        "note": note,
        "registered_on": registered_on,
        "volunteer": volunteer,
        "elder": elder,
    }
    return register_many([person], by=by, at=at)[0]


@transaction.atomic
def register_many(
    people: Sequence[Mapping[str, Any]], *, by: User | None, at: datetime
) -> list[Member]:
    """Register all these people, in a few statements, or none of them; as `register` for each."""
    members = [
        Member(
            key=person.get("key") or uuid4(),
            number=number,
            area=person["area"],
            registered_on=person.get("registered_on") or timezone.localdate(at),
            created_by=by,
            created_at=at,
            **_written({name: person.get(name) for name in AMENDABLE if name != "registered_on"}),
        )
        for number, person in zip(_numbers(len(people)), people, strict=True)
    ]
    with _id_numbers_are_free(members):
        Member.objects.bulk_create(members, batch_size=2000)
    rows = list(zip(members, people, strict=True))
    MemberPhone.objects.bulk_create(
        MemberPhone(member=member, number=number)
        for member, person in rows
        for number in _phones(person.get("phones") or ())
    )
    for side, model in SIDES.items():
        model.objects.bulk_create(
            model(member=member, **person[side])
            for member, person in rows
            if person.get(side) is not None
        )
    search.index(members)
    return members


def alike(
    *,
    areas: QuerySet[Area],
    name: str,
    id_number: str | None = None,
    phones: Iterable[str] = (),
    birth_date: date | None = None,
) -> list[Alike]:
    """Members of these areas who may be this person, the likeliest first; never a guess.

    Names are alike when they can be read alike: 王秀英 and 王秀瑛. Whoever has another ID number is
    somebody else, and so is a namesake whom phone or birth date tells apart.
    """
    wanted = set(phones or ())
    found = [
        _likeness(member, name, id_number, wanted, birth_date)
        for member in _candidates(areas, name, id_number, wanted)
    ]
    known = [one for one in found if one.reasons]
    return sorted(known, key=lambda one: (not one.is_certain, -len(one.reasons), one.member.pk))


def is_known_elsewhere(id_number: str | None, *, areas: QuerySet[Area]) -> bool:
    """Whether somebody outside these areas has the ID number; nothing else is told of them."""
    return bool(id_number) and _with_id_number(id_number).exclude(area__in=areas).exists()


def told_by(id_number: str | None) -> dict[str, Any]:
    """Sex and birth date, as an ID number tells them; nothing where it does not fit."""
    if not id_number:
        return {}
    try:
        number = id_numbers.check(id_number)
    except id_numbers.NotAnIdNumber:
        return {}
    return {"sex": number.sex, "birth_date": number.birth_date}


@transaction.atomic
def amend(member: Member, *, by: User | None, at: datetime, **fields: Any) -> set[str]:
    """Change what is known of a member, and return the names of what did change.

    Takes the fields of `register` except the community; None is "not told" and changes nothing;
    `phones` is the whole list; a side is added or its fields are changed. Raises IdNumberTaken,
    NotAPhone.
    """
    unknown = set(fields) - {*AMENDABLE, "phones", *SIDES}
    if unknown:
        raise TypeError(f"cannot amend {', '.join(sorted(unknown))}")
    stored = Member.objects.select_for_update(of=("self",)).get(pk=member.pk)
    wanted = _written({name: fields[name] for name in AMENDABLE if name in fields}, stored)
    changed = {name for name, value in wanted.items() if getattr(stored, name) != value}
    if changed:
        _set(member, {**wanted, "changed_by": by, "changed_at": at})
        columns = [*changed, "changed_by", "changed_at"]
        columns += ["id_number_index"] if "id_number" in changed else []
        with _id_numbers_are_free([member] if "id_number" in changed else []):
            member.save(update_fields=columns)
    if fields.get("phones") is not None and _replace_phones(member, _phones(fields["phones"])):
        changed.add("phones")
    for side in SIDES:
        if fields.get(side) is not None and _amend_side(member, side, fields[side]):
            changed.add(side)
    if changed & {"name", "phones", *SIDES}:
        search.index([member])
    return changed


@transaction.atomic
def move(member: Member, *, to: Area, by: User | None, at: datetime) -> None:
    """Let the member belong to another community from now on; staff there find them."""
    member = Member.objects.select_for_update(of=("self",)).get(pk=member.pk)
    _set(member, {"area": to, "changed_by": by, "changed_at": at})
    member.save(update_fields=["area", "changed_by", "changed_at"])
    search.index([member])


def _with_id_number(id_number: str | None) -> QuerySet[Member]:
    return Member.objects.filter(id_number_index=id_number)


def _candidates(
    areas: QuerySet[Area], name: str, id_number: str | None, phones: set[str]
) -> Iterable[Member]:
    """Those who share the ID number, a phone, or a reading of the name."""
    read = SearchTerm.objects.filter(area__in=areas, term__in=_readings(name))
    hits = set(read.values_list("member", flat=True)) if name else set()
    if phones:
        shared = MemberPhone.objects.filter(number_index__in=phones)
        hits |= set(shared.values_list("member", flat=True))
    if id_number:
        hits |= set(_with_id_number(id_number).values_list("pk", flat=True))
    people = Member.objects.filter(pk__in=hits, area__in=areas)
    return people.select_related("area", "volunteer", "elder").prefetch_related("phones")


def _likeness(
    member: Member, name: str, id_number: str | None, phones: set[str], birth_date: date | None
) -> Alike:
    if id_number and member.id_number:
        return Alike(member, ("id_number",) if id_number == member.id_number else ())
    if not _readings(name) & _readings(member.name):
        return Alike(member, ())
    theirs = {phone.number for phone in member.phones.all()}
    reasons = []
    if phones & theirs:
        reasons.append("phone")
    if birth_date and birth_date == member.birth_date:
        reasons.append("birth_date")
    differs = (birth_date and member.birth_date) or (phones and theirs)
    if not reasons and not differs and search.key(name) == search.key(member.name):
        reasons.append("name")
    return Alike(member, tuple(reasons))


def _readings(name: str) -> set[str]:
    return {search.key(reading.pinyin) for reading in names.readings(name)} - {""}


def _numbers(count: int) -> list[str]:
    with connection.cursor() as cursor:
        draw = "SELECT nextval('members_member_number') FROM generate_series(1, %s)"
        cursor.execute(draw, [count])
        return [str(row[0]) for row in cursor.fetchall()]


def _written(given: Mapping[str, Any], stored: Member | None = None) -> dict[str, Any]:
    """The fields as they are kept; what the ID number tells fills what nobody has told."""
    fields = {name: value for name, value in given.items() if value is not None}
    if "name" in fields:
        fields["name"] = names.clean(fields["name"])
    if "id_number" in fields:
        fields["id_number"] = fields["id_number"].strip().upper() or None
        for name, told in told_by(fields["id_number"]).items():
            if not fields.get(name) and not (stored and getattr(stored, name)):
                fields[name] = told
    return fields


def _phones(written: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(phones.parse(number) for number in written))


def _set(row: Any, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        setattr(row, name, value)


def _replace_phones(member: Member, wanted: list[str]) -> bool:
    stored = {phone.number: phone.pk for phone in member.phones.all()}
    if stored.keys() == set(wanted):
        return False
    gone = [pk for number, pk in stored.items() if number not in wanted]
    member.phones.filter(pk__in=gone).delete()
    MemberPhone.objects.bulk_create(
        MemberPhone(member=member, number=number) for number in wanted if number not in stored
    )
    return True


def _amend_side(member: Member, side: str, fields: Mapping[str, Any]) -> bool:
    """Add the side or change its fields; the member's row is locked, so it is added once."""
    row = SIDES[side].objects.filter(member=member).first()
    if row is None:
        SIDES[side].objects.create(member=member, **fields)
        return True
    changed = [name for name, value in fields.items() if getattr(row, name) != value]
    if changed:
        _set(row, fields)
        row.save(update_fields=changed)
    return bool(changed)


@contextmanager
def _id_numbers_are_free(members: Sequence[Member]) -> Iterator[None]:
    """The database refuses a second number; while its index's key changes, rows are asked too."""
    if encryption.index_key_changes():
        numbers = [member.id_number for member in members if member.id_number]
        known = Member.objects.filter(id_number_index__in=numbers)
        if known.exclude(pk__in=[member.pk for member in members if member.pk]).exists():
            raise IdNumberTaken
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if violated(error) != "members_member_id_number_is_of_one_person":
            raise
        raise IdNumberTaken from error
