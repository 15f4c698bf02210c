"""Who was together lately: those whom a clerk is likely to mean next."""

from django.db.models import QuerySet

from members.models import Member, User
from services.models import Visit

LOOK_BACK = 40
NOT_UNDONE = (Visit.State.COMPLETED, Visit.State.CONFIRMED)


def elders_of(volunteer: Member) -> QuerySet:
    """The elders of the volunteer's last visits, the last one first, as often as there were any."""
    visits = volunteer.visits_given.filter(state__in=NOT_UNDONE).order_by("-service_date", "-pk")
    return visits.values("elder")[:LOOK_BACK]


def volunteers_of(clerk: User) -> QuerySet:
    """The volunteers of the visits that the clerk entered last, the last one first."""
    visits = Visit.objects.filter(entered_by=clerk).order_by("-entered_at", "-pk")
    return visits.values("volunteer")[:LOOK_BACK]
