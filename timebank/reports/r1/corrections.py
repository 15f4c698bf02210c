"""What was recorded about a month after it was closed: it counts later, and names the month."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger.models import Transfer
from services.models import Visit
from timebank.reports.split import Split

LATE = _("visit recorded late")
UNDONE = _("visit undone")


@dataclass(frozen=True)
class Correction:
    """One row: the closed month it is about, the day on which it counts, signed minutes.

    `visit` is None for a movement of hours that is no visit's.
    """

    month: date
    counted_on: date
    what: str | Promise
    visit: Visit | None
    served_minutes: int
    banked_minutes: int


def recorded_in(split: Split) -> list[Correction]:
    """What counts in the period, and is about months that were closed before."""
    if not split.has_closed_months:
        return []
    days = (split.period.start, split.period.end)
    visits = _visits(split.communities)
    return _listed(
        visits.filter(_COUNTED, counted_on__range=days),
        visits.filter(taken_back_on__range=days),
        _movements(split.communities).filter(effective_on__range=days),
    )


def about(split: Split) -> list[Correction]:
    """What was recorded about the months of the period, and counts after it."""
    days, end = (split.period.start, split.period.end), split.period.end
    visits = _visits(split.communities).annotate(counts=Visit.counting_day)
    return _listed(
        visits.filter(_COUNTED, counted_on__gt=end, service_date__range=days),
        visits.filter(taken_back_on__gt=end, counts__range=days),
        _movements(split.communities).filter(relates_to__range=days, effective_on__gt=end),
    )


_COUNTED = Q(state=Visit.State.CONFIRMED) | Q(taken_back_on__isnull=False)


def _visits(communities: Collection[int]) -> QuerySet[Visit]:
    visits = Visit.objects.filter(area__in=communities).select_related("volunteer", "elder")
    return visits.order_by("service_date", "pk")


def _movements(communities: Collection[int]) -> QuerySet[Transfer]:
    """Late movements of hours, without those of visits and without the undoing of visits."""
    of_a_visit = Visit.objects.filter(area=OuterRef("community"), journal=OuterRef("journal"))
    original = Transfer.objects.filter(
        Exists(of_a_visit), community=OuterRef("community"), id=OuterRef("reverses")
    )
    return Transfer.objects.filter(
        ~Exists(of_a_visit), ~Exists(original), community__in=communities, relates_to__isnull=False
    ).order_by("relates_to", "community", "id")


def _listed(
    late: QuerySet[Visit], undone: QuerySet[Visit], movements: QuerySet[Transfer]
) -> list[Correction]:
    found = [_of_visit(visit, LATE, visit.service_date, visit.counted_on, 1) for visit in late]
    for visit in undone:
        counted = visit.counted_on or visit.service_date
        found.append(_of_visit(visit, UNDONE, counted, visit.taken_back_on, -1))
    for transfer in movements:
        words = transfer.get_kind_display()
        month = (transfer.relates_to or transfer.effective_on).replace(day=1)
        found.append(Correction(month, transfer.effective_on, words, None, 0, transfer.amount))
    return sorted(found, key=lambda one: (one.month, one.counted_on))


def _of_visit(
    visit: Visit, what: str | Promise, day: date, counted_on: date | None, sign: int
) -> Correction:
    return Correction(
        day.replace(day=1),
        counted_on or day,
        what,
        visit,
        sign * visit.served_minutes,
        sign * visit.banked_minutes,
    )
