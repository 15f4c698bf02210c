"""Recording a visit that has taken place, and booking its hours."""

import json
from collections.abc import Collection
from contextlib import nullcontext
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from ledger.policy import Credit, Question, Reason
from ledger.transfers import Refused
from members.models import Area, Member, User
from members.models.encrypted import EncryptedField
from services.models import Category, Visit
from services.visits import booking, doubts, facts, refusals
from services.visits.facts import Beside, Known

# Others may book for the same volunteer between our reading and our writing, but not for ever.
TRIES = 20
FACTS_HAVE_CHANGED = ("changed", "frozen", "closed", "already_resolved")
_WRITE = """
    SELECT * FROM services_log_visit(%s, %s, %s, %s, %s, %s, %s, %s::smallint[], %s::bigint[],
        %s::bigint[], %s::bigint[], %s, %s, %s, %s)
"""
_FIELDS = [field for field in Visit._meta.concrete_fields if not field.primary_key]
_SEALED = [field for field in _FIELDS if isinstance(field, EncryptedField)]
_COLUMNS = [field.attname for field in _FIELDS if field not in _SEALED]
# What makes two visits under one key the same visit.
CONTENT = (
    "area_id",
    "volunteer_id",
    "elder_id",
    "category_id",
    "service_date",
    "started_at",
    "ended_at",
    "method",
    "choice",
    "note",
    "entered_by_id",
)


def log(
    *,
    key: UUID,
    area: Area,
    volunteer: Member,
    elder: Member,
    category: Category,
    service_date: date,
    minutes: int,
    started_at: datetime | None = None,
    ended_at: datetime | None = None,
    method: str,
    choice: str = Visit.Choice.BANK,
    note: str = "",
    by: User,
    at: datetime,
    seen: Collection[str] | None = None,
    beside: Beside | None = None,
) -> Visit:
    """Record a visit and bank its hours, or keep it waiting where a second person is needed.

    `key` is made in the form: the same visit under the same key is recorded once and returned
    again, another one raises KeyReused. `area` is the volunteer's community, whose book it is.
    `minutes` are as written on paper or measured. `seen` are the codes of the doubts that the
    clerk has seen; any other raises Doubts, None asks nobody. `beside` are the facts of this visit
    where they were read just before; they need not hold any more. Raises a Refusal: NotAVolunteer,
    NotAnElder, SamePerson, OtherCommunity, Elsewhere, NeedsReason (a late record without a note).
    """
    visit = Visit(
        key=key,
        area=area,
        volunteer=volunteer,
        elder=elder,
        category=category,
        service_date=service_date,
        started_at=started_at,
        ended_at=ended_at,
        method=method,
        choice=choice,
        note=note,
        entered_by=by,
        entered_at=at,
    )
    try:
        return _record(visit, minutes, seen, beside)
    except IntegrityError as error:
        raise refusals.in_words(error, visit) from error


def _record(
    visit: Visit, minutes: int, seen: Collection[str] | None, beside: Beside | None
) -> Visit:
    """Read, decide, write; all of it anew as long as somebody else was in between."""
    for _ in range(TRIES):
        known, beside = facts.gather(visit, minutes, beside), None
        if known.twin:
            return _first(known.twin, visit, known)
        credit = _judge(visit, known, seen)
        if _write(visit, known, credit):
            return visit
    raise refusals.NotPosted


def _first(pk: int, visit: Visit, known: Known) -> Visit:
    """The visit that was recorded under the same key before, if it is the same one."""
    first = Visit.objects.select_related("volunteer", "elder", "category", "area").get(pk=pk)
    same = all(getattr(first, name) == getattr(visit, name) for name in CONTENT)
    if not same or first.served_minutes != known.credit.served:
        raise refusals.KeyReused
    return first


def _judge(visit: Visit, known: Known, seen: Collection[str] | None) -> Credit:
    """Set what becomes of the visit: it counts at once, or is held back for a second person."""
    credit = known.credit
    if Question.LATE in credit.questions and not visit.note:
        raise refusals.NeedsReason
    if seen is not None:
        unseen = [doubt for doubt in doubts.about(visit, known) if doubt.code not in seen]
        if unseen:
            raise doubts.Doubts(unseen)
    waits = bool(credit.questions)
    visit.state = Visit.State.COMPLETED if waits else Visit.State.CONFIRMED
    visit.confirmed_at = None if waits else visit.entered_at
    visit.questions = list(credit.questions)
    visit.journal = visit.key if credit.moved and not waits else None
    booking.write_down(visit, credit.held_back(Reason.UNDER_REVIEW) if waits else credit)
    return credit


def _write(visit: Visit, known: Known, credit: Credit) -> bool:
    """Book the hours and insert the visit, in one statement that does both or neither.

    False when the facts have changed since they were read, an account opened now among them. What
    the ledger refuses raises a Refusal, unless it is a fact to be read again.
    """
    legs = []
    if visit.journal:
        if known.account is None:
            booking.account_of(visit)
            return False
        legs = booking.legs(credit, known.account, known.sources)
    columns = [",".join(map(str, column)) for column in zip(*legs, strict=True)] or [""] * 4
    further = (visit.entered_by_id, known.policy.pk, known.hold)
    row = {name: value for name in _COLUMNS if (value := getattr(visit, name)) is not None}
    row |= {field.attname: _sealed(field, visit) for field in _SEALED}
    arrays = [f"{{{numbers}}}" for numbers in columns]  # psycopg takes longer to write them
    told = [*facts.place(visit), known.mark, *arrays, *further, json.dumps(row, default=str)]
    # A statement alone is a transaction by itself; in a caller's one it must not spoil that.
    apart = transaction.atomic() if connection.in_atomic_block else nullcontext()
    with apart, connection.cursor() as cursor:
        cursor.execute(_WRITE, told)
        refused, visit.pk = cursor.fetchone()
    if refused in FACTS_HAVE_CHANGED:
        return False
    with refusals.of_the_ledger():
        if refused:
            raise Refused(refused, visit.key)
    visit._state.adding = False
    return True


def _sealed(field: EncryptedField, visit: Visit) -> str:
    """What is stored in the column, as PostgreSQL reads bytes."""
    return rf"\x{(field.pre_save(visit, True) or b'').hex()}"
