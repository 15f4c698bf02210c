"""Posting an approved register: people first, then visits, a thousand rows in a transaction.

Each transaction locks the batch, takes the next rows that are not posted, posts them and marks
them; a worker that is killed loses at most the thousand it was at, and whoever goes on takes them
up again. Nothing is ever posted twice: a visit's key is made of the batch's key and the row.
"""

import datetime
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

from django.db import connection, transaction
from django.db.models import Max, Min, QuerySet
from django.db.models.fields.json import KT
from django.utils import timezone

from ledger import transfers
from members import joining
from members.models import Member
from services import visits
from services.models import Category, RegisterBatch, RegisterRow
from services.registers.batches import PENDING, lock
from services.registers.cells import Cannot
from services.registers.judging import OF_MEMBER, OF_SIDE, PEOPLE, keep, on_record, refuse
from services.registers.matching import People
from services.visits import ImportedVisit, refusals

Kind, Outcome, State = RegisterRow.Kind, RegisterRow.Outcome, RegisterBatch.State

CHUNK = 1000
DATES = ("birth_date", "joined_on")
REFUSED = {
    refusals.NotAVolunteer: "unknown_volunteer",
    refusals.SamePerson: "same_person",
    refusals.Elsewhere: "overlap_on_record",
    refusals.NoPolicy: "too_early",
}
# Django's bulk_update takes a hundred times as long for a thousand rows.
MARK_POSTED = """
UPDATE services_registerrow AS r SET outcome = 'posted', {column} = posted.made
FROM unnest(%s::bigint[], %s::bigint[]) AS posted (id, made) WHERE r.id = posted.id
"""
_NEEDED = ("key", "name", "area")


def post(batch: RegisterBatch) -> RegisterBatch:
    """Post what is left of an approved batch; one that is not approved is left alone."""
    poster = _Poster(batch)
    while poster.post_next():
        pass
    batch.refresh_from_db()
    return batch


class _Poster:
    """Posts a batch chunk by chunk; remembers between chunks whom the batch has brought in."""

    def __init__(self, batch: RegisterBatch) -> None:
        self.batch = batch
        self.people: People | None = None
        self.members: dict[int | str, int] | None = None
        self.has_people = True
        self.last = 0
        self.loaded: dict[int, Member] = {}
        self.categories = Category.objects.in_bulk()

    @transaction.atomic
    def post_next(self) -> bool:
        """Post the next rows; False when nothing is left."""
        self.batch = batch = lock(self.batch)
        if batch.state != State.APPLYING:
            return False
        if rows := self._next_people():
            self._post_people(rows)
        elif rows := self._next_visits():
            self._post_visits(rows)
        else:
            batch.state = State.APPLIED
        batch.rows_done += len(rows)
        batch.save(update_fields=["state", "rows_done"])
        return bool(rows)

    def _next_people(self) -> list[RegisterRow]:
        if self.has_people:
            rows = list(self._pending().filter(kind__in=PEOPLE)[:CHUNK])
            self.has_people = bool(rows)
            return rows
        return []

    def _next_visits(self) -> list[RegisterRow]:
        """The next rows behind those that were posted: looking from the first again would take
        longer with every chunk."""
        rows = list(self._pending().filter(kind=Kind.VISIT, pk__gt=self.last)[:CHUNK])
        self.last = rows[-1].pk if rows else self.last
        return rows

    def _pending(self) -> QuerySet[RegisterRow]:
        return self.batch.rows.filter(outcome__in=PENDING).defer("written").order_by("pk")

    def _post_people(self, rows: Sequence[RegisterRow]) -> None:
        members = self._members()
        joining_now: dict[str, list[RegisterRow]] = defaultdict(list)
        for row in rows:
            ref = row.understood["person"]
            known = row.member_id or members.get(ref) or self._known_meanwhile(row)
            if row.outcome == Outcome.CANNOT:
                continue
            if known:
                self._amend(row, known)
            else:
                joining_now[ref].append(row)
        self._register(joining_now)
        refused = [row for row in rows if row.outcome == Outcome.CANNOT]
        keep(refused)
        done = [row for row in rows if row.outcome != Outcome.CANNOT]
        _mark("member_id", [(row.pk, members[row.understood["person"]]) for row in done])

    def _known_meanwhile(self, row: RegisterRow) -> int | None:
        """Somebody who was registered between the preview and now is not registered again."""
        self.people = self.people or People(self.batch.area)
        try:
            person = self.people.who_is(row.understood)
        except Cannot as cannot:
            refuse(row, cannot)
            return None
        return person.ref if person and isinstance(person.ref, int) else None

    def _amend(self, row: RegisterRow, pk: int) -> None:
        member = Member.objects.select_related("area", "merged_into__area").get(pk=pk)
        member = member.merged_into or member
        seen = row.understood
        told = {name: _value(name, seen[name]) for name in OF_MEMBER if seen.get(name)}
        phones = {*(phone.number for phone in member.phones.all()), *seen["phones"]}
        by, at = self.batch.entered_by, timezone.now()
        side = {row.kind: _side(row)}
        joining.amend(member, by=by, at=at, phones=sorted(phones), **told, **side)
        self._members()[seen["person"]] = member.pk

    def _register(self, by_ref: Mapping[str, Sequence[RegisterRow]]) -> None:
        if not by_ref:
            return
        first_days, last_day = self._days()
        people = []
        for ref, rows in by_ref.items():
            person = _combined(rows)
            joined = (person.get("volunteer") or {}).get("joined_on")
            day = joined or first_days.get(ref) or last_day
            people.append(person | {"area": self.batch.area, "registered_on": day})
        by, at = self.batch.entered_by, timezone.now()
        members = joining.register_many(people, by=by, at=at)
        self._members().update(zip(by_ref, (member.pk for member in members), strict=True))

    def _members(self) -> dict[int | str, int]:
        """Ref → member, for all whom the batch names: those posted, and those known before."""
        if self.members is None:
            named = self.batch.rows.filter(kind__in=PEOPLE, member__isnull=False)
            pairs = named.values_list("named__0", "member")
            self.members = dict(pairs)
        return self.members

    def _days(self) -> tuple[dict[str, datetime.date], datetime.date]:
        """Each person's first day in the register, and its last day.

        Whoever is listed without a date was registered by the first visit, or by the end at most.
        """
        rows = self.batch.rows.filter(kind=Kind.VISIT).exclude(outcome=Outcome.CANNOT)
        first: dict[str, datetime.date] = {}
        for place in range(len(PEOPLE)):
            days = rows.values(ref=KT(f"named__{place}")).annotate(first=Min("day"))
            for ref, day in days.order_by().values_list("ref", "first"):
                first[ref] = min(day, first.get(ref, day))
        return first, rows.aggregate(last=Max("day"))["last"] or timezone.localdate()

    def _post_visits(self, rows: Sequence[RegisterRow]) -> None:
        members = self._members()
        for row in rows:
            for side in PEOPLE:
                ref = row.understood[side]
                row.understood[side] = members.get(ref, ref)
        ready, others = [], []
        for row in rows:
            if all(isinstance(row.understood[side], int) for side in PEOPLE):
                ready.append(row)
            else:
                refuse(row, Cannot("person_not_posted"))
                others.append(row)
        found = on_record(ready)
        fresh = []
        for row in ready:
            seen = row.understood
            slots = found[seen["volunteer"], seen["date"]]
            same = next((s for s in slots if not s.is_undone and s.is_same_visit(seen)), None)
            if same is None:
                fresh.append(row)
            else:
                row.outcome, row.visit_id = Outcome.SAME, same.visit
                others.append(row)
        others += self._book(fresh)
        keep(others)

    def _book(self, rows: Sequence[RegisterRow]) -> list[RegisterRow]:
        """Post these rows; return those that could not be, marked with the reason."""
        facts = self._facts(rows)
        try:
            with transaction.atomic():
                return self._book_together(rows, facts)
        except transfers.Refused:  # one of them spoils the chunk: find it by posting each alone
            refused = []
            for row, fact in zip(rows, facts, strict=True):
                try:
                    with transaction.atomic():
                        refused += self._book_together([row], [fact])
                except transfers.Refused:
                    refuse(row, Cannot("refused_by_ledger"))
                    refused.append(row)
            return refused

    def _book_together(
        self, rows: Sequence[RegisterRow], facts: Sequence[ImportedVisit]
    ) -> list[RegisterRow]:
        author, approver = self.batch.entered_by, self.batch.approved_by
        assert approver is not None  # a constraint of the batch
        result = visits.post_imported(
            facts, batch_author=author, approver=approver, at=timezone.now()
        )
        posted, refused = [], []
        for row, fact in zip(rows, facts, strict=True):
            if fact.key in result.visits:
                posted.append((row.pk, result.visits[fact.key].pk))
            else:
                code = REFUSED[type(result.refused[fact.key])]
                refuse(row, Cannot(code, value=fact.volunteer.name, first=""))
                refused.append(row)
        _mark("visit_id", posted)
        return refused

    def _facts(self, rows: Sequence[RegisterRow]) -> list[ImportedVisit]:
        """What is to be posted; all these people are of the batch's community."""
        keys = {row.understood[side] for row in rows for side in PEOPLE} - self.loaded.keys()
        found = Member.objects.filter(pk__in=keys).select_related("merged_into")
        for member in found.only(*_NEEDED, *(f"merged_into__{name}" for name in _NEEDED)):
            kept = member.merged_into or member
            kept.area = self.batch.area
            self.loaded[member.pk] = kept
        return [self._fact(row, self.loaded) for row in rows]

    def _fact(self, row: RegisterRow, members: Mapping[int, Member]) -> ImportedVisit:
        seen = row.understood
        day = datetime.date.fromisoformat(seen["date"])
        return ImportedVisit(
            key=key_of(self.batch, row),
            volunteer=members[seen["volunteer"]],
            elder=members[seen["elder"]],
            category=self.categories[seen["category"]],
            service_date=day,
            minutes=seen["minutes"],
            choice=seen["choice"],
            started_at=_moment(day, seen["start"]),
            ended_at=_moment(day, seen["end"]),
            method=seen["method"],
            note=seen["note"],
        )


def _mark(column: str, posted: Sequence[tuple[int, int]]) -> None:
    """Mark rows as posted, each with the member or the visit that it has made."""
    sql = MARK_POSTED.format(column=column)
    with connection.cursor() as cursor:
        cursor.execute(sql, [[row for row, _ in posted], [made for _, made in posted]])


def key_of(batch: RegisterBatch, row: RegisterRow) -> UUID:
    """The key of the row's visit: the same whenever the row is posted again."""
    return uuid5(batch.key, f"{row.sheet}/{row.number}")


def _moment(day: datetime.date, clock: str | None) -> datetime.datetime | None:
    if clock is None:
        return None
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time.fromisoformat(clock)))


def _value(name: str, value: Any) -> Any:
    return datetime.date.fromisoformat(value) if name in DATES else value


def _side(row: RegisterRow) -> dict[str, Any]:
    """What the row tells of the volunteer's or elder's side; blank cells tell nothing."""
    seen = row.understood
    return {name: _value(name, seen[name]) for name in OF_SIDE[row.kind] if seen.get(name)}


def _combined(rows: Sequence[RegisterRow]) -> dict[str, Any]:
    """One person from the rows of both lists; where they differ, the first is followed."""
    person: dict[str, Any] = {"phones": []}
    for row in rows:
        seen = row.understood
        for name in ("name", *OF_MEMBER):
            if seen.get(name):
                person.setdefault(name, _value(name, seen[name]))
        person["phones"] += [p for p in seen["phones"] if p not in person["phones"]]
        person[row.kind] = _side(row)
    return person
