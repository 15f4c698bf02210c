"""Who was together lately: those whom a clerk is likely to mean next."""

from members.models import Member, User
from services.models import Visit

LOOK_BACK = 40
NOT_UNDONE = (Visit.State.COMPLETED, Visit.State.CONFIRMED)


def elders_of(volunteer: Member) -> list[int]:
    """Keys of the elders whom the volunteer visited, the last one first."""
    visits = volunteer.visits_given.filter(state__in=NOT_UNDONE).order_by("-service_date", "-pk")
    return list(dict.fromkeys(visits.values_list("elder", flat=True)[:LOOK_BACK]))


def volunteers_of(clerk: User) -> list[int]:
    """Keys of the volunteers whose visits the clerk entered, the last one first."""
    visits = Visit.objects.filter(entered_by=clerk).order_by("-entered_at", "-pk")
    return list(dict.fromkeys(visits.values_list("volunteer", flat=True)[:LOOK_BACK]))
