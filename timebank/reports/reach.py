"""Which areas' reports somebody may read."""

from django.db.models import Q, QuerySet

from members import access
from members.models import Area, User


def readable_areas(user: User) -> QuerySet[Area]:
    """The areas whose reports the user reads: where they check, coordinate, administer or audit.

    Narrower than `Area.objects.visible_to`: a clerk sees an area and reads no reports of it.
    """
    if not access.may_read_reports(user):
        return Area.objects.none()
    if user.is_superuser:
        return Area.objects.order_by("path")
    reach = Q(pk__in=[])
    for path in user.roles.filter(role__in=access.READERS).values_list("area__path", flat=True):
        reach |= Q(path__startswith=path)
    return Area.objects.filter(reach).order_by("path")
