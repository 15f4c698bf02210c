"""Which months are closed and which can be, of many communities at once."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Max, OuterRef, QuerySet, Subquery
from django.urls import reverse

from ledger.models import Period
from members.models import Area
from services.models import MonthClosing


@dataclass(frozen=True)
class Line:
    """A community, its last closed day, and the month to be closed next, if it is over.

    `asked` is set while that month waits for a second person.
    """

    area: Area
    closed_through: date | None
    month: date | None
    asked: MonthClosing | None

    @property
    def url(self) -> str:
        return self._page(self.month) if self.month else ""

    @property
    def closed_url(self) -> str:
        return self._page(self.closed_through) if self.closed_through else ""

    def _page(self, day: date) -> str:
        return reverse("admin:month", args=[self.area.code, f"{day:%Y-%m}"])


def lines(communities: QuerySet[Area], *, on: date) -> list[Line]:
    """In the order of the areas' paths; two queries for any number of them."""
    periods = Period.objects.filter(community=OuterRef("pk")).values("community")
    last = periods.annotate(last=Max("closed_through")).values("last")
    places = list(communities.annotate(closed=Subquery(last)).order_by("path"))
    waiting = MonthClosing.objects.waiting().filter(area__in=places).select_related("author")
    asked = {(one.area_id, one.month): one for one in waiting}
    found = []
    for place in places:
        month = due(place.closed, on=on)
        found.append(Line(place, place.closed, month, asked.get((place.pk, month))))
    return found


def due(closed: date | None, *, on: date) -> date | None:
    """The first day of the next month to close, after the last closed day; None while it runs."""
    last = on.replace(day=1) - timedelta(days=1)
    if closed is None:
        return last.replace(day=1)
    return closed + timedelta(days=1) if closed < last else None
