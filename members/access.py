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
TWO_FACTORS = APPROVERS  # who may be the second person is shown to be that person


Visitor = User | AnonymousUser


def is_staff(user: Visitor) -> bool:
    """Whether the user works here: no member, and at least one role (or the whole installation)."""
    if isinstance(user, AnonymousUser) or not user.is_active or user.member_id is not None:
        return False
    return user.is_superuser or bool(user.reach())


def needs_second_factor(user: Visitor) -> bool:
    """Whether a password alone does not do: who approves or administers."""
    return _has(user, *TWO_FACTORS)


def may_log(user: Visitor, area: Area | None = None) -> bool:
    """Whether the user enters visits and people: of `area`, or of any when none is given."""
    return _has(user, *WRITERS, area=area)


def areas_to_log(user: User) -> QuerySet[Area]:
    """The areas of which the user enters visits; an auditor's reach alone gives none."""
    return _areas(user, *WRITERS)


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


def may_change_common(user: Visitor) -> bool:
    """Whether the user edits what holds in every area, as categories and holidays do.

    The menu of the administration asks for each of its pages: it is looked up once for a request.
    """
    if not may_change_reference(user):
        return False
    assert isinstance(user, User)
    if "_may_change_common" not in vars(user):
        others = Area.objects.exclude(pk__in=administered(user))
        vars(user)["_may_change_common"] = not others.exists()
    return bool(vars(user)["_may_change_common"])


def administered(user: User) -> QuerySet[Area]:
    """The areas in which the user edits; fewer than they see, who is a clerk elsewhere."""
    return _areas(user, Role.ADMINISTRATOR)


def staff_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For views that are for staff: members get the page for 403."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not is_staff(request.user):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


def _areas(user: User, *roles: str) -> QuerySet[Area]:
    """The areas over which the user holds one of the roles, with all below them."""
    if not _has(user, *roles):
        return Area.objects.none()
    if user.is_superuser:
        return Area.objects.all()
    within = Q(pk__in=[])
    for path in user.reach(*roles):
        within |= Q(path__startswith=path)
    return Area.objects.filter(within)


def _has(user: Visitor, *roles: str, area: Area | None = None) -> bool:
    """A superuser set the installation up and may what an administrator may."""
    if isinstance(user, AnonymousUser) or not user.is_active or user.member_id is not None:
        return False
    return user.is_superuser or user.has_role(*roles, area=area)
