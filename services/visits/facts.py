"""What the rules have to know of a visit before they can credit it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from ledger import holds, policies, spending
from ledger.models import Policy
from ledger.policy import Credit, VisitFacts, credit
from ledger.spending import Source
from members import eligibility
from members.models import Elder, EligibilityRules, Member, Volunteer
from services import workdays
from services.models import Visit
from services.visits.refusals import NoPolicy, NotAnElder, NotAVolunteer, OtherCommunity, SamePerson

_BESIDE = """
    SELECT b::text, ledger_policy_id_in_force(%s, %s)
    FROM services_beside_visit(%s, %s, %s, %s, %s, %s) b
"""


def _is_true(text: str) -> bool:
    return text == "t"


# How the text of each fact is read, in the order of Beside and of the SQL type.
_READERS: tuple[Callable[[str], Any], ...] = (
    *(int, int, int, _is_true, int, int, int, _is_true, int, UUID, int, int),
    *(int, int, str, _is_true, str),
)


class Beside(NamedTuple):
    """All on record that bears on a visit: the SQL type `services_beside`, its text, the policy.

    No account before the first hours. `home` is the community of the volunteer at this moment.
    `pool_room` are the minutes that the public pool may still give, at most a day's; None where the
    rules set no limit. `mark` is equal as long as all of it is; `policy` is the version in force.
    """

    account: int | None
    balance: int | None
    ceiling: int | None
    frozen: bool | None
    used_that_day: int
    used_that_week: int
    twin: int | None
    is_same_pair_that_day: bool
    elder_free: int | None
    hold: UUID | None
    home: int
    pool_room: int | None
    age_a: int | None
    age_b: int | None
    decided: str | None
    is_need_hidden: bool
    kin: str | None
    mark: str
    policy: int | None

    @classmethod
    def read(cls, mark: str, policy: int | None) -> "Beside":
        """From the text of the row, in which no value needs quotes."""
        values = zip(_READERS, mark[1:-1].split(","), strict=True)
        found = [read(value) if value else None for read, value in values]
        return cls._make([*found, mark, policy])

    def is_eligible(self, elder: Member, day: date) -> bool:
        """Whether the public pool pays for the elder (rules A, B and D)."""
        profile: Elder = elder.elder
        rule = eligibility.rule_on(
            profile,
            day,
            EligibilityRules(age_a=self.age_a, age_b=self.age_b),
            decided=self.decided,
            is_need_hidden=self.is_need_hidden,
        )
        return eligibility.pool_pays(rule)


@dataclass(frozen=True, slots=True)
class Known:
    """The facts of a visit, the policy they fall under, and what is on record beside them.

    `account` is None before the volunteer's first hours; `twin` is the visit with the same key.
    `sources` are the hours that the elder pays with, those of `hold` first, which were set aside
    for that day. `mark` is equal as long as what is on record is.
    """

    facts: VisitFacts
    policy: Policy
    account: int | None
    twin: int | None
    is_same_pair_that_day: bool
    sources: list[Source]
    hold: UUID | None
    mark: str

    @property
    def credit(self) -> Credit:
        return credit(self.facts, self.policy)


def lock(volunteer: Member) -> None:
    """Let nobody else book hours of this volunteer until the transaction ends.

    Two clerks who post at once would both find the same room under the day's cap and pass it.
    """
    try:
        Volunteer.objects.select_for_update(of=("self",)).only("pk").get(member=volunteer)
    except Volunteer.DoesNotExist:
        raise NotAVolunteer from None


def gather(visit: Visit, minutes: int, beside: Beside | None = None) -> Known:
    """The facts, from `beside` where that was read just before, else as they are now.

    Raises NotAVolunteer, NoPolicy and what check_people does.
    """
    beside = beside or read(visit)
    if beside.policy is None:
        raise NoPolicy
    policy = policies.version(beside.policy)
    check_people(visit)
    if beside.home != visit.area_id:
        raise OtherCommunity
    recorded_on = timezone.localdate(visit.entered_at)
    sources = _sources(visit, beside)
    facts = VisitFacts(
        minutes=minutes,
        service_date=visit.service_date,
        recorded_on=recorded_on,
        grade=visit.grade,
        choice=visit.choice,
        is_measured=visit.started_at is not None,
        is_imported=visit.source == Visit.Source.IMPORT,
        is_eligible=beside.is_eligible(visit.elder, visit.service_date),
        is_urgent=visit.category.is_urgent,
        is_service=visit.category.is_bankable,
        is_own_family=beside.kin in policy.own_family,
        is_frozen=bool(beside.frozen),
        workdays_passed=_workdays(visit.service_date, recorded_on, policy),
        used_that_day=beside.used_that_day,
        used_that_week=beside.used_that_week,
        balance=beside.balance or 0,
        ceiling=beside.ceiling,
        elder_available=sum(source.minutes for source in sources),
        pool_available=beside.pool_room,
    )
    return Known(
        facts,
        policy,
        account=beside.account,
        twin=beside.twin,
        is_same_pair_that_day=beside.is_same_pair_that_day,
        sources=sources,
        hold=beside.hold,
        mark=beside.mark,
    )


def check_people(visit: Visit) -> None:
    """Raises SamePerson, NotAnElder or OtherCommunity."""
    if visit.volunteer == visit.elder:
        raise SamePerson
    if not hasattr(visit.elder, "elder"):
        raise NotAnElder
    if visit.area_id != visit.volunteer.area_id:
        raise OtherCommunity


def _workdays(service_date: date, recorded_on: date, policy: Policy) -> int:
    """Working days until the record; not counted where the calendar days are few enough."""
    days = (recorded_on - service_date).days
    return (
        max(0, days) if days <= policy.due_workdays else workdays.passed(service_date, recorded_on)
    )


def place(visit: Visit) -> tuple[Any, ...]:
    """What `services_book_visit` wants to know of a visit."""
    people = (visit.area_id, visit.volunteer_id, visit.volunteer.key, visit.elder_id)
    return (*people, visit.service_date, visit.key)


def _sources(visit: Visit, beside: Beside) -> list[Source]:
    """The hours that the elder can pay with in the volunteer's book, in their order of use."""
    found = holds.parts(visit.area_id, beside.hold) if beside.hold else []
    if beside.elder_free:
        found += spending.sources(visit.area_id, visit.elder.key, on=visit.service_date)
    return found


def read(visit: Visit) -> Beside:
    """What is on record now. Raises NotAVolunteer."""
    with connection.cursor() as cursor:
        cursor.execute(_BESIDE, [visit.area_id, visit.service_date, *place(visit)])
        row = cursor.fetchone()
    if row is None:
        raise NotAVolunteer
    return Beside.read(*row)


def same_pair(visit: Visit, visits: QuerySet[Visit]) -> QuerySet[Visit]:
    """Those of `visits` that are of the same two people on the same day, and count or may count."""
    return visits.filter(
        elder=visit.elder,
        service_date=visit.service_date,
        state__in=[Visit.State.COMPLETED, Visit.State.CONFIRMED],
    ).exclude(key=visit.key)
