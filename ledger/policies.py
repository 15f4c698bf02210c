"""New versions of the rules: proposed by one administrator, approved by another, never edited."""

from datetime import date, datetime
from functools import lru_cache

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Field
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.models import Period, Policy
from members import access
from members.models import Area, User
from members.refusals import InThePast, OwnEntry, Refusal, violated

State = Policy.State
# What a version is beside its rules: where and from when, who wrote it and who decided.
BOOKKEEPING = (
    "id",
    "area",
    "effective_from",
    "author",
    "created_at",
    "state",
    "approver",
    "decided_at",
    "return_reason",
    "based_on",
)


class InAClosedMonth(Refusal):
    sentence = _("This day lies in a closed month.")
    field = "effective_from"


class VersionExists(Refusal):
    sentence = _("There is a version from that day on already.")
    field = "effective_from"


class NothingChanged(Refusal):
    sentence = _("Nothing is different from the version before.")


class NotWaiting(Refusal):
    sentence = _("This was decided before.")


@lru_cache(maxsize=512)
def version(pk: int) -> Policy:
    """An approved version of the rules, read once for each process: none is ever edited."""
    return Policy.objects.get(pk=pk, state=State.APPROVED)


def rules() -> list[Field]:
    """The fields that are rules, in their order: all that a version has but its bookkeeping."""
    return [field for field in Policy._meta.concrete_fields if field.name not in BOOKKEEPING]


def propose(version: Policy, *, by: User, at: datetime) -> Policy:
    """Write a new version down; it waits for a second administrator.

    `version` is not saved yet; `based_on` names the one it was made from. Raises PermissionDenied,
    InThePast, InAClosedMonth, VersionExists, NothingChanged.
    """
    _check_right(version.area, by)
    _check_day(version, timezone.localdate(at))
    base = version.based_on
    if base and base.area_id == version.area_id and _same_rules(base, version):
        raise NothingChanged
    version.state, version.author, version.created_at = State.WAITING, by, at
    try:
        with transaction.atomic():
            version.save(force_insert=True)
    except IntegrityError as error:
        if violated(error) == "ledger_policy_has_one_version_a_day":
            raise VersionExists from error
        raise
    return version


@transaction.atomic
def approve(version: Policy, *, by: User, at: datetime) -> Policy:
    """Put the version into force from its day on.

    Raises PermissionDenied, OwnEntry, NotWaiting, InThePast (its day has come and gone meanwhile),
    InAClosedMonth.
    """
    version = _locked(version, by)
    _check_day(version, timezone.localdate(at))
    version.approver = by
    return _decided(version, State.APPROVED, at)


@transaction.atomic
def send_back(version: Policy, *, by: User, at: datetime, reason: str) -> Policy:
    """Refuse the version and say why. Raises PermissionDenied, OwnEntry, NotWaiting."""
    version = _locked(version, by)
    version.approver = by
    version.return_reason = reason
    return _decided(version, State.RETURNED, at)


@transaction.atomic
def withdraw(version: Policy, *, by: User, at: datetime) -> Policy:
    """Take back what one proposed. Raises PermissionDenied (somebody else), NotWaiting."""
    version = Policy.objects.select_for_update(of=("self",)).get(pk=version.pk)
    if version.author_id != by.pk:
        raise PermissionDenied
    if version.state != State.WAITING:
        raise NotWaiting
    return _decided(version, State.WITHDRAWN, at)


def may_propose(area: Area | None, *, by: User) -> bool:
    """Whether the user writes rules of the area; those that hold everywhere are the installer's."""
    return access.may_change_reference(by, area) if area else by.is_superuser


def may_decide(version: Policy, *, by: User) -> bool:
    """Whether a page offers to approve the version or to send it back."""
    mine = version.author_id == by.pk
    return version.state == State.WAITING and not mine and may_propose(version.area, by=by)


def _check_right(area: Area | None, by: User) -> None:
    if not may_propose(area, by=by):
        raise PermissionDenied


def _check_day(version: Policy, today: date) -> None:
    """Only the very first version of an area may begin in the past, and no closed month changes."""
    others = Policy.objects.filter(area=version.area, state__in=[State.WAITING, State.APPROVED])
    if version.effective_from < today and others.exclude(pk=version.pk).exists():
        raise InThePast
    closed = Period.objects.filter(closed_through__gte=version.effective_from)
    if version.area:
        closed = closed.filter(community__path__startswith=version.area.path)
    if closed.exists():
        raise InAClosedMonth


def _same_rules(one: Policy, other: Policy) -> bool:
    return all(getattr(one, field.attname) == getattr(other, field.attname) for field in rules())


def _locked(version: Policy, by: User) -> Policy:
    version = (
        Policy.objects.select_for_update(of=("self",)).select_related("area").get(pk=version.pk)
    )
    _check_right(version.area, by)
    if version.author_id == by.pk:
        raise OwnEntry
    if version.state != State.WAITING:
        raise NotWaiting
    return version


def _decided(version: Policy, state: State, at: datetime) -> Policy:
    version.state = state
    version.decided_at = at
    version.save(update_fields=["state", "approver", "decided_at", "return_reason"])
    return version
