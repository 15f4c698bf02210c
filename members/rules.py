"""New versions of the rules of eligibility: written by one administrator, approved by another."""

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from members import access, refusals
from members.models import Area, EligibilityRules, User


def propose(version: EligibilityRules, *, by: User, at: datetime) -> EligibilityRules:
    """Write a version down; it holds once another administrator has approved it.

    `version` is not saved yet. Raises PermissionDenied, InThePast.
    """
    if not may_propose(version.area, by=by):
        raise PermissionDenied
    _check_day(version, at)
    version.author, version.created_at = by, at
    version.approver = version.approved_at = None
    version.save(force_insert=True)
    return version


@transaction.atomic
def approve(version: EligibilityRules, *, by: User, at: datetime) -> EligibilityRules:
    """Put the version into force from its day on; what was decided before stays as it is.

    Raises PermissionDenied, OwnEntry, NotWaiting, InThePast (its day has passed meanwhile).
    """
    found = EligibilityRules.objects.select_for_update(of=("self",)).select_related("area")
    version = found.get(pk=version.pk)
    if not may_propose(version.area, by=by):
        raise PermissionDenied
    if version.is_in_force_later:
        raise refusals.NotWaiting
    if version.author_id == by.pk:
        raise refusals.OwnEntry
    _check_day(version, at)
    version.approver, version.approved_at = by, at
    version.save(update_fields=["approver", "approved_at"])
    return version


def may_propose(area: Area | None, *, by: User) -> bool:
    """Whether the user writes rules of the area; those that hold everywhere are the installer's."""
    return access.may_change_reference(by, area) if area else by.is_superuser


def _check_day(version: EligibilityRules, at: datetime) -> None:
    """Nothing that was decided changes: rules do not hold for days that have passed."""
    if version.effective_from < timezone.localdate(at):
        raise refusals.InThePast
