"""What members say is not right about a line of their passbook, and what the staff answer.

No hours move by it: what has to be mended is undone or reversed on the pages for that.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger import accounts
from ledger.models import Entry, Transfer
from members import access, notices, phones
from members.models import Area, Member, User
from members.refusals import Refusal, violated
from services import workdays
from services.models import Objection, Visit

ANSWERED_WITHIN = 10  # working days, as Decree 67 has it for corrections
MOST_WAITING = 20
State = Objection.State


class Booking(NamedTuple):
    """What was booked together in the ledger of a community, where the line is no visit."""

    area: Area
    journal: UUID


class WaitsAlready(Refusal):
    sentence = _("This line is being checked already.")


class TooMany(Refusal):
    sentence = _(
        "Twenty lines are being checked already. Wait until some are answered, or call us."
    )


class KeyReused(Refusal):
    sentence = _("Something else was saved from this page already. Open the page again.")


class NotWaiting(Refusal):
    sentence = _("This was answered before.")


class OwnEntry(Refusal):
    sentence = _("No one answers for what they entered. Ask a colleague.")


@transaction.atomic
def write_down(
    member: Member,
    line: Visit | Booking,
    *,
    reason: str,
    words: str,
    by: User,
    at: datetime,
    key: UUID,
) -> Objection:
    """Keep that the member says the line is not right: by themselves, or by staff who were told.

    The same key gives the objection that is there. The member is locked first, so that the limit
    holds for two at once. Raises PermissionDenied, KeyReused, TooMany, WaitsAlready.
    """
    if by.member_id != member.pk and not access.may_log(by, line.area):
        raise PermissionDenied
    if not _is_theirs(line, member):
        raise PermissionDenied
    _lock(member)
    about = {"visit": line} if isinstance(line, Visit) else {"journal": line.journal}
    if known := Objection.objects.filter(key=key).first():
        if (known.member_id, known.area_id) != (member.pk, line.area.pk) or any(
            getattr(known, name) != value for name, value in about.items()
        ):
            raise KeyReused
        return known
    if Objection.objects.filter(member=member).waiting().count() >= MOST_WAITING:
        raise TooMany
    try:
        with transaction.atomic():
            return Objection.objects.create(
                **about,
                key=key,
                area=line.area,
                member=member,
                reason=reason,
                words=words,
                entered_by=by,
                entered_at=at,
                due_on=workdays.after(timezone.localdate(at), ANSWERED_WITHIN),
            )
    except IntegrityError as error:
        if violated(error) != "services_objection_to_a_line_waits_once":
            raise
        raise WaitsAlready from error


@transaction.atomic
def answer(objection: Objection, *, outcome: str, words: str, by: User, at: datetime) -> Objection:
    """Tell the member what was found: a message says that there is an answer, and not which.

    The row is locked first, so that of two who answer at once the second finds it done. Raises
    NotWaiting, OwnEntry, PermissionDenied.
    """
    found = Objection.objects.select_for_update(of=("self",))
    objection = found.select_related("member", "area", "visit").get(pk=objection.pk)
    if objection.state != State.WAITING:
        raise NotWaiting
    if by.pk in _entered_by(objection):
        raise OwnEntry
    if not access.may_approve(by, objection.area):
        raise PermissionDenied
    objection.state, objection.outcome, objection.answer = State.ANSWERED, outcome, words
    objection.answered_by, objection.answered_at = by, at
    told = ("state", "outcome", "answer", "answered_by", "answered_at")
    objection.save(update_fields=told)
    if can_be_told(objection.member):
        notices.send(objection.member, "objection_answered", at=at)
    return objection


def may_answer(objection: Objection, *, by: User, booked: Iterable[Transfer] | None = None) -> bool:
    """Whether a page offers to answer: to a second person, while it waits.

    `booked` is what stands under its journal, where that was read already.
    """
    return (
        objection.state == State.WAITING
        and access.may_approve(by, objection.area)
        and by.pk not in _entered_by(objection, booked)
    )


def can_be_told(member: Member) -> bool:
    """Whether a message reaches the member; others are called."""
    is_here = member.standing == Member.Standing.HERE
    return is_here and any(phones.is_mobile(phone.number) for phone in member.phones.all())


def _lock(member: Member) -> None:
    """Rows that name the member may be written meanwhile, but for another objection."""
    locked = Member.objects.select_for_update(of=("self",), no_key=True)
    locked.values_list("pk").get(pk=member.pk)


def _is_theirs(line: Visit | Booking, member: Member) -> bool:
    if isinstance(line, Visit):
        return member.pk in (line.volunteer_id, line.elder_id)
    numbers = [account.id for account in accounts.of(line.area.pk, member.key)]
    booked = Entry.objects.filter(community=line.area, account_id__in=numbers)
    return booked.filter(journal=line.journal).exists()


def _entered_by(objection: Objection, booked: Iterable[Transfer] | None = None) -> set[int]:
    """Who entered what the objection is about: the keys of their accounts."""
    if objection.journal is None:
        assert objection.visit is not None  # of the two there is one
        return {objection.visit.entered_by_id}
    if booked is None:
        booked = Transfer.objects.filter(community=objection.area_id, journal=objection.journal)
    return {transfer.actor for transfer in booked}
