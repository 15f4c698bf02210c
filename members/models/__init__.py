"""What is known of people and of those who work with them, a module a subject."""

from members.models.accounts import StaffRole, User
from members.models.areas import Area
from members.models.assessments import Assessment, EligibilityRules, Rule
from members.models.consents import Consent, ConsentText, Purpose
from members.models.contacts import Agent, ContactPerson
from members.models.data_requests import DataRequest
from members.models.finding import SearchTerm
from members.models.history import Change
from members.models.kinships import Kinship, Relation
from members.models.merges import Merge, MergedRow
from members.models.people import Elder, Member, MemberPhone, Volunteer
from members.models.sign_ins import FailedSignIn, SignInCode

__all__ = [
    "Agent",
    "Area",
    "Assessment",
    "Change",
    "Consent",
    "ConsentText",
    "ContactPerson",
    "DataRequest",
    "Elder",
    "EligibilityRules",
    "FailedSignIn",
    "Kinship",
    "Member",
    "MemberPhone",
    "Merge",
    "MergedRow",
    "Purpose",
    "Relation",
    "Rule",
    "SearchTerm",
    "SignInCode",
    "StaffRole",
    "User",
    "Volunteer",
]
