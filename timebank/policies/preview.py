"""What would have changed last month under a new version of the rules.

Every visit that counts is credited twice, under the rules that hold and under the new ones, with
the same facts. Volunteers are taken a few hundred at a time, so that memory does not grow with an
area. What a visit was measured as is not kept: its served minutes stand for that.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.models import Policy
from ledger.policy import Credit, Reason, VisitFacts, credit
from members import eligibility, kinship
from members.models import Area, Kinship
from services import workdays
from services.models import Visit
from timebank.reports.periods import Period, Preset

VOLUNTEERS = 300
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

    def credit(self, visit: Visit, policy: Policy, passed: int, known: "_Known") -> Credit:
        worth = credit(known.facts(visit, self, passed, policy), policy)
        if visit.choice != Visit.Choice.WAIVE:
            self.take(visit, worth.bankable)
        self.balance += worth.banked
        return worth

    def take(self, visit: Visit, minutes: int) -> None:
        self.days[visit.service_date] += minutes
        self.weeks[_monday(visit.service_date)] += minutes


def of_last_month(version: Policy, *, today: date) -> Preview:
    """The visits of last month in all communities for which the version would be in force."""
    month = Period.preset(Preset.LAST_MONTH, today=today, first_day=None)
    preview = Preview(month)
    holding = _holding(version)
    old_policies = {policy.pk: policy for policy in holding.values()}
    for balances, known, visits in _by_volunteers(list(holding), month):
        used: dict[int, tuple[_Used, _Used]] = {}
        for visit in visits:
            pair = used.get(visit.volunteer_id)
            if pair is None:
                start = balances.get(visit.volunteer_id, 0)
                pair = used[visit.volunteer_id] = (_Used(start), _Used(start))
            if visit.service_date < month.start:
                for one in pair:
                    one.take(visit, visit.bankable_minutes)
                continue
            old = old_policies[holding[visit.area_id].pk]
            passed = _workdays(visit, min(old.due_workdays, version.due_workdays))
            before, now = (
                used.credit(visit, policy, passed, known)
                for used, policy in zip(pair, (old, version), strict=True)
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


def _by_volunteers(
    communities: list[int], month: Period
) -> Iterator[tuple[dict[int, int], "_Known", list[Visit]]]:
    """The visits of a few volunteers at a time in their order, with the balances before them.

    From the Monday of the week in which the month begins, for the caps of weeks.
    """
    visits = Visit.objects.standing().filter(
        area__in=communities, service_date__range=(_monday(month.start), month.end)
    )
    last = 0
    while True:
        people = visits.filter(volunteer__gt=last).order_by("volunteer")
        keys = list(people.values_list("volunteer", flat=True).distinct()[:VOLUNTEERS])
        if not keys:
            return
        last = keys[-1]
        with connection.cursor() as cursor:
            cursor.execute(BALANCES, [month.day_before, communities, keys])
            balances = {member: int(minutes) for member, minutes in cursor.fetchall()}
        mine = visits.filter(volunteer__in=keys).select_related("category", "elder__elder")
        rows = list(mine.order_by("volunteer", "service_date", "pk"))
        yield balances, _Known.of(rows), rows


@dataclass(frozen=True)
class _Known:
    """What is on record of the people of these visits."""

    records: eligibility.Records
    kin: dict[tuple[int, int], list[Kinship]]

    @classmethod
    def of(cls, visits: list[Visit]) -> "_Known":
        pairs = {(visit.volunteer_id, visit.elder_id) for visit in visits}
        return cls(
            eligibility.Records({elder for _volunteer, elder in pairs}), kinship.of_pairs(pairs)
        )

    def facts(self, visit: Visit, used: _Used, passed: int, policy: Policy) -> VisitFacts:
        """What was known of the visit; what an elder without cover paid, they could pay again."""
        rule = self.records.rule_on(visit.elder.elder, visit.service_date)
        is_eligible = eligibility.pool_pays(rule)
        pair = (visit.volunteer_id, visit.elder_id)
        kin = kinship.relation_on(self.kin, pair, visit.service_date)
        return VisitFacts(
            minutes=visit.served_minutes,
            service_date=visit.service_date,
            recorded_on=timezone.localdate(visit.entered_at),
            grade=visit.grade,
            choice=visit.choice,
            is_measured=visit.started_at is not None,
            is_imported=visit.source == Visit.Source.IMPORT,
            is_eligible=is_eligible,
            elder_available=0 if is_eligible else visit.bankable_minutes,
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
