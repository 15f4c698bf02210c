"""Why a visit cannot be recorded, approved or undone; each says it in a sentence for the page."""

from contextlib import AbstractContextManager

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from ledger.requests import NotPosted
from ledger.transfers import said_as
from members.refusals import Refusal, violated
from services.models import Visit


class NotAVolunteer(Refusal):
    sentence = _("This person is not registered as a volunteer.")
    field = "volunteer"


class NotAnElder(Refusal):
    sentence = _("This person is not registered as an elder.")
    field = "elder"


class SamePerson(Refusal):
    sentence = _("The volunteer and the elder are the same person.")
    field = "elder"


class OtherCommunity(Refusal):
    sentence = _("A visit is booked in the community of its volunteer.")
    field = "volunteer"


class NoPolicy(Refusal):
    sentence = _("No rules were in force on that day. Check the date.")
    field = "service_date"


class NeedsReason(Refusal):
    sentence = _("This visit is recorded late: write the reason. A second person will check it.")
    field = "note"


class KeyReused(Refusal):
    sentence = _("Another visit was saved from this page already. Open the page again.")


class Elsewhere(Refusal):
    """The volunteer was in another visit at that time, which `other` names where it is known."""

    field = "started_at"

    def __init__(self, other: Visit | None = None):
        self.other = other

    def __str__(self) -> str:
        if self.other is None:
            return str(_("The volunteer was with somebody else at that time."))
        return _("The volunteer was with %(elder)s at that time (%(date)s).") % {
            "elder": self.other.elder,
            "date": self.other.service_date,
        }


class NotWaiting(Refusal):
    sentence = _("This visit does not wait for a second person any more.")


class NotYet(Refusal):
    sentence = _("The date of this visit lies in the future. It can be approved on that day.")


class AccountFrozen(Refusal):
    sentence = _("The volunteer's account is frozen. The visit keeps waiting.")


class CannotBeUndone(Refusal):
    sentence = _("This visit was undone or sent back before.")


class TooLateToUndo(Refusal):
    sentence = _("Ten minutes have passed. Ask a checker to undo this visit.")


class NotOnRecord(Refusal):
    sentence = _("This person is not on record any more. Look them up again.")


class HoursAreSpent(Refusal):
    sentence = _("The hours of this visit have been spent and cannot be taken back.")


class PoolExhausted(Refusal):
    sentence = _("The public pool has reached the limit that the rules set.")


REFUSED_BY_THE_LEDGER: dict[str, type[Refusal]] = {
    "frozen": AccountFrozen,
    "floor": HoursAreSpent,
    "already_reversed": CannotBeUndone,
    "key_reused": KeyReused,
    "pool_floor": PoolExhausted,
}


def of_the_ledger() -> AbstractContextManager[None]:
    """Turn what the ledger refuses into what a person can read."""
    return said_as(REFUSED_BY_THE_LEDGER, otherwise=NotPosted)


def in_words(error: IntegrityError, visit: Visit) -> Exception:
    """The refusal that stands behind a violated constraint, or the error itself when none does."""
    match violated(error):
        case "services_visit_volunteer_is_in_one_place_at_a_time":
            return Elsewhere(overlapping(visit))
        case "services_visit_volunteer_is_not_the_elder":
            return SamePerson()
        case "services_visit_names_people_who_are_here":
            return NotOnRecord()
        case "services_visit_key_key":
            return KeyReused()
        case _:
            return error


def overlapping(visit: Visit) -> Visit | None:
    """A visit of the same volunteer that runs while this one does."""
    return (
        Visit.objects.filter(
            volunteer=visit.volunteer,
            state__in=[Visit.State.COMPLETED, Visit.State.CONFIRMED],
            started_at__lt=visit.ended_at,
            ended_at__gt=visit.started_at,
        )
        .exclude(key=visit.key)
        .select_related("elder")
        .order_by("started_at", "pk")
        .first()
    )
