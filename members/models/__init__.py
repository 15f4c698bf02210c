"""What is known of people and of those who work with them, a module a subject."""

from members.models.accounts import StaffRole, User
from members.models.areas import Area
from members.models.assessments import Assessment, EligibilityRules, Rule
from members.models.consents import Consent, ConsentText, Purpose
from members.models.contacts import Agent, ContactPerson
from members.models.data_requests import DataRequest
from members.models.devices import Device
from members.models.finding import SearchTerm
from members.models.history import Change
from members.models.kinships import Kinship, Relation
from members.models.looks import Look
from members.models.merges import Merge, MergedRow
from members.models.notices import Notice
from members.models.people import Elder, Member, MemberPhone, Volunteer
from members.models.sign_ins import Attempt, SignInCode
from members.models.staff_accounts import AccountEvent, Authenticator, Draft, RecoveryCodes

__all__ = [
    "AccountEvent",
    "Agent",
    "Area",
    "Assessment",
    "Attempt",
    "Authenticator",
    "Change",
    "Consent",
    "ConsentText",
    "ContactPerson",
    "DataRequest",
    "Device",
    "Draft",
    "Elder",
    "EligibilityRules",
    "Kinship",
    "Look",
    "Member",
    "MemberPhone",
    "Merge",
    "MergedRow",
    "Notice",
    "Purpose",
    "RecoveryCodes",
    "Relation",
    "Rule",
    "SearchTerm",
    "SignInCode",
    "StaffRole",
    "User",
    "Volunteer",
]
