"""What is known of people and of those who work with them, a module a subject."""

from members.models.accounts import StaffRole, User
from members.models.areas import Area
from members.models.finding import SearchTerm
from members.models.looks import Look
from members.models.people import Elder, Member, MemberPhone, Volunteer
from members.models.sign_ins import FailedSignIn, SignInCode

__all__ = [
    "Area",
    "Elder",
    "FailedSignIn",
    "Look",
    "Member",
    "MemberPhone",
    "SearchTerm",
    "SignInCode",
    "StaffRole",
    "User",
    "Volunteer",
]
