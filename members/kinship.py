"""Who is kin to whom, shown by a document and confirmed by a second person.

Hours follow from it (gifts, redemption for relatives, closures, own-family visits): what one person
alone has entered is on record, but counts only once another has confirmed it.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from members import access, refusals
from members.models import Kinship, Member, Relation, User

State = Kinship.State
Pair = tuple[int, int]


class Kin(NamedTuple):
    """A relative of a member, and what they are to the member."""

    relative: Member
    relation: Relation
    kinship: Kinship


@transaction.atomic
def enter(
    member: Member,
    *,
    relative: Member,
    relation: str,
    proof: str,
    proof_note: str,
    seen_on: date,
    by: User,
    at: datetime,
    key: UUID,
) -> Kinship:
    """Put on record that `relative` is this (their spouse, parent, …) to `member`.

    It waits for a second person. The same key gives the row that is there. Raises PermissionDenied,
    SamePerson, InTheFuture, OnRecordAlready.
    """
    if not access.may_log(by, member.area):
        raise PermissionDenied
    if member == relative:
        raise refusals.SamePerson
    if seen_on > timezone.localdate(at):
        raise refusals.InTheFuture
    known = Kinship.objects.filter(key=key, entered_by=by, member=member).first()
    if known:
        return known
    with refusals.of_constraints():
        return Kinship.objects.create(
            key=key,
            member=member,
            relative=relative,
            relation=relation,
            proof=proof,
            proof_note=proof_note,
            seen_on=seen_on,
            entered_by=by,
            entered_at=at,
        )


@transaction.atomic
def confirm(kinship: Kinship, *, by: User, at: datetime) -> Kinship:
    """Let hours follow from it. Raises NotWaiting, OwnEntry, PermissionDenied.

    The row is locked first, so that of two who confirm at once the second finds it done.
    """
    kinship = _locked(kinship)
    _check_second_person(kinship, by)
    kinship.state = State.CONFIRMED
    return _decided(kinship, by, at)


@transaction.atomic
def send_back(kinship: Kinship, *, by: User, at: datetime, reason: str) -> Kinship:
    """Refuse it, and say why. Raises NotWaiting, OwnEntry, PermissionDenied."""
    kinship = _locked(kinship)
    _check_second_person(kinship, by)
    kinship.state = State.RETURNED
    kinship.return_reason = reason
    return _decided(kinship, by, at)


@transaction.atomic
def end(kinship: Kinship, *, on: date, by: User, at: datetime) -> Kinship:
    """Let it count no longer from that day on: a divorce, or an error found later.

    Raises PermissionDenied, NotOnRecord, InTheFuture, EndsBeforeItWasSeen.
    """
    kinship = _locked(kinship)
    if not access.may_approve(by, kinship.area):
        raise PermissionDenied
    if kinship.state != State.CONFIRMED or kinship.ended_on is not None:
        raise refusals.NotOnRecord
    if on > timezone.localdate(at):
        raise refusals.InTheFuture
    if on < kinship.seen_on:
        raise refusals.EndsBeforeItWasSeen
    kinship.ended_on, kinship.ended_by = on, by
    kinship.save(update_fields=["ended_on", "ended_by"])
    return kinship


def may_confirm(kinship: Kinship, *, by: User) -> bool:
    """Whether a page offers to confirm it or to send it back."""
    return (
        kinship.state == State.WAITING
        and kinship.entered_by_id != by.pk
        and access.may_approve(by, kinship.area)
    )


def kin_of(member: Member, *, on: date) -> list[Kin]:
    """The confirmed relatives of the member on that day, those of the same community or not.

    Without records that were merged into another: their kin are entered for that one too.
    """
    standing = Kinship.objects.of(member).standing_on(on)
    people = ("member__area", "relative__area")
    found = standing.select_related(*people).order_by("pk")
    kin = [_seen_from(member, one) for one in found]
    return [one for one in kin if one.relative.standing != Member.Standing.MERGED]


def ended_kin_of(member: Member) -> list[Kin]:
    """Who was a confirmed relative of the member, until a day on which that has ended."""
    ended = Kinship.objects.of(member).filter(state=State.CONFIRMED, ended_on__isnull=False)
    found = ended.select_related("member__area", "relative__area").order_by("ended_on", "pk")
    return [_seen_from(member, one) for one in found]


def between(member: Member, other: Member, *, on: date) -> Kin | None:
    """What `other` is to `member` by a confirmed kinship of that day; None where none is."""
    found = Kinship.objects.between(member, other).standing_on(on)
    one = found.select_related("member__area", "relative__area").order_by("-pk").first()
    return _seen_from(member, one) if one else None


def of_pairs(pairs: Collection[Pair]) -> dict[Pair, list[Kinship]]:
    """The confirmed kinships of these pairs, of whatever day: one query for many visits."""
    ones, others = {one for one, _ in pairs}, {other for _, other in pairs}
    rows = Kinship.objects.filter(state=State.CONFIRMED)
    found: dict[Pair, list[Kinship]] = defaultdict(list)
    for row in rows.filter(member__in=ones, relative__in=others) | rows.filter(
        member__in=others, relative__in=ones
    ):
        for pair in ((row.member_id, row.relative_id), (row.relative_id, row.member_id)):
            if pair in pairs:
                found[pair].append(row)
    return found


def relation_on(found: Mapping[Pair, list[Kinship]], pair: Pair, day: date) -> str | None:
    """What the second of the pair is to the first on that day, out of what `of_pairs` found."""
    for row in found.get(pair, []):
        if row.ended_on is None or row.ended_on > day:
            return row.relation if row.member_id == pair[0] else row.inverse
    return None


def _seen_from(member: Member, kinship: Kinship) -> Kin:
    return Kin(kinship.other_than(member), kinship.relation_to(member), kinship)


def _locked(kinship: Kinship) -> Kinship:
    found = Kinship.objects.select_for_update(of=("self",))
    return found.select_related("member__area", "relative__area").get(pk=kinship.pk)


def _check_second_person(kinship: Kinship, by: User) -> None:
    if kinship.state != State.WAITING:
        raise refusals.NotWaiting
    if kinship.entered_by_id == by.pk:
        raise refusals.OwnEntry
    if not access.may_approve(by, kinship.area):
        raise PermissionDenied


def _decided(kinship: Kinship, by: User, at: datetime) -> Kinship:
    kinship.confirmed_by, kinship.decided_at = by, at
    kinship.save(update_fields=["state", "confirmed_by", "decided_at", "return_reason"])
    return kinship
