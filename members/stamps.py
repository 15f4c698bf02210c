"""Stamps of what is known of a person: a form carries them to notice what others change meanwhile.

A stamp tells whether a value is still the same, and nothing about the value.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.crypto import salted_hmac

from members.models import Elder, Member, Volunteer

MEMBER = ("name", "id_number", "sex", "birth_date", "address", "note")
VOLUNTEER = (
    *("joined_on", "skills"),
    *("guardian_name", "guardian_relation", "guardian_phone", "guardian_consent_on"),
)
ELDER = ("living", "income", "capability", "contact_name", "contact_relation", "contact_phone")


def values(member: Member) -> dict[str, Any]:
    """Everything that a form may change, of the member, the phones, and both sides."""
    known = {name: getattr(member, name) for name in MEMBER}
    known["phones"] = sorted(phone.number for phone in member.phones.all())
    volunteer, elder = getattr(member, "volunteer", Volunteer()), getattr(member, "elder", Elder())
    known |= {name: getattr(volunteer, name) for name in VOLUNTEER}
    return known | {name: getattr(elder, name) for name in ELDER}


def of(member: Member) -> Mapping[str, str]:
    return {name: of_value(name, value) for name, value in values(member).items()}


def of_value(name: str, value: Any) -> str:
    """The stamp of one value; nothing known is one thing, however it is kept."""
    return salted_hmac(f"members.stamps.{name}", repr(value or None)).hexdigest()[:20]
