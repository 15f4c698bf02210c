"""Who may do what: the questions that pages ask, answered from the roles of StaffRole.

An auditor reads everything and changes nothing; a member (who has no role) sees only themselves.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse

from members.models import Area, StaffRole, User

Role = StaffRole.Role
WRITERS = (Role.CLERK, Role.CHECKER, Role.COORDINATOR, Role.ADMINISTRATOR)
APPROVERS = (Role.CHECKER, Role.COORDINATOR, Role.ADMINISTRATOR)
READERS = (*APPROVERS, Role.AUDITOR)


Visitor = User | AnonymousUser


def is_staff(user: Visitor) -> bool:
    """Whether the user works here: no member, and at least one role (or the whole installation)."""
    if isinstance(user, AnonymousUser) or not user.is_active or user.member_id is not None:
        return False
    return user.is_superuser or bool(user.reach())


def may_log(user: Visitor, area: Area | None = None) -> bool:
    """Whether the user enters visits and people: of `area`, or of any when none is given."""
    return _has(user, *WRITERS, area=area)


def areas_to_log(user: Visitor) -> list[Area]:
    """The areas of which the user enters visits; an auditor's reach alone gives none."""
    return [area for area in Area.objects.visible_to(user) if may_log(user, area)]


def may_approve(user: Visitor, area: Area) -> bool:
    """Whether the user may be the second person over entries of `area`."""
    return _has(user, *APPROVERS, area=area)


def may_unmask(user: Visitor, area: Area) -> bool:
    """Whether the user may see masked values of people of `area` whole, for a reason."""
    return _has(user, *WRITERS, area=area)


def may_read_reports(user: Visitor) -> bool:
    return _has(user, *READERS)


def may_administer(user: Visitor) -> bool:
    """Whether the administration's pages open: to administrators, and to auditors for reading."""
    return _has(user, Role.ADMINISTRATOR, Role.AUDITOR)


def may_change_reference(user: Visitor, area: Area | None = None) -> bool:
    """Whether the user edits areas, accounts and roles, in `area` when one is given."""
    return _has(user, Role.ADMINISTRATOR, area=area)


def administered(user: User) -> QuerySet[Area]:
    """The areas in which the user edits; fewer than they see, who is a clerk elsewhere."""
    if user.is_superuser:
        return Area.objects.all()
    within = Q(pk__in=[])
    for path in user.roles.filter(role=Role.ADMINISTRATOR).values_list("area__path", flat=True):
        within |= Q(path__startswith=path)
    return Area.objects.filter(within)


def staff_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For views that are for staff: members get the page for 403."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not is_staff(request.user):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


def _has(user: Visitor, *roles: str, area: Area | None = None) -> bool:
    """A superuser set the installation up and may what an administrator may."""
    if isinstance(user, AnonymousUser) or not user.is_active or user.member_id is not None:
        return False
    return user.is_superuser or user.has_role(*roles, area=area)
