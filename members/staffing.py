"""Giving and taking the roles of staff: within one's areas, never one's own, never the last one.

Roles are read anew with each request, so what is taken is gone with the next page. That an area
keeps an administrator is guarded by the database too, at the end of each transaction.
"""

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from members import access
from members.models import Area, StaffRole, User
from members.refusals import Refusal

Role = StaffRole.Role


class OutOfReach(Refusal):
    sentence = _("You give and take roles in the areas that you administer, nowhere else.")


class OwnRole(Refusal):
    sentence = _("Nobody changes their own roles. Ask another administrator.")


class OwnAccount(Refusal):
    sentence = _("Nobody closes their own account. Ask another administrator.")


class LastAdministrator(Refusal):
    sentence = _("The area would have no administrator. Make somebody else one first.")


@transaction.atomic
def give(user: User, *, role: str, area: Area, by: User) -> StaffRole:
    """Give the user a role in the area. Raises OutOfReach, OwnRole; a role is given once."""
    _check(user, area, by)
    return StaffRole.objects.create(user=user, role=role, area=area)


@transaction.atomic
def change(held: StaffRole, *, role: str, area: Area, by: User) -> StaffRole:
    """Make another role of it. Raises OutOfReach, OwnRole, LastAdministrator."""
    held = _locked(held, by)
    before, place = held.role, held.area
    _check(held.user, area, by)
    held.role, held.area = role, area
    held.save(update_fields=["role", "area"])
    _keep_an_administrator([place] if before == Role.ADMINISTRATOR else [])
    return held


@transaction.atomic
def take(held: StaffRole, *, by: User) -> None:
    """Take the role away. Raises OutOfReach, OwnRole, LastAdministrator."""
    held = _locked(held, by)
    place, was = held.area, held.role
    held.delete()
    _keep_an_administrator([place] if was == Role.ADMINISTRATOR else [])


@transaction.atomic
def let_go(user: User, *, by: User) -> None:
    """Close the account: its owner signs in no more. Raises OwnAccount, LastAdministrator."""
    if user == by:
        raise OwnAccount
    lock_the_tree()
    User.objects.filter(pk=user.pk).update(is_active=False)
    if is_missed(user):
        raise LastAdministrator


def is_missed(user: User) -> bool:
    """Whether an area that the user administers has no other administrator who signs in."""
    held = StaffRole.objects.filter(user=user, role=Role.ADMINISTRATOR).select_related("area")
    return not all(_administrators(role.area).exclude(user=user).exists() for role in held)


def lock_the_tree() -> None:
    """One at a time: two administrators who take each other's role would leave none."""
    list(Area.objects.select_for_update(no_key=True).filter(parent=None).order_by("pk"))


def _check(user: User, area: Area, by: User) -> None:
    if not access.may_change_reference(by, area):
        raise OutOfReach
    if user == by and not by.is_superuser:
        raise OwnRole


def _locked(held: StaffRole, by: User) -> StaffRole:
    """The role as it stands, for who may touch it; of two at once the second waits."""
    lock_the_tree()
    held = StaffRole.objects.select_related("user", "area").get(pk=held.pk)
    _check(held.user, held.area, by)
    return held


def _keep_an_administrator(areas: list[Area]) -> None:
    """Raises LastAdministrator when nobody who signs in administers one of the areas any more."""
    if not all(_administrators(area).exists() for area in areas):
        raise LastAdministrator


def _administrators(area: Area) -> QuerySet[StaffRole]:
    """The roles of those who sign in and administer the area, at it or above it."""
    above = Q(pk__in=[])
    steps = area.path.rstrip("/").split("/")
    for length in range(1, len(steps) + 1):
        above |= Q(area__path="/".join(steps[:length]) + "/")
    return StaffRole.objects.filter(above, role=Role.ADMINISTRATOR, user__is_active=True)
