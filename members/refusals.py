"""What the rules forbid, in sentences to show: what all refusals are, and those about people."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Refusal(Exception):
    """Something that a rule forbids; `field` names the field of a form that it is about."""

    sentence: str | Promise = ""
    field: str | None = None

    def __str__(self) -> str:
        return str(self.sentence)


class OwnEntry(Refusal):
    sentence = _("No one approves what they entered. Ask a colleague.")


class NotWaiting(Refusal):
    sentence = _("This does not wait for a second person any more.")


class InTheFuture(Refusal):
    sentence = _("This day lies in the future.")


class InThePast(Refusal):
    sentence = _("Rules hold from today on, or later.")
    field = "effective_from"


class NotAnElder(Refusal):
    sentence = _("This person is not registered as an elder.")


class WaitsAlready(Refusal):
    sentence = _("An assessment of this person waits already.")


class NotForStaff(Refusal):
    sentence = _("Only rule D, or none, can be decided by staff.")
    field = "result"


class NeedsReason(Refusal):
    sentence = _("Say why, where you decide otherwise than computed.")
    field = "reason"


class OnRecordAlready(Refusal):
    sentence = _("These two are on record as kin already.")
    field = "relative"


class SamePerson(Refusal):
    sentence = _("Nobody is their own relative.")
    field = "relative"


class NotOnRecord(Refusal):
    sentence = _("These two are not on record as kin any more.")


class EndsBeforeItWasSeen(Refusal):
    sentence = _("This day lies before the day on which the document was seen.")
    field = "ended_on"


class NeedsWitness(Refusal):
    sentence = _("Say who was there when it was said.")
    field = "witness"


class NotAsked(Refusal):
    sentence = _("Nobody is asked for this: nothing of anybody is used for it.")


class AgentAlready(Refusal):
    sentence = _("This person is an agent of the elder already.")
    field = "agent"


class EndsBeforeItBegins(Refusal):
    sentence = _("The last day comes before the first one.")
    field = "until"


class NoScope(Refusal):
    sentence = _("Say what the agent may do.")
    field = "scopes"


BY_CONSTRAINT: dict[str, type[Refusal]] = {
    "members_assessment_waits_once": WaitsAlready,
    "members_kinship_is_on_record_once": OnRecordAlready,
    "members_agent_is_appointed_once": AgentAlready,
}


@contextmanager
def of_constraints() -> Iterator[None]:
    """Turn a violated constraint into the refusal that it means; what was done before stays."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        refusal = BY_CONSTRAINT.get(violated(error) or "")
        if refusal is None:
            raise
        raise refusal from error


def violated(error: IntegrityError) -> str | None:
    """The name of the constraint that the database refused something by."""
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
