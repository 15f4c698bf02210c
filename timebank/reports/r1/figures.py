"""The figures of R1.

Counts visits that are confirmed and not undone, by the day of the service, or by the first open day
where the month of the service was closed. All times are minutes.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date

from django.db.models import Count, F, QuerySet, Sum
from django.db.models.expressions import Combinable

from members.models import Area
from services.models import Category, MonthClosing, Visit
from timebank.reports import hours, people
from timebank.reports.periods import Period
from timebank.reports.r1 import corrections
from timebank.reports.r1.corrections import Correction
from timebank.reports.split import Row, Split

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
class Movements:
    """What changed the balances between the beginning and the end of a row, each kind less what was
    reversed of it; `given`, `inherited` and `joined` (with another record of the same person) went
    from one time account to another and changed neither sum.

    `reversed` is what was booked back, of every kind. `pool_cover` is in `Figures`, as are the
    banked minutes and the closing balances.
    """

    opening_member_balance_minutes: int = 0
    opening_pool_balance_minutes: int = 0
    donated_later_minutes: int = 0
    redeemed_minutes: int = 0
    given_minutes: int = 0
    granted_minutes: int = 0
    grant_expired_minutes: int = 0
    brought_over_minutes: int = 0
    moved_in_minutes: int = 0
    moved_out_minutes: int = 0
    closed_minutes: int = 0
    inherited_minutes: int = 0
    made_up_minutes: int = 0
    joined_minutes: int = 0
    reversed_minutes: int = 0

    def add(self, other: "Movements", *, is_first: bool) -> None:
        """Add those of another row; its opening balances only where it begins the period."""
        for name, minutes in asdict(other).items():
            if is_first or not name.startswith("opening_"):
                setattr(self, name, getattr(self, name) + minutes)


@dataclass
class Figures:
    """One row of the report. Balances are those at the end of the row's period.

    `movements` is None for months that were closed before such figures were stored.
    """

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
    movements: Movements | None = field(default_factory=Movements)

    def count(self, persons: people.Persons) -> None:
        """Set the figures that count persons."""
        elders = persons.elders.values()
        self.active_volunteers = len(persons.active)
        self.elders_served = len(elders)
        self.elders_served_80_plus_alone_or_empty_nest = sum(e.is_rule_a for e in elders)
        self.elders_without_birth_date = sum(e.is_without_birth_date for e in elders)
        self.elders_served_rule_b = sum(e.is_rule_b for e in elders)

    @property
    def ledger_difference_minutes(self) -> int:
        """Nought, unless visits and ledger tell different stories."""
        return self.banked_minutes - self.ledger_banked_minutes

    @property
    def balance_difference_minutes(self) -> int | None:
        """Closing balance of the time accounts, less the opening one and all that moved: nought.

        None where the movements are not stored; `pool_difference_minutes` says it of the pool.
        """
        if self.movements is None:
            return None
        m = self.movements
        came = m.brought_over_minutes + m.granted_minutes + m.moved_in_minutes + m.made_up_minutes
        went = m.redeemed_minutes + m.donated_later_minutes + m.grant_expired_minutes
        went += m.moved_out_minutes + m.closed_minutes
        moved = self.ledger_banked_minutes + came - went
        return self.member_balance_minutes - m.opening_member_balance_minutes - moved

    @property
    def pool_difference_minutes(self) -> int | None:
        """The same of the public pool."""
        if self.movements is None:
            return None
        m = self.movements
        came = self.donated_minutes + self.overflow_minutes
        came += m.grant_expired_minutes + m.closed_minutes
        went = self.pool_cover_minutes + m.granted_minutes
        return self.pool_balance_minutes - m.opening_pool_balance_minutes - came + went


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
    # Recorded in this period about months closed before it; where the period itself is closed,
    # how that came about, and what was recorded about it later.
    corrections: list[Correction]
    closings: list[MonthClosing] = field(default_factory=list)
    later: list[Correction] = field(default_factory=list)
    # The last of its closed months that was stored before movements were.
    without_movements: date | None = None


def counted(split: Split, area: Area) -> R1:
    """The figures as visits and ledger tell them now."""
    period = split.period
    in_area = Visit.objects.filter(area__in=split.communities)
    of_period = in_area.filter(service_date__range=(period.start, period.end))
    tally = Tally(split)
    tally.fill()
    undone = of_period.filter(state=Visit.State.REVERSED, taken_back_on=None)
    return R1(
        area=area,
        period=period,
        is_by_month=split.is_by_month,
        total=tally.total,
        rows=tally.filled_rows(),
        by_category=categories(tally.by_category),
        undone=undone_visits(undone),
        waiting=of_period.waiting().count(),
        corrections=corrections.recorded_in(split),
    )


def undone_visits(visits: QuerySet[Visit]) -> list[Visit]:
    return list(visits.select_related("volunteer", "elder").order_by("service_date", "pk"))


def categories(sums: Mapping[str, Sequence[int]]) -> list[CategoryFigures]:
    """Every category that there is, in its order, also those that nobody asked for."""
    return [
        CategoryFigures(category, *sums.get(category.pk, (0, 0, 0)))
        for category in Category.objects.order_by("position", "pk")
    ]


class Tally:
    """The rows and the total while they are being filled, one query a step.

    `persons` are those behind the counts of each row, `by_category` the visits, served and banked
    minutes of each category.
    """

    def __init__(self, split: Split):
        self.split = split
        self.total = Figures()
        self.rows = {row.key: Figures() for row in split.rows}
        self.persons = {row.key: people.Persons() for row in split.rows}
        self.by_category: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        days = (split.period.start, split.period.end)
        visits = Visit.objects.filter(area__in=split.communities)
        self.visits = visits.counted_in(*days)
        self.taken_back = visits.filter(taken_back_on__range=days)

    def fill(self) -> None:
        self.add_registrations()
        self.add_persons()
        self.add_reasons(1, self.visits, Visit.counting_day)
        self.add_categories(1, self.visits)
        if self.split.has_closed_months:
            self.take_back()
            self.add_reasons(-1, self.taken_back, F("taken_back_on"))
            self.add_categories(-1, self.taken_back)
        self.add_ledger()
        self.add_up()

    def filled_rows(self) -> list[tuple[Row, Figures]]:
        """All rows, without the one of the area itself when nobody belongs to it directly."""
        filled = [(row, self.rows[row.key]) for row in self.split.rows]
        return [(row, figures) for row, figures in filled if row.code or figures != Figures()]

    def add_up(self) -> None:
        """What happens at one time and place: the rows make up the total; persons count once."""
        for name in ADDITIVE:
            setattr(self.total, name, sum(getattr(row, name) for row in self.rows.values()))
        everybody = people.Persons()
        for key, persons in self.persons.items():
            self.rows[key].count(persons)
            everybody.add(persons)
        self.total.count(everybody)

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

    def add_persons(self) -> None:
        for key, volunteers in people.active_volunteers(self.visits, self.split).items():
            self.persons[key].active |= volunteers
        parts = list(people.served(self.visits, self.split))
        rules = people.Elders({part.elder for part in parts})
        for part in parts:
            row = self.rows[part.key]
            row.visits += part.visits
            row.served_minutes += part.served_minutes
            row.bankable_minutes += part.bankable_minutes
            row.banked_minutes += part.banked_minutes
            standing = rules.standing(part.elder, part.first, part.last)
            self.persons[part.key].serve(part.elder, standing)

    def take_back(self) -> None:
        """Visits of closed months that were undone: their persons were there all the same."""
        sums = (
            self.taken_back.order_by()
            .values_list(self.split.bucket("taken_back_on"))
            .annotate(
                Count("pk"), Sum("served_minutes"), Sum("bankable_minutes"), Sum("banked_minutes")
            )
        )
        for bucket, visits, served, bankable, banked in sums:
            row = self.rows[self.split.key(bucket)]
            row.visits -= visits
            row.served_minutes -= served
            row.bankable_minutes -= bankable
            row.banked_minutes -= banked

    def add_reasons(self, sign: int, visits: QuerySet[Visit], day: Combinable) -> None:
        """Minutes by reason; visits with the very same reasons and minutes are counted together."""
        groups = (
            visits.exclude(not_banked={})
            .order_by()
            .values_list(self.split.bucket(day), "not_banked")
            .annotate(Count("pk"))
        )
        for bucket, reasons, number in groups:
            for figures in (self.rows[self.split.key(bucket)], self.total):
                for reason, minutes in reasons.items():
                    so_far = figures.not_banked_minutes.get(reason, 0)
                    figures.not_banked_minutes[reason] = so_far + sign * minutes * number

    def add_categories(self, sign: int, visits: QuerySet[Visit]) -> None:
        sums = (
            visits.order_by()
            .values_list("category")
            .annotate(Count("pk"), Sum("served_minutes"), Sum("banked_minutes"))
        )
        for code, *amounts in sums:
            of_category = self.by_category[code]
            for index, amount in enumerate(amounts):
                of_category[index] += sign * amount

    def add_ledger(self) -> None:
        for key, flows in hours.flows(self.split).items():
            row = self.rows[key]
            row.donated_minutes = flows.donated
            row.overflow_minutes = flows.overflowed
            row.pool_cover_minutes = flows.covered_by_pool
            row.ledger_banked_minutes = flows.banked
            row.movements = _movements(flows)
        balances, of_the_period = hours.balances(self.split)
        for key, of_the_row in balances.items():
            _set_balances(self.rows[key], of_the_row)
        self.total.movements = Movements()
        for row in self.rows.values():
            self.total.movements.add(row.movements or Movements(), is_first=False)
        _set_balances(self.total, of_the_period)


def _movements(flows: hours.Flows) -> Movements:
    return Movements(
        donated_later_minutes=flows.donated - flows.donated_when_earned,
        redeemed_minutes=flows.redeemed,
        given_minutes=flows.given,
        granted_minutes=flows.granted,
        grant_expired_minutes=flows.grants_expired,
        brought_over_minutes=flows.brought_over,
        moved_in_minutes=flows.moved_in,
        moved_out_minutes=flows.moved_out,
        closed_minutes=flows.closed_to_pool,
        inherited_minutes=flows.closed_to_heirs,
        made_up_minutes=flows.made_up,
        joined_minutes=flows.joined,
        reversed_minutes=flows.reversed,
    )


def _set_balances(figures: Figures, balances: hours.Balances) -> None:
    figures.member_balance_minutes = balances.closing.members
    figures.pool_balance_minutes = balances.closing.pool
    figures.outstanding_minutes = balances.closing.outstanding
    if figures.movements is not None:
        figures.movements.opening_member_balance_minutes = balances.opening.members
        figures.movements.opening_pool_balance_minutes = balances.opening.pool
