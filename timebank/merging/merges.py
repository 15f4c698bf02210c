"""Two records of one person become one: asked by one, approved by another, taken back by a third.

The kept record has everything from then on; the number of the other leads to it for ever.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from ledger import joins, requests, spending
from ledger.joins import Pair
from members import access, search
from members.models import Area, Member, Merge, User, Volunteer
from members.refusals import NotWaiting, OwnEntry, Refusal, violated
from services.models import RegisterBatch
from timebank.merging import moving, sides

State = Merge.State
STANDING = Member.Standing


class Obstacle(Refusal):
    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class SameRecord(Refusal):
    sentence = _("This is the same record. Choose the other one.")
    field = "person"


class OtherCommunity(Refusal):
    sentence = _("The records are of two communities. Move one of them first.")
    field = "person"


class NotHere(Refusal):
    sentence = _("One of the records is not on record any more. Look again.")


class BeingMerged(Refusal):
    sentence = _("This record is being merged already.")


class OwnDecision(Refusal):
    sentence = _("You entered or approved this merge. A third colleague takes it back.")


class NotDone(Refusal):
    sentence = _("These records are not merged, so that there is nothing to take back.")


class MergedFurther(Refusal):
    sentence = _("The kept record was merged or changed further since. Take that back first.")


@transaction.atomic
def ask(
    kept: Member,
    gone: Member,
    *,
    taken: Iterable[str],
    reason: str,
    key: UUID,
    by: User,
    at: datetime,
) -> Merge:
    """Propose to merge `gone` into `kept`, with the values of `gone` in the fields `taken`.

    The same key gives the merge that is there. Raises PermissionDenied, SameRecord,
    OtherCommunity, NotHere, Obstacle, BeingMerged.
    """
    if not access.may_log(by, kept.area):
        raise PermissionDenied
    if known := Merge.objects.filter(key=key, kept=kept, gone=gone).first():
        return known
    _check(kept, gone)
    allowed = {one.code for one in sides.differences(kept, gone)}
    try:
        with transaction.atomic():
            return Merge.objects.create(
                key=key,
                area=kept.area,
                kept=kept,
                gone=gone,
                taken=sorted(allowed & set(taken)),
                reason=reason,
                author=by,
                asked_at=at,
            )
    except IntegrityError as error:
        if violated(error) != "members_merge_of_a_vanishing_record_is_one":
            raise
        raise BeingMerged from error


@transaction.atomic
def approve(merge: Merge, *, by: User, at: datetime) -> Merge:
    """Make the two records one. Raises NotWaiting, OwnEntry, PermissionDenied, NotHere, Obstacle,
    and what the ledger refuses (HoursAreHeld, AccountFrozen, TooMuchTogether).

    Everything that could be written to either record is locked first; what two find at once, the
    second finds done.
    """
    merge = _locked(merge)
    _check_second_person(merge, by)
    _lock_people(merge)
    _check(merge.kept, merge.gone)
    with requests.of_the_ledger():
        joins.join(
            merge.area,
            Pair(merge.gone.key, merge.kept.key),
            key=merge.key,
            at=at,
            by=merge.author_id,
            approver=by.pk,
            policy=requests.policy_for(merge.area, at).pk,
        )
    moving.exchange(merge.kept, merge.gone, merge.taken)
    moving.move(merge)
    _stand(merge, STANDING.MERGED, by=by, at=at)
    merge.state, merge.approver, merge.decided_at = State.DONE, by, at
    merge.save(update_fields=["state", "approver", "decided_at"])
    return merge


@transaction.atomic
def send_back(merge: Merge, *, by: User, at: datetime, reason: str) -> Merge:
    """Refuse a merge that waits, and say why. Raises NotWaiting, OwnEntry, PermissionDenied."""
    merge = _locked(merge)
    _check_second_person(merge, by)
    merge.state, merge.approver, merge.decided_at = State.RETURNED, by, at
    merge.return_reason = reason
    merge.save(update_fields=["state", "approver", "decided_at", "return_reason"])
    return merge


@transaction.atomic
def withdraw(merge: Merge, *, by: User, at: datetime) -> Merge:
    """Take back one's own proposal before anybody has decided it. Raises NotWaiting."""
    merge = _locked(merge)
    if merge.author_id != by.pk:
        raise PermissionDenied
    if merge.state != State.WAITING:
        raise NotWaiting
    merge.state, merge.decided_at = State.WITHDRAWN, at
    merge.save(update_fields=["state", "decided_at"])
    return merge


@transaction.atomic
def undo(merge: Merge, *, by: User, at: datetime) -> Merge:
    """Make two records of the one again, each with what it had; the hours go back.

    What was recorded for the kept record since stays with it. Raises PermissionDenied, NotDone,
    OwnDecision, MergedFurther, SpentSince (hours were used), HoursAreHeld.
    """
    merge = _locked(merge)
    if not access.may_approve(by, merge.area):
        raise PermissionDenied
    if merge.state != State.DONE:
        raise NotDone
    if by.pk in _decided_by(merge):
        raise OwnDecision
    _lock_people(merge)
    is_last = merge.gone.merged_into_id == merge.kept_id
    if not is_last or merge.kept.standing != STANDING.HERE:
        raise MergedFurther
    with requests.of_the_ledger():
        joins.part(merge.area, Pair(merge.gone.key, merge.kept.key), key=merge.key, at=at, by=by.pk)
    merge.gone.standing, merge.gone.merged_into = STANDING.HERE, None
    merge.gone.save(update_fields=["standing", "merged_into"])
    moving.move_back(merge)
    for one in (merge.kept, merge.gone):
        one.refresh_from_db()
    moving.exchange(merge.kept, merge.gone, merge.taken)
    search.index([merge.kept, merge.gone])
    merge.state, merge.undone_by, merge.undone_at = State.UNDONE, by, at
    merge.save(update_fields=["state", "undone_by", "undone_at"])
    return merge


def may_approve(merge: Merge, *, by: User) -> bool:
    """Whether a page offers to approve the merge or to send it back."""
    return (
        merge.state == State.WAITING
        and merge.author_id != by.pk
        and access.may_approve(by, merge.area)
    )


def may_undo(merge: Merge, *, by: User) -> bool:
    """Whether a page offers to take the merge back: to a third person."""
    return (
        merge.state == State.DONE
        and by.pk not in _decided_by(merge)
        and access.may_approve(by, merge.area)
    )


def needs_a_third(merge: Merge, *, by: User) -> bool:
    """Whether somebody who decided it is told that another has to take it back."""
    return (
        merge.state == State.DONE
        and by.pk in _decided_by(merge)
        and access.may_approve(by, merge.area)
    )


def _decided_by(merge: Merge) -> set[int | None]:
    return {merge.author_id, merge.approver_id}


def _stand(merge: Merge, standing: str, *, by: User, at: datetime) -> None:
    gone = merge.gone
    gone.standing, gone.merged_into = standing, merge.kept
    gone.changed_by, gone.changed_at = by, at
    gone.save(update_fields=["standing", "merged_into", "changed_by", "changed_at"])
    search.index([merge.kept, gone])


def _check(kept: Member, gone: Member) -> None:
    if kept.pk == gone.pk:
        raise SameRecord
    if kept.area_id != gone.area_id:
        raise OtherCommunity
    if {kept.standing, gone.standing} != {STANDING.HERE}:
        raise NotHere
    for sentence in sides.obstacles(kept, gone):
        raise Obstacle(sentence)


def _check_second_person(merge: Merge, by: User) -> None:
    if merge.state != State.WAITING:
        raise NotWaiting
    if merge.author_id == by.pk:
        raise OwnEntry
    if not access.may_approve(by, merge.area):
        raise PermissionDenied


def _locked(merge: Merge) -> Merge:
    found = Merge.objects.select_for_update(of=("self",)).select_related("area", "author")
    return found.get(pk=merge.pk)


def _lock_people(merge: Merge) -> None:
    """Lock the two, in the order in which those who log, approve and import lock them.

    The community's registers come first, as their posting locks them first; then the volunteers'
    sides, the holders' hours, and the people themselves, whom every new row that names them awaits.
    """
    registers = RegisterBatch.objects.filter(
        area=merge.area_id, state__in=[RegisterBatch.State.PREPARED, RegisterBatch.State.APPLYING]
    )
    list(registers.select_for_update(of=("self",)).order_by("pk").values_list("pk"))
    both = [merge.kept_id, merge.gone_id]
    volunteers = Volunteer.objects.filter(member__in=both)
    list(volunteers.select_for_update(of=("self",)).order_by("pk").values_list("pk"))
    keys = Member.objects.filter(pk__in=both).values_list("key", flat=True)
    spending.lock(*keys)
    people = Member.objects.select_for_update(of=("self",)).select_related("area").order_by("pk")
    found = {one.pk: one for one in people.filter(pk__in=both)}
    merge.kept, merge.gone = found[merge.kept_id], found[merge.gone_id]
    merge.area = Area.objects.get(pk=merge.kept.area_id)
