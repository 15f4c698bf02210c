"""What is known of people and of those who work with them, a module a subject."""

from members.models.accounts import StaffRole, User
from members.models.areas import Area
from members.models.data_requests import DataRequest
from members.models.finding import SearchTerm
from members.models.history import Change
from members.models.merges import Merge, MergedRow
from members.models.people import Elder, Member, MemberPhone, Volunteer
from members.models.sign_ins import FailedSignIn, SignInCode

__all__ = [
    "Area",
    "Change",
    "DataRequest",
    "Elder",
    "FailedSignIn",
    "Member",
    "MemberPhone",
    "Merge",
    "MergedRow",
    "SearchTerm",
    "SignInCode",
    "StaffRole",
    "User",
    "Volunteer",
]
