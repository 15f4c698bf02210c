"""Recording a visit that has taken place, and booking its hours."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from ledger import transfers
from ledger.policy import Credit, Question, Reason
from members.models import Area, Member, User
from services.models import Category, Visit
from services.visits import booking, doubts, facts, refusals
from services.visits.facts import Known

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
) -> Visit:
    """Record a visit and bank its hours, or keep it waiting where a second person is needed.

    `key` is made in the form: the same visit under the same key is recorded once and returned
    again, another one raises KeyReused. `area` is the volunteer's community, whose book it is.
    `minutes` are as written on paper or measured. `seen` are the codes of the doubts that the
    clerk has seen; any other raises Doubts, None asks nobody. Raises a Refusal: NotAVolunteer,
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
        with transaction.atomic():
            return _record(visit, minutes, seen)
    except IntegrityError as error:
        raise refusals.in_words(error, visit) from error


def _record(visit: Visit, minutes: int, seen: Collection[str] | None) -> Visit:
    known = facts.gather(visit, minutes)
    if known.twin:
        return _first(known.twin, visit, known)
    credit = known.credit
    if Question.LATE in credit.questions and not visit.note:
        raise refusals.NeedsReason
    if seen is not None:
        unseen = [doubt for doubt in doubts.about(visit, known) if doubt.code not in seen]
        if unseen:
            raise doubts.Doubts(unseen)
    credit = _book(visit, known, credit)
    booking.write_down(visit, credit)
    visit.questions = list(credit.questions)
    visit.save(force_insert=True)
    return visit


def _first(pk: int, visit: Visit, known: Known) -> Visit:
    """The visit that was recorded under the same key before, if it is the same one."""
    first = Visit.objects.select_related("volunteer", "elder", "category", "area").get(pk=pk)
    same = all(getattr(first, name) == getattr(visit, name) for name in CONTENT)
    if not same or first.served_minutes != known.credit.served:
        raise refusals.KeyReused
    return first


def _book(visit: Visit, known: Known, credit: Credit) -> Credit:
    """Post what the visit banks, or hold it back for a second person; return what became of it."""
    if credit.questions:
        visit.state = Visit.State.COMPLETED
        return credit.held_back(Reason.UNDER_REVIEW)
    visit.state = Visit.State.CONFIRMED
    visit.confirmed_at = visit.entered_at
    if not credit.moved:
        return credit
    try:
        with refusals.of_the_ledger():
            _post(visit, known, credit)
    except refusals.AccountFrozen:  # since the facts were read
        visit.confirmed_at = visit.journal = None
        frozen = replace(known, facts=replace(known.facts, is_frozen=True))
        return _book(visit, frozen, frozen.credit)
    return credit


def _post(visit: Visit, known: Known, credit: Credit) -> None:
    visit.journal = visit.key
    transfers.post_journal(
        visit.area_id,
        visit.journal,
        booking.legs(credit, known.account or booking.account_of(visit)),
        effective_on=visit.service_date,
        by=visit.entered_by_id,
        policy=known.policy.pk,
    )
