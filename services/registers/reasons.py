"""Why a row of a register cannot be posted, and what to look at in those that can.

A row keeps the code and the values; the sentence is made when somebody reads it, in their language.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from services.registers.headings import LABELS

REASONS = {
    # both
    "formula": _("The cell %(cell)s (%(column)s) holds a formula. Write its value."),
    "text_too_long": _("The text in the cell %(cell)s (%(column)s) is too long."),
    # people
    "missing_name": _("The name is missing."),
    "not_a_name": _("“%(value)s” is no name."),
    "name_too_long": _("The name is longer than 60 letters."),
    "too_young": _("A volunteer is 14 or older; this one was born on %(value)s."),
    "ambiguous_person": _(
        "Somebody of this name is known, and nothing here tells whether it is the same person."
        " Write the ID number or the phone."
    ),
    "id_number_of_someone_else": _("This ID number belongs to %(name)s."),
    "in_another_community": _("This ID number is registered in another community."),
    "listed_twice": _("This person stands in row %(row)s of this list already."),
    # visits
    "missing_date": _("The date is missing."),
    "impossible_date": _("“%(value)s” is no date. Write it like 2020-01-31."),
    "in_the_future": _("The date %(value)s lies in the future."),
    "too_early": _("The date %(value)s lies before any rules were in force (%(first)s)."),
    "missing_volunteer": _("The volunteer's name is missing."),
    "unknown_volunteer": _(
        "No volunteer “%(value)s” is known. Register the person, or correct the name."
    ),
    "ambiguous_volunteer": _(
        "Several volunteers are called “%(value)s”. Add the end of the phone, like %(value)s(8225)."
    ),
    "missing_elder": _("The elder's name is missing."),
    "unknown_elder": _("No elder “%(value)s” is known. Register the person, or correct the name."),
    "ambiguous_elder": _(
        "Several elders are called “%(value)s”. Add the end of the phone, like %(value)s(8225)."
    ),
    "several_names": _("“%(value)s” names several people. Write a row for each."),
    "same_person": _("The volunteer and the elder are the same person."),
    "missing_category": _("The service category is missing."),
    "unknown_category": _("There is no service category “%(value)s”."),
    "impossible_time": _("“%(value)s” is no time of day. Write it like 15:30."),
    "end_before_start": _("The end %(end)s is not after the start %(start)s."),
    "missing_minutes": _("Neither the length nor the start and end are written."),
    "impossible_minutes": _("“%(value)s” is no possible length of a visit. Write it like 1.5."),
    "duration_mismatch": _(
        "From %(start)s to %(end)s is %(measured)s min, but %(minutes)s min are written."
    ),
    "unknown_mark": _(
        "“%(value)s” does not say whether the hours were banked. Write 是, 否 or 捐赠."
    ),
    "duplicate": _("The same visit stands in row %(row)s of “%(sheet)s” already."),
    "overlap": _("The volunteer was with somebody else at that time: row %(row)s of “%(sheet)s”."),
    "overlap_on_record": _(
        "The volunteer was with somebody else at that time, as recorded before."
    ),
    "recorded_differently": _(
        "This visit is on record with %(minutes)s min; a register does not change it."
    ),
    "refused_by_ledger": _("The ledger refused to book these hours."),
    "person_not_posted": _("The person's own row has not been posted."),
}

WARNINGS = {
    "id_number_check": _("The last digit of the ID number does not fit the others."),
    "not_an_id_number": _("The ID number “%(value)s” cannot be one; it is not taken over."),
    "not_a_phone": _("“%(value)s” is no phone number; it is not taken over."),
    "not_a_date": _("“%(value)s” under “%(column)s” is no date; it is not taken over."),
    "not_understood": _("“%(value)s” under “%(column)s” is not understood; it is not taken over."),
    "minor": _("Under 18: needs a guardian's consent and company."),
    "elder_under_60": _("Under 60 years old."),
    "year_assumed": _("The year is not written; %(value)s is assumed."),
    "rounded": _("From start to end it is %(measured)s min; the written %(minutes)s min count."),
    "undone_before": _("The same visit was undone before."),
    "no_mark": _("The register does not say whether the hours were banked; they will be."),
}


def sentence(code: str, details: Mapping[str, Any]) -> str:
    """The sentence of a code, its values filled in."""
    words = REASONS.get(code) or WARNINGS[code]
    column = LABELS.get(details.get("field", ""), "")
    return str(words) % {"cell": "", **details, "column": column}
