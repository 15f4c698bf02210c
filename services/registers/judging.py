"""Deciding what every row of a batch is: new, the same, changed, or one that cannot be posted.

A Judge holds all that rows are compared with, in memory, so that a thousand rows take a few
statements; the rows that it has accepted are part of what the next ones are compared with.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from django.db.models import Case, QuerySet, When
from django.utils import timezone

from ledger.models import Policy
from members.models import Elder, Member, Volunteer
from services.models import Category, RegisterBatch, RegisterRow, Visit
from services.registers import person_rows, visit_rows
from services.registers.cells import Cannot
from services.registers.headings import plain
from services.registers.matching import People, Person, elsewhere, key_of

Kind, Outcome = RegisterRow.Kind, RegisterRow.Outcome
PEOPLE = (Kind.VOLUNTEER, Kind.ELDER)
OF_MEMBER = ("sex", "birth_date", "id_number", "address", "note")
OF_SIDE: dict[str, tuple[str, ...]] = {
    Kind.VOLUNTEER: ("joined_on", "skills"),
    Kind.ELDER: (
        "living",
        "income",
        "capability",
        "contact_name",
        "contact_relation",
        "contact_phone",
    ),
}

JUDGED = (
    *("outcome", "reason", "details", "warnings", "understood", "named", "day"),
    *("member", "visit"),
)
CHUNK = 1000


class Slot(NamedTuple):
    """A visit that a volunteer's day holds already: one of the batch, or one on record."""

    elder: int | str
    start: str | None
    end: str | None
    minutes: int
    category: str
    sheet: str = ""
    number: int = 0
    visit: int | None = None
    is_undone: bool = False

    def is_same_visit(self, row: Mapping[str, Any]) -> bool:
        """The same two people at the same time; without times, for as long with the same help."""
        if self.elder != row["elder"]:
            return False
        if self.start and row["start"]:
            return self.start == row["start"]
        return self.minutes == row["minutes"] and self.category == row["category"]

    def overlaps(self, row: Mapping[str, Any]) -> bool:
        return bool(
            self.start
            and self.end
            and row["start"]
            and self.start < row["end"]
            and row["start"] < self.end
        )


class Judge:
    """Judges the rows of one batch. `kept` are rows of it whose outcome stands, people first."""

    def __init__(self, batch: RegisterBatch, kept: Iterable[RegisterRow] = ()) -> None:
        self.batch = batch
        self.today = timezone.localdate()
        self.people = People(batch.area)
        self.categories = _categories()
        self.first_day = min(p.effective_from for p in Policy.objects.for_area(batch.area))
        self.rounding = Policy.objects.in_force(batch.area, self.today).rounding_paper
        self.years = {sheet["title"]: sheet["year"] for sheet in batch.sheets}
        self.columns = {sheet["title"]: sheet["columns"] for sheet in batch.sheets}
        self.members: dict[int | str, int] = {}  # whom the batch itself has brought in
        self.taken: dict[tuple[int | str, str], list[Slot]] = defaultdict(list)
        for row in kept:
            self._keep(row)

    def judge(self, rows: Sequence[RegisterRow]) -> None:
        """Set outcome, reason, details, warnings and what was understood; save nothing."""
        self._judge_people([row for row in rows if row.kind in PEOPLE])
        self._judge_visits([row for row in rows if row.kind == Kind.VISIT])

    def _keep(self, row: RegisterRow) -> None:
        if row.kind == Kind.VISIT:
            self._take(row)
            return
        ref = row.understood["person"]
        if row.member_id:
            self.members[ref] = row.member_id
        refs = (ref, row.member_id)
        namesakes = self.people.by_name.get(key_of(row.understood["name"]), ())
        person = next((known for known in namesakes if known.ref in refs), None)
        person = self.people.listed(person, ref, row.understood, row.kind)
        person.listed[row.kind] = row.number

    def _take(self, row: RegisterRow) -> None:
        seen = row.understood
        volunteer, elder = (self.members.get(seen[side], seen[side]) for side in PEOPLE)
        slot = Slot(
            elder,
            seen["start"],
            seen["end"],
            seen["minutes"],
            seen["category"],
            row.sheet,
            row.number,
        )
        self.taken[volunteer, seen["date"]].append(slot)

    def _judge_people(self, rows: Sequence[RegisterRow]) -> None:
        understood = []
        for row in rows:
            try:
                row.understood = person_rows.understand(row.kind, row.written, today=self.today)
            except Cannot as cannot:
                self._refuse(row, cannot)
            else:
                understood.append(row)
        numbers = {r.understood["id_number"] for r in understood} - {None}
        foreign = elsewhere(self.batch.area, numbers) if numbers else set()
        known = []
        for row in understood:
            try:
                person = self._list(row, foreign)
            except Cannot as cannot:
                self._refuse(row, cannot)
                continue
            accept(row, Outcome.NEW)
            if isinstance(person.ref, int):
                known.append(row)
        self._compare(known)

    def _list(self, row: RegisterRow, foreign: set[str]) -> Person:
        seen = row.understood
        if seen["id_number"] in foreign:
            raise Cannot("in_another_community")
        person = self.people.who_is(seen)
        if person is not None and row.kind in person.listed:
            raise Cannot("listed_twice", row=person.listed[row.kind])
        person = self.people.listed(person, f"{row.sheet}!{row.number}", seen, row.kind)
        person.listed[row.kind] = row.number
        seen["person"] = person.ref
        return person

    def _refuse(self, row: RegisterRow, cannot: Cannot) -> None:
        """Refuse the row; where a single cell is at fault, name it as the workbook does."""
        column = self.columns.get(row.sheet, {}).get(cannot.details.get("field", ""))
        if column:
            cannot.details["cell"] = f"{column}{row.number}"
        refuse(row, cannot)

    def _compare(self, rows: Sequence[RegisterRow]) -> None:
        """Rows of people on record: same, or changed with the differences."""
        keys = {row.understood["person"] for row in rows}
        known = (
            Member.objects.select_related("volunteer", "elder")
            .prefetch_related("phones")
            .in_bulk(keys)
        )
        for row in rows:
            member = known[row.understood["person"]]
            row.member = member
            changes = differences(member, row.kind, row.understood)
            row.details = {"changes": changes} if changes else {}
            row.outcome = Outcome.CHANGED if changes else Outcome.SAME

    def _judge_visits(self, rows: Sequence[RegisterRow]) -> None:
        understood = []
        for row in rows:
            try:
                row.understood = self._understand(row)
            except Cannot as cannot:
                self._refuse(row, cannot)
            else:
                understood.append(row)
        recorded = on_record(understood)
        for row in understood:
            seen = row.understood
            try:
                visit = self._place(row, recorded[seen["volunteer"], seen["date"]])
            except Cannot as cannot:
                self._refuse(row, cannot)
                continue
            self._take(row)
            accept(row, Outcome.NEW if visit is None else Outcome.SAME)
            row.visit_id = visit

    def _understand(self, row: RegisterRow) -> dict[str, Any]:
        year = self.years.get(row.sheet)
        seen = visit_rows.understand(
            row.written,
            year_end=min(datetime.date(year, 12, 31), self.today) if year else self.today,
            first_day=self.first_day,
            today=self.today,
            categories=self.categories,
            rounding=self.rounding,
        )
        for side in (Kind.VOLUNTEER.value, Kind.ELDER.value):
            name, digits = seen.pop(f"{side}_name"), seen.pop(f"{side}_digits")
            seen[side] = self.people.named(name, digits, side).ref
        if seen["volunteer"] == seen["elder"]:
            raise Cannot("same_person")
        return seen

    def _place(self, row: RegisterRow, recorded: Sequence[Slot]) -> int | None:
        """The visit on record that the row repeats, or None for a new one."""
        seen = row.understood
        in_batch = self.taken[seen["volunteer"], seen["date"]]
        for slot in in_batch:
            if slot.is_same_visit(seen):
                raise Cannot("duplicate", row=slot.number, sheet=slot.sheet)
        for slot in recorded:
            if slot.is_same_visit(seen):
                if slot.is_undone:
                    seen["warnings"].append({"code": "undone_before"})
                    continue
                if (slot.minutes, slot.category) != (seen["minutes"], seen["category"]):
                    raise Cannot("recorded_differently", minutes=slot.minutes)
                return slot.visit
        for slot in in_batch:
            if slot.overlaps(seen):
                raise Cannot("overlap", row=slot.number, sheet=slot.sheet)
        if any(slot.overlaps(seen) for slot in recorded if not slot.is_undone):
            raise Cannot("overlap_on_record")
        return None


def on_record(rows: Sequence[RegisterRow]) -> dict[tuple[int | str, str], list[Slot]]:
    """The visits of the rows' volunteers on their days, those that stand before the undone ones."""
    found: dict[tuple[int | str, str], list[Slot]] = defaultdict(list)
    volunteers = {r.understood["volunteer"] for r in rows}
    visits = Visit.objects.filter(
        volunteer__in=[ref for ref in volunteers if isinstance(ref, int)],
        service_date__in={r.understood["date"] for r in rows},
    ).exclude(state=Visit.State.RETURNED)
    for visit in visits.order_by("state", "pk"):
        slot = Slot(
            visit.elder_id,
            _clock(visit.started_at),
            _clock(visit.ended_at),
            visit.served_minutes,
            visit.category_id,
            visit=visit.pk,
            is_undone=visit.state == Visit.State.REVERSED,
        )
        found[visit.volunteer_id, visit.service_date.isoformat()].append(slot)
    return found


def judge_again(batch: RegisterBatch, rows: QuerySet[RegisterRow]) -> int:
    """Judge these rows of the batch anew beside all its others; return how many came out otherwise.

    Rows that are posted stay out of it: what is booked is not judged.
    """
    people_first = Case(When(kind=Kind.VISIT, then=1), default=0)
    rows = rows.exclude(outcome=Outcome.POSTED)
    kept = batch.rows.exclude(outcome=Outcome.CANNOT).exclude(pk__in=rows.values("pk"))
    judge = Judge(batch, kept.order_by(people_first, "pk").iterator())
    queue = rows.order_by(people_first, "pk").iterator()
    changed = 0
    while chunk := list(islice(queue, CHUNK)):
        before = [_state_of(row) for row in chunk]
        judge.judge(chunk)
        otherwise = [r for r, was in zip(chunk, before, strict=True) if _state_of(r) != was]
        keep(otherwise)
        changed += len(otherwise)
    return changed


def _state_of(row: RegisterRow) -> list[Any]:
    told = [getattr(row, name) for name in (*JUDGED[:-2], "member_id", "visit_id")]
    return [str(value) if isinstance(value, datetime.date) else value for value in told]


def keep(rows: Iterable[RegisterRow]) -> None:
    """Save how the rows were judged: row by row, as each is sealed for itself."""
    for row in rows:
        row.save(update_fields=JUDGED)


def refuse(row: RegisterRow, cannot: Cannot) -> None:
    """Mark a row as one that cannot be posted, with the reason."""
    row.outcome = Outcome.CANNOT
    row.reason, row.details = cannot.code, cannot.details
    row.understood, row.warnings, row.named, row.day = {}, [], [], None
    row.member = row.visit = None


def accept(row: RegisterRow, outcome: str) -> None:
    row.outcome, row.reason, row.details = outcome, "", {}
    row.warnings = row.understood.pop("warnings", [])
    sides = PEOPLE if row.kind == Kind.VISIT else ("person",)
    row.named = [row.understood[side] for side in sides]
    row.day = row.understood.get("date")
    row.member = row.visit = None


def differences(member: Member, kind: str, seen: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Field → what is on record and what the register says; a blank cell says nothing."""
    stored: dict[str, Any] = {name: getattr(member, name) for name in OF_MEMBER}
    profile: Volunteer | Elder | None = getattr(member, kind, None)
    for name in OF_SIDE[kind]:
        stored[name] = getattr(profile, name) if profile else None
    for name in ("birth_date", "joined_on"):
        if stored.get(name):
            stored[name] = stored[name].isoformat()
    changes = {
        name: [stored[name], seen[name]]
        for name in stored
        if seen.get(name) and seen[name] != stored[name]
    }
    phones = sorted(phone.number for phone in member.phones.all())
    if set(seen["phones"]) - set(phones):
        changes["phones"] = [phones, sorted({*phones, *seen["phones"]})]
    if profile is None:
        changes["side"] = [None, kind]
    return changes


def _categories() -> dict[str, str]:
    """Every name of a category, as `visit_rows` looks it up, with the code."""
    found: dict[str, str] = {}
    for category in Category.objects.order_by("-position"):
        names = [category.code, category.name_zh, category.name_en, *category.synonyms.split(",")]
        found.update({plain(name).replace(" ", ""): category.code for name in names if name})
    return found


def _clock(moment: datetime.datetime | None) -> str | None:
    return f"{timezone.localtime(moment):%H:%M}" if moment else None
