"""What a clerk should look at once more before a visit is saved; none of it forbids saving."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ledger.policy import Question, Reason
from services.models import Visit
from services.visits.facts import Known, same_pair


@dataclass(frozen=True, slots=True)
class Doubt:
    code: str
    sentence: str


class Doubts(Exception):
    """Raised instead of saving; `doubts` are those that the clerk has not seen yet."""

    def __init__(self, doubts: list[Doubt]):
        super().__init__(", ".join(doubt.code for doubt in doubts))
        self.doubts = doubts


def about(visit: Visit, known: Known) -> list[Doubt]:
    """The doubts about a visit, in the order in which they are shown."""
    credit = known.credit
    found = []
    if known.is_same_pair_that_day:
        found.append(Doubt("same_pair", _same_pair(visit)))
    if Reason.OWN_FAMILY in credit.reasons:
        found.append(Doubt("own_family", _("Own family: it counts as served and banks nothing.")))
    if Question.FUTURE in credit.questions:
        found.append(Doubt("future", _("The date lies in the future.")))
    if Reason.TOO_LATE in credit.reasons:
        found.append(Doubt("too_late", _too_late(known)))
    if Reason.POOL_EXHAUSTED in credit.reasons:
        found.append(Doubt("pool_exhausted", _pool(credit.reasons[Reason.POOL_EXHAUSTED])))
    over = sum(credit.reasons.get(cap, 0) for cap in (Reason.DAY_CAP, Reason.WEEK_CAP))
    if over:
        found.append(Doubt("over_cap", _over_cap(over)))
    if Reason.BALANCE_CAP in credit.reasons:
        found.append(Doubt("balance_cap", _balance_cap(credit.overflow)))
    return found


def _same_pair(visit: Visit) -> str:
    other = same_pair(visit, visit.volunteer.visits_given.order_by("-pk")).first()
    minutes = other.served_minutes if other else 0
    return _(
        "%(volunteer)s and %(elder)s already have a visit of %(minutes)d minutes on that day."
    ) % {"volunteer": visit.volunteer, "elder": visit.elder, "minutes": minutes}


def _too_late(known: Known) -> str:
    days = known.policy.bankable_days
    return ngettext(
        "The visit is more than %(days)d day ago: it is recorded, but banks nothing.",
        "The visit is more than %(days)d days ago: it is recorded, but banks nothing.",
        days,
    ) % {"days": days}


def _pool(minutes: int) -> str:
    return ngettext(
        "The public pool has reached its limit: %(minutes)d minute is paid by nobody and will not "
        "be banked.",
        "The public pool has reached its limit: %(minutes)d minutes are paid by nobody and will "
        "not be banked.",
        minutes,
    ) % {"minutes": minutes}


def _over_cap(minutes: int) -> str:
    return ngettext(
        "%(minutes)d minute is over the volunteer's cap and will not be banked.",
        "%(minutes)d minutes are over the volunteer's cap and will not be banked.",
        minutes,
    ) % {"minutes": minutes}


def _balance_cap(minutes: int) -> str:
    return ngettext(
        "The account is full: %(minutes)d minute goes to the public pool.",
        "The account is full: %(minutes)d minutes go to the public pool.",
        minutes,
    ) % {"minutes": minutes}
