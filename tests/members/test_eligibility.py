from datetime import date

import pytest

from members.eligibility import Rule, is_age_known, rule_on
from members.models import Elder, Member

DAY = date(2026, 11, 23)


def an_elder(*, born, **fields):
    return Elder(member=Member(name="李建国", birth_date=born), **fields)


@pytest.mark.parametrize(
    ("born", "fields", "rule"),
    [
        (date(1946, 11, 23), {"living": "alone"}, Rule.A),
        (date(1946, 11, 24), {"living": "alone"}, Rule.NONE),
        (date(1940, 1, 1), {"living": "empty_nest"}, Rule.A),
        (date(1940, 1, 1), {"living": "with_spouse"}, Rule.A),
        (date(1940, 1, 1), {"living": "with_children"}, Rule.NONE),
        (date(1940, 1, 1), {"living": "institution", "capability": "disabled"}, Rule.NONE),
        (date(1940, 1, 1), {"living": ""}, Rule.NONE),
        (date(1966, 11, 23), {"living": "alone", "income": "minimum_allowance"}, Rule.B),
        (date(1966, 11, 24), {"living": "alone", "income": "minimum_allowance"}, Rule.NONE),
        (date(1960, 1, 1), {"living": "alone", "income": "destitute"}, Rule.B),
        (date(1960, 1, 1), {"living": "empty_nest", "capability": "disabled"}, Rule.B),
        (date(1960, 1, 1), {"living": "empty_nest", "capability": "semi_disabled"}, Rule.B),
        (date(1960, 1, 1), {"living": "empty_nest", "capability": "self_caring"}, Rule.NONE),
        (date(1960, 1, 1), {"living": "with_children", "capability": "disabled"}, Rule.NONE),
    ],
)
def test_the_rule_follows_age_household_and_need(born, fields, rule):
    assert rule_on(an_elder(born=born, **fields), DAY) == rule


def test_age_is_taken_on_the_day_of_the_service():
    elder = an_elder(born=date(1941, 3, 12), living="alone")

    assert rule_on(elder, date(2021, 3, 11)) == Rule.NONE
    assert rule_on(elder, date(2021, 3, 12)) == Rule.A


def test_nobody_is_refused_for_a_birth_date_missing_from_the_register():
    elder = an_elder(born=None, living="alone")

    assert rule_on(elder, DAY) == Rule.A
    assert not is_age_known(elder)


def test_a_birthday_on_the_leap_day_comes_on_the_first_of_march():
    elder = an_elder(born=date(1940, 2, 29), living="alone")

    assert rule_on(elder, date(2020, 2, 28)) == Rule.NONE
    assert rule_on(elder, date(2020, 2, 29)) == Rule.A
    assert elder.member.age_on(date(2021, 2, 28)) == 80
