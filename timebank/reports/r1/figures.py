"""The figures of R1.

Counts visits that are confirmed and not undone, by the day of the service. All times are minutes.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Count, QuerySet, Sum

from members.models import Area
from services.models import Category, Visit
from timebank.reports import hours, people
from timebank.reports.periods import Period
from timebank.reports.split import Key, Row, Split

# Figures that count persons, who may stand in several rows and count once in the total.
PERSONS = (
    "active_volunteers",
    "elders_served",
    "elders_served_80_plus_alone_or_empty_nest",
    "elders_served_rule_b",
)


# Figures of which every part stands in exactly one row.
ADDITIVE = (
    "visits",
    "served_minutes",
    "bankable_minutes",
    "banked_minutes",
    "donated_minutes",
    "overflow_minutes",
    "pool_cover_minutes",
    "ledger_banked_minutes",
)


@dataclass
class Figures:
    """One row of the report. Balances are those at the end of the row's period."""

    volunteers: int = 0
    new_volunteers: int = 0
    active_volunteers: int = 0
    elders_registered: int = 0
    elders_served: int = 0
    elders_served_80_plus_alone_or_empty_nest: int = 0
    elders_without_birth_date: int = 0
    elders_served_rule_b: int = 0
    visits: int = 0
    served_minutes: int = 0
    bankable_minutes: int = 0
    banked_minutes: int = 0
    donated_minutes: int = 0
    overflow_minutes: int = 0
    pool_cover_minutes: int = 0
    member_balance_minutes: int = 0
    pool_balance_minutes: int = 0
    outstanding_minutes: int = 0
    ledger_banked_minutes: int = 0
    not_banked_minutes: dict[str, int] = field(default_factory=dict)

    @property
    def ledger_difference_minutes(self) -> int:
        """Nought, unless visits and ledger tell different stories."""
        return self.banked_minutes - self.ledger_banked_minutes


@dataclass
class CategoryFigures:
    category: Category
    visits: int
    served_minutes: int
    banked_minutes: int


@dataclass
class R1:
    area: Area
    period: Period
    is_by_month: bool
    total: Figures
    rows: list[tuple[Row, Figures]]
    by_category: list[CategoryFigures]
    undone: list[Visit]
    waiting: int


def figures(area: Area, period: Period) -> R1:
    split = Split(area, period)
    of_period = Visit.objects.filter(
        area__in=split.communities, service_date__range=(period.start, period.end)
    )
    visits = of_period.standing()
    tally = _Tally(split)
    tally.add_registrations()
    tally.add_persons(visits)
    tally.add_reasons(visits)
    tally.add_ledger()
    tally.add_up()
    undone = of_period.filter(state=Visit.State.REVERSED).select_related("volunteer", "elder")
    return R1(
        area=area,
        period=period,
        is_by_month=split.is_by_month,
        total=tally.total,
        rows=tally.filled_rows(),
        by_category=_by_category(visits),
        undone=list(undone.order_by("service_date", "pk")),
        waiting=of_period.waiting().count(),
    )


class _Tally:
    """The rows and the total while they are being filled, one query a step."""

    def __init__(self, split: Split):
        self.split = split
        self.total = Figures()
        self.rows = {row.key: Figures() for row in split.rows}

    def filled_rows(self) -> list[tuple[Row, Figures]]:
        """All rows, without the one of the area itself when nobody belongs to it directly."""
        filled = [(row, self.rows[row.key]) for row in self.split.rows]
        return [(row, figures) for row, figures in filled if row.code or figures != Figures()]

    def add_up(self) -> None:
        """What happens at one time and place: the rows make up the total."""
        for name in ADDITIVE:
            setattr(self.total, name, sum(getattr(row, name) for row in self.rows.values()))

    def add_registrations(self) -> None:
        for area, day, number in people.registrations("volunteer", self.split):
            for figures, period in self._of_area(area):
                figures.volunteers += number * (day <= period.end)
                figures.new_volunteers += number * (period.start <= day <= period.end)
        for area, day, number in people.registrations("elder", self.split):
            for figures, period in self._of_area(area):
                figures.elders_registered += number * (day <= period.end)

    def _of_area(self, area: int) -> Iterable[tuple[Figures, Period]]:
        yield self.total, self.split.period
        for row in self.split.rows:
            if area in row.communities:
                yield self.rows[row.key], row.period

    def add_persons(self, visits: QuerySet[Visit]) -> None:
        active = people.active_volunteers(visits, self.split)
        for key, volunteers in active.items():
            self.rows[key].active_volunteers = len(volunteers)
        self.total.active_volunteers = len(set().union(*active.values()))
        elders: dict[int, list[people.Served]] = defaultdict(list)
        for part in people.served(visits, self.split):
            row = self.rows[part.key]
            row.visits += part.visits
            row.served_minutes += part.served_minutes
            row.bankable_minutes += part.bankable_minutes
            row.banked_minutes += part.banked_minutes
            elders[part.elder].append(part)
        rules = people.Elders(set(elders))
        for elder, parts in elders.items():
            self._add_elder(elder, parts, rules)

    def _add_elder(self, elder: int, parts: list[people.Served], rules: people.Elders) -> None:
        """Count the elder once in the total and once in each row, which may get several parts."""
        by_row: dict[Key, list[people.Served]] = defaultdict(list)
        for part in parts:
            by_row[part.key].append(part)
        for figures, found in [
            *((self.rows[key], found) for key, found in by_row.items()),
            (self.total, parts),
        ]:
            first, last = min(part.first for part in found), max(part.last for part in found)
            standing = rules.standing(elder, first, last)
            figures.elders_served += 1
            figures.elders_served_80_plus_alone_or_empty_nest += standing.is_rule_a
            figures.elders_without_birth_date += standing.is_without_birth_date
            figures.elders_served_rule_b += standing.is_rule_b

    def add_reasons(self, visits: QuerySet[Visit]) -> None:
        """Minutes by reason; visits with the very same reasons and minutes are counted together."""
        groups = (
            visits.exclude(not_banked={})
            .order_by()
            .values_list(self.split.bucket("service_date"), "not_banked")
            .annotate(Count("pk"))
        )
        for bucket, reasons, number in groups:
            for figures in (self.rows[self.split.key(bucket)], self.total):
                for reason, minutes in reasons.items():
                    so_far = figures.not_banked_minutes.get(reason, 0)
                    figures.not_banked_minutes[reason] = so_far + minutes * number

    def add_ledger(self) -> None:
        for key, flows in hours.flows(self.split).items():
            row = self.rows[key]
            row.donated_minutes = flows.donated
            row.overflow_minutes = flows.overflowed
            row.pool_cover_minutes = flows.covered_by_pool
            row.ledger_banked_minutes = flows.banked
        balances, at_the_end = hours.closing_balances(self.split)
        for key, closing in balances.items():
            self._set_balances(self.rows[key], closing)
        self._set_balances(self.total, at_the_end)

    def _set_balances(self, figures: Figures, closing: hours.Closing) -> None:
        figures.member_balance_minutes = closing.members
        figures.pool_balance_minutes = closing.pool
        figures.outstanding_minutes = closing.outstanding


def _by_category(visits: QuerySet[Visit]) -> list[CategoryFigures]:
    """Every category that there is, in its order, also those that nobody asked for."""
    sums = (
        visits.order_by()
        .values_list("category")
        .annotate(Count("pk"), Sum("served_minutes"), Sum("banked_minutes"))
    )
    by_code = {code: amounts for code, *amounts in sums}
    return [
        CategoryFigures(category, *by_code.get(category.pk, (0, 0, 0)))
        for category in Category.objects.order_by("position", "pk")
    ]
