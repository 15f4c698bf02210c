"""What would have changed last month under a new version of the rules.

Every visit that counts is credited twice, under the rules that hold and under the new ones, with
the same facts. Volunteers are taken a few hundred at a time, so that memory does not grow with an
area; where either version limits what the public pool gives, visits are taken day after day, as
each leaves less for the next. What a visit was measured as is not kept: its served minutes stand
for that.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.models import Policy, Transfer, TransferKind
from ledger.policy import Credit, Reason, VisitFacts, credit
from members import eligibility, kinship
from members.models import Area, Kinship
from services import workdays
from services.models import Visit
from timebank.policies.pools import Pool, pairs
from timebank.reports.periods import Period, Preset

VOLUNTEERS = 300
VISITS = 1000
# What each volunteer had at the beginning of a day on the time account of these communities.
BALANCES = """
    SELECT member.id, sum(ledger_as_effective(account.community_id, account.id, %s))
    FROM members_member member JOIN ledger_account account
        ON account.holder = member.key AND account.kind = 1 AND account.community_id = ANY(%s)
    WHERE member.id = ANY(%s) GROUP BY 1
"""
HOLDING = """
    SELECT place.id, policy.id FROM members_area place,
        LATERAL ledger_policy_in_force(place.id, %s) policy
    WHERE place.id = ANY(%s)
"""


@dataclass(frozen=True)
class Line:
    """Minutes under the rules that hold and under the new ones."""

    label: str
    before: int
    now: int

    @property
    def difference(self) -> int:
        return self.now - self.before


@dataclass
class Preview:
    """Visits of the month, how many are affected, and how many need a second person."""

    month: Period
    visits: int = 0
    affected: int = 0
    asked_before: int = 0
    asked_now: int = 0
    banked: Counter[str] = field(default_factory=Counter)
    before: Counter[str] = field(default_factory=Counter)
    now: Counter[str] = field(default_factory=Counter)

    def lines(self) -> list[Line]:
        """Banked minutes, then those of each reason for not banking."""
        words = dict(Reason.choices)
        named = {code for counted in (self.before, self.now) for code in counted}
        found = [Line(_("Banked"), self.banked["before"], self.banked["now"])]
        for code in sorted(named, key=lambda code: (-max(self.before[code], self.now[code]), code)):
            found.append(Line(str(words.get(code, code)), self.before[code], self.now[code]))
        return found

    def add(self, old: Credit, new: Credit) -> None:
        self.visits += 1
        self.affected += _outcome(old) != _outcome(new)
        self.asked_before += bool(old.questions)
        self.asked_now += bool(new.questions)
        self.banked["before"] += old.banked
        self.banked["now"] += new.banked
        self.before.update(old.reasons)
        self.now.update(new.reasons)


@dataclass
class _Used:
    """What a volunteer has used of the caps under one version, while the month is told again."""

    balance: int
    days: Counter[date] = field(default_factory=Counter)
    weeks: Counter[date] = field(default_factory=Counter)

    def credit(
        self, visit: Visit, policy: Policy, passed: int, known: "_Known", pool: Pool | None
    ) -> Credit:
        room = pool.room(visit.service_date, policy.pool_floor) if pool else None
        worth = credit(known.facts(visit, self, passed, policy, room), policy)
        if visit.choice != Visit.Choice.WAIVE:
            self.take(visit, worth.bankable)
        self.balance += worth.banked
        if pool:
            pool.book(worth)
        return worth

    def take(self, visit: Visit, minutes: int) -> None:
        self.days[visit.service_date] += minutes
        self.weeks[_monday(visit.service_date)] += minutes


def of_last_month(version: Policy, *, today: date) -> Preview:
    """The visits of last month in all communities for which the version would be in force."""
    month = Period.preset(Preset.LAST_MONTH, today=today, first_day=None)
    preview = Preview(month)
    holding = _holding(version)
    is_limited = any(one.pool_floor is not None for one in (version, *holding.values()))
    pools = pairs(holding, month) if is_limited else {}
    used: dict[int, tuple[_Used, _Used]] = {}
    for balances, known, visits in (_by_days if is_limited else _by_volunteers)(holding, month):
        if not is_limited:
            used.clear()
        for visit in visits:
            pair = used.get(visit.volunteer_id)
            if pair is None:
                start = balances.get(visit.volunteer_id, 0)
                pair = used[visit.volunteer_id] = (_Used(start), _Used(start))
            if visit.service_date < month.start:
                for one in pair:
                    one.take(visit, visit.bankable_minutes)
                continue
            old = holding[visit.area_id]
            passed = _workdays(visit, min(old.due_workdays, version.due_workdays))
            before, now = (
                one.credit(visit, policy, passed, known, pool)
                for one, policy, pool in zip(
                    pair, (old, version), pools.get(visit.area_id, (None, None)), strict=True
                )
            )
            preview.add(before, now)
    return preview


def _holding(version: Policy) -> dict[int, Policy]:
    """The policy that holds now in each community, but where a nearer area has rules of its own."""
    places = Area.objects.communities()
    if version.area:
        places = places.within(version.area)
    keys = list(places.values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(HOLDING, [version.effective_from, keys])
        found = dict(cursor.fetchall())
    policies = Policy.objects.select_related("area").in_bulk(set(found.values()))
    reach = len(version.area.path) if version.area else 0
    return {
        place: policies[key]
        for place, key in found.items()
        if (len(area.path) if (area := policies[key].area) else 0) <= reach
    }


Chunk = tuple[dict[int, int], "_Known", list[Visit]]


def _by_volunteers(communities: Iterable[int], month: Period) -> Iterator[Chunk]:
    """The visits of a few volunteers at a time in their order, with the balances before them."""
    places = list(communities)
    visits = _visits(places, month)
    last = 0
    while True:
        people = visits.filter(volunteer__gt=last).order_by("volunteer")
        keys = list(people.values_list("volunteer", flat=True).distinct()[:VOLUNTEERS])
        if not keys:
            return
        last = keys[-1]
        mine = visits.filter(volunteer__in=keys).select_related("category", "elder__elder")
        rows = list(mine.order_by("volunteer", "service_date", "pk"))
        yield _balances(places, month, keys), _Known.of(rows), rows


def _by_days(communities: Iterable[int], month: Period) -> Iterator[Chunk]:
    """The visits of everybody in the order of their days, many at a time."""
    places = list(communities)
    in_order = _visits(places, month).order_by("service_date", "pk")
    rows = list(in_order.select_related("category", "elder__elder")[:VISITS])
    while rows:
        keys = sorted({visit.volunteer_id for visit in rows})
        yield _balances(places, month, keys), _Known.of(rows, is_paid_told=True), rows
        day, number = rows[-1].service_date, rows[-1].pk
        later = in_order.filter(Q(service_date__gt=day) | Q(service_date=day, pk__gt=number))
        rows = list(later.select_related("category", "elder__elder")[:VISITS])


def _visits(communities: list[int], month: Period) -> QuerySet[Visit]:
    """From the Monday of the week in which the month begins, for the caps of weeks."""
    return Visit.objects.standing().filter(
        area__in=communities, service_date__range=(_monday(month.start), month.end)
    )


def _balances(communities: list[int], month: Period, volunteers: list[int]) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(BALANCES, [month.day_before, communities, volunteers])
        return {member: int(minutes) for member, minutes in cursor.fetchall()}


def _paid_by_elders(visits: list[Visit]) -> dict[tuple[int, UUID], int]:
    """The minutes of each visit that the elder's own or granted hours paid."""
    legs = Transfer.objects.filter(
        kind=TransferKind.REDEEM,
        community__in={visit.area_id for visit in visits},
        journal__in=[visit.journal for visit in visits if visit.journal],
    )
    sums = legs.values_list("community", "journal").annotate(Sum("amount"))
    return {(community, journal): int(minutes) for community, journal, minutes in sums}


@dataclass(frozen=True)
class _Known:
    """What is on record of the people of these visits."""

    records: eligibility.Records
    kin: dict[tuple[int, int], list[Kinship]]
    paid: dict[tuple[int, UUID], int]

    @classmethod
    def of(cls, visits: list[Visit], *, is_paid_told: bool = False) -> "_Known":
        """`is_paid_told` where it matters what the elder paid of what the pool would cover."""
        people = {(visit.volunteer_id, visit.elder_id) for visit in visits}
        return cls(
            eligibility.Records({elder for _volunteer, elder in people}),
            kinship.of_pairs(people),
            _paid_by_elders(visits) if is_paid_told else {},
        )

    def facts(
        self, visit: Visit, used: _Used, passed: int, policy: Policy, pool_room: int | None
    ) -> VisitFacts:
        """What was known of the visit; what the elder paid, they could pay again."""
        rule = self.records.rule_on(visit.elder.elder, visit.service_date)
        is_eligible = eligibility.pool_pays(rule)
        pair = (visit.volunteer_id, visit.elder_id)
        kin = kinship.relation_on(self.kin, pair, visit.service_date)
        paid = self.paid.get((visit.area_id, visit.journal), 0) if visit.journal else 0
        return VisitFacts(
            minutes=visit.served_minutes,
            service_date=visit.service_date,
            recorded_on=timezone.localdate(visit.entered_at),
            grade=visit.grade,
            choice=visit.choice,
            is_measured=visit.started_at is not None,
            is_imported=visit.source == Visit.Source.IMPORT,
            is_eligible=is_eligible,
            elder_available=paid if is_eligible else visit.bankable_minutes,
            pool_available=pool_room,
            is_urgent=visit.category.is_urgent,
            is_service=visit.category.is_bankable,
            is_own_family=kin in policy.own_family,
            workdays_passed=passed,
            used_that_day=used.days[visit.service_date],
            used_that_week=used.weeks[_monday(visit.service_date)],
            balance=used.balance,
        )


def _workdays(visit: Visit, harmless: int) -> int:
    """Working days until the record; not counted where the calendar days are few enough."""
    recorded_on = timezone.localdate(visit.entered_at)
    days = max(0, (recorded_on - visit.service_date).days)
    return days if days <= harmless else workdays.passed(visit.service_date, recorded_on)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _outcome(worth: Credit) -> tuple:
    reasons = sorted(worth.reasons.items())
    return (worth.served, worth.bankable, worth.banked, reasons, sorted(worth.questions))
