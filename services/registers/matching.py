"""Which known person a row means: never a guess between people who share a name."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from members import names
from members.models import Area, Member, MemberPhone
from services.registers.cells import Cannot

# A member's primary key, or "sheet!row" of a person who is registered with this batch.
Ref = int | str


@dataclass(slots=True)
class Person:
    """What tells a person from others. `row` is where the lists of the batch name the person."""

    ref: Ref
    name: str
    number: str = ""
    id_number: str | None = None
    birth_date: str | None = None
    phones: set[str] = field(default_factory=set)
    sides: set[str] = field(default_factory=set)
    listed: dict[str, int] = field(default_factory=dict)

    def differs_from(self, row: Mapping[str, Any]) -> bool:
        """Whether anything that both tell contradicts that they are one person."""
        return bool(
            (self.id_number and row["id_number"] and self.id_number != row["id_number"])
            or (self.phones and row["phones"] and self.phones.isdisjoint(row["phones"]))
            or (self.birth_date and row["birth_date"] and self.birth_date != row["birth_date"])
        )

    def ends_with(self, digits: str) -> bool:
        return self.number == digits or any(phone.endswith(digits) for phone in self.phones)


class People:
    """Everybody of a community, and whoever the batch itself brings in, by name and ID number."""

    def __init__(self, area: Area) -> None:
        self.by_name: dict[str, list[Person]] = defaultdict(list)
        self.by_id_number: dict[str, Person] = {}
        phones: dict[int, set[str]] = defaultdict(set)
        for phone in MemberPhone.objects.filter(member__area=area).iterator():
            phones[phone.member_id].add(phone.number)
        everybody = Member.objects.here().filter(area=area)
        sides = {
            side: set(everybody.filter(**{f"{side}__isnull": False}).values_list("pk", flat=True))
            for side in ("volunteer", "elder")
        }
        fields = ("key", "name", "number", "id_number", "birth_date")
        for m in everybody.only(*fields).iterator():
            birth = m.birth_date.isoformat() if m.birth_date else None
            own = {side for side, members in sides.items() if m.pk in members}
            self.add(Person(m.pk, m.name, m.number, m.id_number, birth, phones[m.pk], own))

    def add(self, person: Person) -> None:
        self.by_name[key_of(person.name)].append(person)
        if person.id_number:
            self.by_id_number[person.id_number] = person

    def who_is(self, row: Mapping[str, Any]) -> Person | None:
        """The known person whom a row of a list describes, or None for somebody new.

        By ID number, else name and phone, else name and birth date. A namesake who differs in one
        of these is somebody else. Raises Cannot when nothing tells.
        """
        if known := self.by_id_number.get(row["id_number"] or ""):
            if key_of(known.name) != key_of(row["name"]):
                raise Cannot("id_number_of_someone_else", name=known.name)
            return known
        namesakes = [
            person
            for person in self.by_name.get(key_of(row["name"]), ())
            if not (person.id_number and row["id_number"])
        ]
        by_phone = [p for p in namesakes if not p.phones.isdisjoint(row["phones"])]
        by_birth = [p for p in namesakes if row["birth_date"] and p.birth_date == row["birth_date"]]
        for found in (by_phone, by_birth):
            if len(found) == 1:
                return found[0]
            if found:
                raise Cannot("ambiguous_person")
        if any(not person.differs_from(row) for person in namesakes):
            raise Cannot("ambiguous_person")
        return None

    def named(self, name: str, digits: str, side: str) -> Person:
        """The one volunteer or elder who is called so. Raises Cannot (unknown, ambiguous)."""
        found = [p for p in self.by_name.get(key_of(name), ()) if side in p.sides]
        if digits:
            found = [person for person in found if person.ends_with(digits)]
        if len(found) == 1:
            return found[0]
        written = f"{name}({digits})" if digits else name
        raise Cannot(f"{'ambiguous' if found else 'unknown'}_{side}", value=written[:60])

    def listed(self, person: Person | None, ref: Ref, row: Mapping[str, Any], side: str) -> Person:
        """Remember that a row of the batch names this person; it may be the first to do so."""
        if person is None:
            person = Person(ref, row["name"])
            self.by_name[key_of(person.name)].append(person)
        person.id_number = person.id_number or row["id_number"]
        person.birth_date = person.birth_date or row["birth_date"]
        person.phones.update(row["phones"])
        person.sides.add(side)
        if person.id_number:
            self.by_id_number[person.id_number] = person
        return person


@lru_cache(maxsize=8192)
def key_of(name: str) -> str:
    return re.sub(r"\s+", " ", names.clean(name)).casefold()


def elsewhere(area: Area, id_numbers: Iterable[str]) -> set[str]:
    """Those of the ID numbers that people of other communities have."""
    known = Member.objects.filter(id_number_index__in=list(id_numbers)).exclude(area=area)
    return {member.id_number for member in known.only("key", "id_number") if member.id_number}
