"""What is known of people and of those who work with them, a module a subject."""

from members.models.accounts import StaffRole, User
from members.models.areas import Area
from members.models.devices import Device
from members.models.finding import SearchTerm
from members.models.notices import Notice
from members.models.people import Elder, Member, MemberPhone, Volunteer
from members.models.sign_ins import Attempt, SignInCode
from members.models.staff_accounts import AccountEvent, Authenticator, Draft, RecoveryCodes

__all__ = [
    "AccountEvent",
    "Area",
    "Attempt",
    "Authenticator",
    "Device",
    "Draft",
    "Elder",
    "Member",
    "MemberPhone",
    "Notice",
    "RecoveryCodes",
    "SearchTerm",
    "SignInCode",
    "StaffRole",
    "User",
    "Volunteer",
]
