"""Assessing elders: the rule that is computed, what staff say to it, and when to look again."""

from datetime import date, datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from members import access, refusals
from members.eligibility import Records, Rule
from members.models import Area, Assessment, Elder, EligibilityRules, Member, User

State = Assessment.State


@transaction.atomic
def assess(
    elder: Elder,
    *,
    on: date,
    result: str,
    reason: str,
    by: User,
    at: datetime,
    key: UUID,
    minutes: int | None = None,
) -> Assessment:
    """Write down which rule holds for the elder, until its review is due.

    What the rules compute is settled at once; rule D, or none where a rule is computed, needs a
    reason and waits for a second person. `minutes` are the elder's own hours (rule C). The same key
    gives the assessment that is there. Raises PermissionDenied, InTheFuture, NeedsReason,
    NotForStaff, WaitsAlready.
    """
    if not access.may_log(by, elder.member.area):
        raise PermissionDenied
    if on > timezone.localdate(at):
        raise refusals.InTheFuture
    known = Assessment.objects.filter(key=key, assessed_by=by, member=elder.member).first()
    if known:
        return known
    found = _computed(elder, on, minutes)
    found.key, found.result, found.reason = key, result, reason
    found.assessed_by, found.assessed_at = by, at
    _check_result(found)
    found.state = State.WAITING if found.is_against_the_rules else State.SETTLED
    found.decided_at = None if found.is_against_the_rules else at
    with refusals.of_constraints():
        found.save(force_insert=True)
    return found


@transaction.atomic
def approve(assessment: Assessment, *, by: User, at: datetime) -> Assessment:
    """Let what staff decided against the rules hold. Raises NotWaiting, OwnEntry, PermissionDenied.

    The row is locked first, so that of two who approve at once the second finds it done.
    """
    assessment = _locked(assessment, by)
    assessment.state = State.SETTLED
    return _decided(assessment, by, at)


@transaction.atomic
def send_back(assessment: Assessment, *, by: User, at: datetime, reason: str) -> Assessment:
    """Refuse it, and say why. Raises NotWaiting, OwnEntry, PermissionDenied."""
    assessment = _locked(assessment, by)
    assessment.state = State.RETURNED
    assessment.return_reason = reason
    return _decided(assessment, by, at)


def may_decide(assessment: Assessment, *, by: User) -> bool:
    """Whether a page offers to approve the assessment or to send it back."""
    return (
        assessment.state == State.WAITING
        and assessment.assessed_by_id != by.pk
        and access.may_approve(by, assessment.area)
    )


def due(areas: QuerySet[Area], *, by_day: date) -> QuerySet[Assessment]:
    """The latest assessments of elders of the areas whose review is due by that day."""
    later = Assessment.objects.settled().filter(
        member=OuterRef("member"), assessed_on__gte=OuterRef("assessed_on")
    )
    newer = later.filter(assessed_on__gt=OuterRef("assessed_on")) | later.filter(
        pk__gt=OuterRef("pk")
    )
    found = Assessment.objects.settled().filter(review_due_on__lte=by_day, member__area__in=areas)
    return found.filter(~Exists(newer), member__elder__isnull=False)


def never(areas: QuerySet[Area]) -> QuerySet[Elder]:
    """The elders of the areas of whom no assessment is settled."""
    settled = Assessment.objects.settled().filter(member=OuterRef("member"))
    return Elder.objects.filter(~Exists(settled), member__area__in=areas)


def _computed(elder: Elder, on: date, minutes: int | None) -> Assessment:
    """An assessment that says what the rules compute, without what anybody decided before."""
    member: Member = elder.member
    rules: EligibilityRules = EligibilityRules.objects.in_force(member.area, on)
    records = Records([member.pk])
    computed = records.computed_on(elder, on, minutes=minutes)
    return Assessment(
        member=member,
        rules=rules,
        assessed_on=on,
        review_due_on=months_after(on, rules.review_months),
        age=member.age_on(on),
        living=elder.living,
        computed=computed,
    )


def months_after(day: date, months: int) -> date:
    """The same day of a later month; the month's last one where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def _check_result(found: Assessment) -> None:
    if not found.is_against_the_rules:
        return
    if found.result not in (Rule.D, Rule.NONE) or (
        found.result == Rule.D and not found.rules.holds_d
    ):
        raise refusals.NotForStaff
    if not found.reason:
        raise refusals.NeedsReason


def _locked(assessment: Assessment, by: User) -> Assessment:
    found = Assessment.objects.select_for_update(of=("self",)).select_related("member__area")
    locked = found.get(pk=assessment.pk)
    if locked.state != State.WAITING:
        raise refusals.NotWaiting
    if locked.assessed_by_id == by.pk:
        raise refusals.OwnEntry
    if not access.may_approve(by, locked.area):
        raise PermissionDenied
    return locked


def _decided(assessment: Assessment, by: User, at: datetime) -> Assessment:
    assessment.approved_by = by
    assessment.decided_at = at
    fields = ("state", "approved_by", "decided_at", "return_reason")
    assessment.save(update_fields=fields)
    return assessment
