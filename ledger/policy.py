"""What a visit is worth under a policy: pure arithmetic, without the database.

`credit` splits the served minutes into what is banked and a reason for every minute that is not
(the domain's rules, "From a visit to hours"). All times are whole minutes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from ledger.models import Policy


class Reason(TextChoices):
    """Why minutes that were served are not on the volunteer's account."""

    WAIVED = "waived", _("the volunteer chose not to bank")
    DONATED = "donated", _("donated to the public pool")
    NOT_ELIGIBLE = "not_eligible", _("the elder is not eligible for cover by the pool")
    POOL_EXHAUSTED = "pool_exhausted", _("the public pool has reached its limit")
    DAY_CAP = "day_cap", _("over the cap of the day")
    WEEK_CAP = "week_cap", _("over the cap of the week")
    BALANCE_CAP = "balance_cap", _("over the balance cap, given to the public pool")
    TEAM_HOURS = "team_hours", _("team hours, given to the public pool")
    NON_SERVICE = "non_service", _("not a service that banks hours")
    UNVERIFIED = "unverified", _("not verified")
    TOO_LATE = "too_late", _("recorded too late")
    OWN_FAMILY = "own_family", _("own family")
    UNDER_REVIEW = "under_review", _("waiting for a second person")
    TOO_SHORT = "too_short", _("shorter than a visit has to be")
    ROUNDING = "rounding", _("rounded off")
    ACCOUNT_FROZEN = "account_frozen", _("the account is frozen")


class Question(TextChoices):
    """Why a second person has to look at a visit before it counts."""

    GRADE_C = "grade_c", _("recorded from paper only")
    GRADE_D = "grade_d", _("nobody has confirmed it")
    OVER_LONG = "over_long", _("longer than one person may enter")
    LATE = "late", _("recorded later than the working days allowed")
    FUTURE = "future", _("the date lies in the future")
    ACCOUNT_FROZEN = "account_frozen", _("the volunteer's account is frozen")


class Payer(TextChoices):
    """Whose hours are charged with what the volunteer is credited."""

    ELDER = "elder", _("the elder's own or granted hours")
    ELDER_AND_POOL = "elder_and_pool", _("the elder's hours, and the public pool for the rest")
    POOL = "pool", _("public pool")
    NOBODY = "nobody", _("nobody")


DAY = 24 * 60
# Minutes that leave issuance, but for another account than the volunteer's.
MOVES_ELSEWHERE = (Reason.DONATED, Reason.TEAM_HOURS, Reason.BALANCE_CAP)


@dataclass(frozen=True, slots=True)
class VisitFacts:
    """All that decides what a visit is worth.

    `used_…` is what other visits have taken before; `ceiling` is the account's own, which stands
    beside the policy's cap. `elder_available` are the minutes that the elder can pay with on that
    day, of every source (`spending.available`) or set aside for the visit, `pool_available` those
    that the public pool may still give, None without a limit.
    """

    minutes: int
    service_date: date
    recorded_on: date
    grade: str
    choice: str = "bank"
    is_measured: bool = False
    is_imported: bool = False
    is_eligible: bool = False
    is_urgent: bool = False
    is_service: bool = True
    is_own_family: bool = False
    is_team: bool = False
    is_frozen: bool = False
    workdays_passed: int = 0
    used_that_day: int = 0
    used_that_week: int = 0
    balance: int = 0
    ceiling: int | None = None
    elder_available: int = 0
    pool_available: int | None = None


@dataclass(frozen=True, slots=True)
class Credit:
    """The three figures of a visit, and where every minute goes.

    served ≥ bankable ≥ banked; the minutes of `reasons` add up to served − banked. `donated` runs
    through the volunteer's account to the pool, `overflow` goes to the pool directly. `questions`
    is not empty when a second person has to approve.

    `from_elder` is the part of what moves that the elder's hours pay, `from_pool` the other one.
    """

    served: int
    bankable: int
    banked: int
    donated: int
    overflow: int
    payer: Payer
    reasons: Mapping[str, int]
    questions: tuple[str, ...]
    from_elder: int = 0

    @property
    def moved(self) -> int:
        """What issuance gives, and the payer is charged with."""
        return self.banked + self.donated + self.overflow

    @property
    def from_pool(self) -> int:
        """What the public pool covers."""
        return self.moved - self.from_elder

    def held_back(self, reason: Reason) -> "Credit":
        """The same visit while nothing of it moves, for `reason`."""
        kept = {code: m for code, m in self.reasons.items() if code not in MOVES_ELSEWHERE}
        if self.moved:
            kept[reason.value] = kept.get(reason.value, 0) + self.moved
        return replace(
            self,
            banked=0,
            donated=0,
            overflow=0,
            from_elder=0,
            payer=Payer.NOBODY,
            reasons=kept,
        )


def credit(facts: VisitFacts, policy: "Policy") -> Credit:
    """Decide what a visit of `facts` banks under `policy`, and why not the rest.

    Time that is rounded up counts as served as well, so that no minute is banked which is not on
    record as served. A frozen account holds back everything that would have moved.

    The elder's hours pay first, to the last minute; the pool pays the rest for whom it covers, as
    far as it may. What nobody pays is served and not bankable.
    """
    rounded = _rounded(facts, policy)
    served = max(facts.minutes, rounded)
    reasons: dict[str, int] = {}
    exclusion = _exclusion(facts, policy)
    bankable = 0 if exclusion else rounded
    if exclusion:
        reasons[exclusion.value] = served
    elif served > rounded:
        reasons[Reason.ROUNDING.value] = served - rounded
    for reason, room in _caps(facts, policy):
        if bankable > room:
            reasons[reason.value] = bankable - room
            bankable = room
    banked, donated, overflow = _destinations(bankable, facts, policy, reasons)
    moved = banked + donated + overflow
    from_elder = 0 if facts.is_imported else min(moved, facts.elder_available)
    result = Credit(
        served=served,
        bankable=bankable,
        banked=banked,
        donated=donated,
        overflow=overflow,
        payer=_payer(moved, from_elder),
        reasons=reasons,
        questions=_questions(facts, policy, served),
        from_elder=from_elder,
    )
    if facts.is_frozen and result.moved:
        result = result.held_back(Reason.ACCOUNT_FROZEN)
        return replace(result, questions=(*result.questions, Question.ACCOUNT_FROZEN.value))
    return result


def _payer(moved: int, from_elder: int) -> Payer:
    if not moved:
        return Payer.NOBODY
    if not from_elder:
        return Payer.POOL
    return Payer.ELDER if from_elder == moved else Payer.ELDER_AND_POOL


def _rounded(facts: VisitFacts, policy: "Policy") -> int:
    """To the nearest step, half a step up; an imported register stays as it was written."""
    if facts.is_imported:
        return facts.minutes
    step = policy.rounding_measured if facts.is_measured else policy.rounding_paper
    return min(DAY, (facts.minutes + step // 2) // step * step)


def _exclusion(facts: VisitFacts, policy: "Policy") -> Reason | None:
    """The first reason for which nothing of the visit banks."""
    if not facts.is_service:
        return Reason.NON_SERVICE
    if facts.is_own_family:
        return Reason.OWN_FAMILY
    if facts.is_imported:  # historic registers keep their own mark
        return None
    if facts.minutes < policy.shortest_visit:
        return Reason.TOO_SHORT
    if (facts.recorded_on - facts.service_date).days > policy.bankable_days:
        return Reason.TOO_LATE
    if not (_is_covered(facts) or facts.elder_available):
        return Reason.NOT_ELIGIBLE
    return None


def _is_covered(facts: VisitFacts) -> bool:
    """Whether the public pool pays what the elder does not."""
    return facts.is_eligible or facts.is_urgent or facts.is_imported


def _caps(facts: VisitFacts, policy: "Policy") -> list[tuple[Reason, int]]:
    """The caps that the policy sets, each with the room that earlier visits have left.

    Before them what is paid: by the elder alone where nobody else does, else by the pool as well.
    """
    if facts.is_imported:
        caps = [(Reason.DAY_CAP, policy.import_day_cap, facts.used_that_day)]
    else:
        caps = [
            (Reason.DAY_CAP, policy.day_cap, facts.used_that_day),
            (Reason.WEEK_CAP, policy.week_cap, facts.used_that_week),
        ]
    rooms = [(reason, max(0, cap - used)) for reason, cap, used in caps if cap is not None]
    elder = 0 if facts.is_imported else facts.elder_available
    if not _is_covered(facts):
        rooms.insert(0, (Reason.NOT_ELIGIBLE, elder))
    elif facts.pool_available is not None and facts.choice != "waive":
        rooms.insert(0, (Reason.POOL_EXHAUSTED, elder + facts.pool_available))
    return rooms


def _destinations(
    bankable: int, facts: VisitFacts, policy: "Policy", reasons: dict[str, int]
) -> tuple[int, int, int]:
    """Split the bankable minutes into banked, donated and overflow; note the reasons.

    What is donated passes through the volunteer's account, so that it shows in the passbook; what
    the balance cap leaves no room for goes to the pool directly.
    """
    if facts.choice == "waive":
        if bankable:
            reasons[Reason.WAIVED.value] = bankable
        return 0, 0, 0
    caps = [cap for cap in (policy.balance_cap, facts.ceiling) if cap is not None]
    room = min([bankable, *(max(0, cap - facts.balance) for cap in caps)])
    if bankable > room:
        reasons[Reason.BALANCE_CAP.value] = bankable - room
    if facts.is_team or facts.choice == "donate":
        reason = Reason.TEAM_HOURS if facts.is_team else Reason.DONATED
        if room:
            reasons[reason.value] = room
        return 0, room, bankable - room
    return room, 0, bankable - room


def _questions(facts: VisitFacts, policy: "Policy", served: int) -> tuple[str, ...]:
    """Why a second person is needed; an imported register has been approved by one as a whole."""
    if facts.is_imported:
        return ()
    asked = {
        Question.GRADE_C: facts.grade == "C",
        Question.GRADE_D: facts.grade == "D",
        Question.OVER_LONG: served > policy.longest_unchecked,
        Question.LATE: facts.workdays_passed > policy.due_workdays,
        Question.FUTURE: facts.service_date > facts.recorded_on,
    }
    return tuple(question.value for question, is_asked in asked.items() if is_asked)
