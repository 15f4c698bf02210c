"""The second person's part: approving, sending back, undoing."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from ledger import joins, pool, spending, transfers
from ledger.policy import Question, Reason
from members import access, agents
from members.models import Member, User
from members.refusals import OwnEntry
from services.models import Visit
from services.visits import booking, facts, refusals

UNDO = timedelta(minutes=10)


@transaction.atomic
def approve(visit: Visit, *, by: User, at: datetime) -> Visit:
    """Confirm a visit that waits for a second person, and bank its hours.

    What it banks is decided now, with the caps as other visits have left them; how late it was
    recorded counts from the day of its entry. Volunteer and visit are locked first, so that two
    checkers who approve at once book it once. Raises NotWaiting, OwnEntry, NotYet, AccountFrozen.
    """
    visit = _locked(visit)
    _check_second_person(visit, by)
    if visit.service_date > timezone.localdate(at):
        raise refusals.NotYet
    place = booking.placed(visit.service_date, booking.first_open_day(visit.area_id))
    pool.lock(visit.area_id)
    known = facts.gather(visit, visit.served_minutes)
    credit = known.credit
    if Question.ACCOUNT_FROZEN in credit.questions:
        raise refusals.AccountFrozen
    visit.state = Visit.State.CONFIRMED
    visit.approved_by = by
    visit.confirmed_at = at
    booking.write_down(visit, credit)
    if credit.moved:
        visit.journal = booking.key_of(visit, "approval")
        account = known.account or booking.account_of(visit)
        with refusals.of_the_ledger():
            transfers.post_journal(
                visit.area_id,
                visit.journal,
                booking.legs(credit, account, known.sources),
                effective_on=place.effective_on,
                relates_to=place.relates_to,
                by=visit.entered_by_id,
                approver=by.pk,
                policy=known.policy.pk,
                hold=known.hold,
            )
    changed = ("state", "approved_by", "confirmed_at", "journal", *booking.FIGURES)
    visit.save(update_fields=changed)
    return visit


@transaction.atomic
def send_back(visit: Visit, *, by: User, at: datetime, reason: str) -> Visit:
    """Refuse a visit that waits for a second person, and say why. Raises NotWaiting, OwnEntry."""
    visit = _locked(visit)
    _check_second_person(visit, by)
    visit.state = Visit.State.RETURNED
    visit.returned_by = by
    visit.returned_at = at
    visit.return_reason = reason
    held = visit.not_banked.pop(Reason.UNDER_REVIEW, 0)
    if held:
        visit.not_banked[Reason.UNVERIFIED.value] = held
    visit.save(update_fields=["state", "returned_by", "returned_at", "return_reason", "not_banked"])
    return visit


@transaction.atomic
def undo(visit: Visit, *, by: User, at: datetime) -> Visit:
    """Take a visit back: its hours by a reversal in the ledger, never by deletion.

    Whoever entered it may do so for ten minutes; afterwards a checker who did not enter it.
    Raises PermissionDenied, TooLateToUndo, CannotBeUndone, HoursAreSpent, AccountFrozen.
    """
    visit = _locked(visit)
    _check_undo(visit, by, at)
    if visit.state not in (Visit.State.CONFIRMED, Visit.State.COMPLETED):
        raise refusals.CannotBeUndone
    if visit.journal:
        place = booking.placed(visit.service_date, booking.first_open_day(visit.area_id))
        told = {"key": booking.key_of(visit, "undo"), "by": by.pk, **place._asdict()}
        with (
            refusals.of_the_ledger(),
            joins.lent(visit.area_id, visit.journal, **told),
        ):
            transfers.reverse(visit.area_id, visit.journal, **told)
    visit.state = Visit.State.REVERSED
    visit.reversed_by = by
    visit.reversed_at = at
    visit.save(update_fields=["state", "reversed_by", "reversed_at"])
    return visit


def may_undo(visit: Visit, *, by: User, at: datetime) -> bool:
    """Whether a page shows the button."""
    if visit.state not in (Visit.State.CONFIRMED, Visit.State.COMPLETED):
        return False
    try:
        _check_undo(visit, by, at)
    except (PermissionDenied, refusals.TooLateToUndo):
        return False
    return True


def may_check(visit: Visit, *, by: User) -> bool:
    """Whether a page offers to approve the visit or to send it back."""
    return (
        visit.state == Visit.State.COMPLETED
        and visit.entered_by_id != by.pk
        and access.may_approve(by, visit.area)
    )


def whom_to_call(found: Collection[Visit], *, at: datetime) -> dict[int, list[Member]]:
    """Who may confirm each of these visits in the elder's name, by the visit's key in the database:
    the elder's agents, but for the volunteer. None of a visit that does not wait."""
    waiting = [visit for visit in found if visit.state == Visit.State.COMPLETED]
    elders = {visit.elder_id for visit in waiting}
    known = agents.of_elders(elders, agents.Scope.CONFIRM, at=at) if elders else {}
    return {
        visit.pk: [one for one in known.get(visit.elder_id, []) if one.pk != visit.volunteer_id]
        for visit in waiting
    }


def _locked(visit: Visit) -> Visit:
    """The visit as it stands now; its people are locked before it, as when a visit is logged."""
    facts.lock(visit.volunteer)
    spending.lock(visit.elder.key)
    people = ("volunteer", "elder__elder", "category", "area")
    return Visit.objects.select_for_update(of=("self",)).select_related(*people).get(pk=visit.pk)


def _check_second_person(visit: Visit, by: User) -> None:
    if visit.state != Visit.State.COMPLETED:
        raise refusals.NotWaiting
    if visit.entered_by_id == by.pk:
        raise OwnEntry
    if not access.may_approve(by, visit.area):
        raise PermissionDenied


def _check_undo(visit: Visit, by: User, at: datetime) -> None:
    if visit.entered_by_id == by.pk:
        if at - visit.entered_at > UNDO:
            raise refusals.TooLateToUndo
    elif not access.may_approve(by, visit.area):
        raise PermissionDenied
