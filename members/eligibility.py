"""Which elders the public pool pays for (DOMAIN, section 1: rules A and B)."""

from datetime import date
from enum import StrEnum

from members.models import Elder

OLD_ENOUGH_FOR_A = 80
OLD_ENOUGH_FOR_B = 60


class Rule(StrEnum):
    A = "A"  # 80 and older, empty-nest or living alone
    B = "B"  # 60–79, on minimum living allowance, disabled or semi-disabled, and as in A
    NONE = "none"


def rule_on(elder: Elder, day: date) -> Rule:
    """The rule that holds for the elder on the day of the service.

    Where the birth date is not on record, rule A is taken to hold if the household fits: nobody
    is refused for a gap in the register. `is_age_known` lets a page flag those.
    """
    if elder.living not in Elder.WITHOUT_CHILDREN:
        return Rule.NONE
    age = elder.member.age_on(day)
    if age is None or age >= OLD_ENOUGH_FOR_A:
        return Rule.A
    if age >= OLD_ENOUGH_FOR_B and needs_support(elder):
        return Rule.B
    return Rule.NONE


def is_age_known(elder: Elder) -> bool:
    return elder.member.birth_date is not None


def needs_support(elder: Elder) -> bool:
    """Minimum living allowance, destitute support, disabled or semi-disabled."""
    return elder.income in (Elder.Income.MINIMUM_ALLOWANCE, Elder.Income.DESTITUTE) or (
        elder.capability in (Elder.Capability.SEMI_DISABLED, Elder.Capability.DISABLED)
    )
