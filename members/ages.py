"""From which age a person may be a volunteer (DOMAIN, section 1).

Adults may. From 14 to 17 a guardian has to consent on paper, and somebody goes along on every
visit. Under 14 never: the database refuses that too, in `members_refuse_children`.
"""

from datetime import date

from django.utils.translation import gettext_lazy as _

from members.models import Member, Volunteer
from members.refusals import Refusal

YOUNGEST = 14
ADULT = 18


class Refused(Refusal):
    """The person may not be a volunteer as things stand."""


class TooYoung(Refused):
    sentence = _("Volunteers are 14 or older.")


class NeedsGuardian(Refused):
    sentence = _(
        "From 14 to 17 a guardian has to consent on paper:"
        " write down name, relation, phone and the day of the signature."
    )


def check_volunteer(born: date | None, side: Volunteer, *, on: date) -> None:
    """Raise TooYoung or NeedsGuardian if this side cannot be had on the day.

    Without a birth date nothing is refused: it is to be completed.
    """
    age = Member(birth_date=born).age_on(on)
    if age is None or age >= ADULT:
        return
    if age < YOUNGEST:
        raise TooYoung
    if not has_consent(side):
        raise NeedsGuardian


def has_consent(side: Volunteer) -> bool:
    """Whether a guardian is on record with everything that is asked of one."""
    return bool(
        side.guardian_name
        and side.guardian_relation
        and side.guardian_phone
        and side.guardian_consent_on
    )


def is_accompanied(member: Member, *, on: date) -> bool:
    """Whether the member goes on visits only with somebody else."""
    age = member.age_on(on)
    return age is not None and age < ADULT
