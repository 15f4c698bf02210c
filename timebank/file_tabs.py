"""The tabs of a member's file, in their order. `members/files.py` says how one is added."""

from collections.abc import Callable
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from members import access
from members.models import Member, User


def everybody(user: User, member: Member) -> bool:
    """All staff who see the member at all; the view asks for that."""
    return True


def writers(user: User, member: Member) -> bool:
    """Who enters people of the member's community."""
    return access.may_log(user, member.area)


def elders(user: User, member: Member) -> bool:
    """Who is registered as an elder."""
    return hasattr(member, "elder")


class Tab(NamedTuple):
    label: str | Promise
    route: str  # takes the member's key, as `key`
    is_for: Callable[[User, Member], bool] = everybody


TABS = [
    Tab(_("Overview"), "person"),
    Tab(_("Visits"), "person_visits"),
    Tab(pgettext_lazy("page", "Hours"), "hours_member"),
    Tab(_("Eligibility"), "person_eligibility", elders),
    Tab(_("Kin"), "person_kin"),
    Tab(_("Contacts"), "person_contacts", elders),
    Tab(_("Consents"), "person_consents"),
    Tab(_("Devices"), "person_devices"),
    Tab(_("Their data"), "person_data"),
    Tab(_("Same person"), "person_same", writers),
    Tab(_("History"), "person_history"),
    Tab(_("Who looked"), "person_looks"),
]


def for_reader(user: User, member: Member) -> list[Tab]:
    return [tab for tab in TABS if tab.is_for(user, member)]
