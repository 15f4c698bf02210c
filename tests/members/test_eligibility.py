from datetime import date

import pytest

from members.eligibility import PRIORITY, Rule, explain, is_age_known, pool_pays, rule_on
from members.models import Elder, EligibilityRules, Member

DAY = date(2026, 11, 23)
RULES = EligibilityRules()
LOW_INCOME = {"living": "alone", "income": "minimum_allowance"}


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
        (date(1966, 11, 23), LOW_INCOME, Rule.B),
        (date(1966, 11, 24), LOW_INCOME, Rule.NONE),
        (date(1960, 1, 1), {"living": "alone", "income": "destitute"}, Rule.B),
        (date(1960, 1, 1), {"living": "empty_nest", "capability": "disabled"}, Rule.B),
        (date(1960, 1, 1), {"living": "empty_nest", "capability": "semi_disabled"}, Rule.B),
        (date(1960, 1, 1), {"living": "empty_nest", "capability": "self_caring"}, Rule.NONE),
        (date(1960, 1, 1), {"living": "with_children", "capability": "disabled"}, Rule.NONE),
    ],
)
def test_the_rule_follows_age_household_and_need(born, fields, rule):
    assert rule_on(an_elder(born=born, **fields), DAY, RULES) == rule


@pytest.mark.parametrize(
    ("born", "minutes", "rule"),
    [
        (date(1966, 11, 23), 1, Rule.C),
        (date(1966, 11, 24), 1, Rule.NONE),
        (date(1966, 11, 23), 0, Rule.NONE),
        (date(1966, 11, 23), None, Rule.NONE),
        (None, 1, Rule.C),
    ],
)
def test_hours_of_their_own_make_rule_c_from_sixty(born, minutes, rule):
    elder = an_elder(born=born, living="with_children")

    assert rule_on(elder, DAY, RULES, minutes=minutes) == rule


def test_hours_do_not_hide_a_rule_for_which_the_pool_pays():
    assert rule_on(an_elder(born=date(1940, 1, 1), living="alone"), DAY, RULES, minutes=60) == "A"


@pytest.mark.parametrize(
    ("rules", "born", "fields", "rule"),
    [
        ({"age_a": 75}, date(1951, 11, 23), {"living": "alone"}, Rule.A),
        ({"age_a": 75}, date(1951, 11, 24), {"living": "alone"}, Rule.NONE),
        ({"age_a": None}, date(1930, 1, 1), {"living": "alone"}, Rule.NONE),
        ({"age_a": None}, None, {"living": "alone"}, Rule.NONE),
        ({"age_a": None}, date(1930, 1, 1), LOW_INCOME, Rule.B),
        ({"age_b": 55}, date(1971, 11, 23), LOW_INCOME, Rule.B),
        ({"age_b": None}, date(1960, 1, 1), LOW_INCOME, Rule.NONE),
    ],
)
def test_ages_and_whether_a_rule_holds_are_policy(rules, born, fields, rule):
    assert rule_on(an_elder(born=born, **fields), DAY, EligibilityRules(**rules)) == rule


@pytest.mark.parametrize("age_c", [None, 70])
def test_rule_c_is_policy_too(age_c):
    elder = an_elder(born=date(1960, 1, 1), living="alone")

    assert rule_on(elder, DAY, EligibilityRules(age_c=age_c), minutes=60) == Rule.NONE


@pytest.mark.parametrize("decided", [Rule.D, Rule.NONE])
def test_what_two_persons_decided_comes_first(decided):
    elder = an_elder(born=date(1940, 1, 1), living="alone")

    assert rule_on(elder, DAY, RULES, decided=decided) == decided


def test_a_withdrawn_consent_takes_health_and_income_from_the_rules_and_nothing_else():
    old = an_elder(born=date(1940, 1, 1), **LOW_INCOME)
    younger = an_elder(born=date(1960, 1, 1), **LOW_INCOME)

    assert rule_on(old, DAY, RULES, is_need_hidden=True) == Rule.A
    assert rule_on(younger, DAY, RULES, is_need_hidden=True) == Rule.NONE


def test_the_pool_pays_under_a_b_and_d_and_grants_under_a_and_b():
    assert [rule for rule in Rule if pool_pays(rule)] == [Rule.A, Rule.B, Rule.D]
    assert PRIORITY == (Rule.A, Rule.B)


def test_age_is_taken_on_the_day_of_the_service():
    elder = an_elder(born=date(1941, 3, 12), living="alone")

    assert rule_on(elder, date(2021, 3, 11), RULES) == Rule.NONE
    assert rule_on(elder, date(2021, 3, 12), RULES) == Rule.A


def test_nobody_is_refused_for_a_birth_date_missing_from_the_register():
    elder = an_elder(born=None, living="alone")

    assert rule_on(elder, DAY, RULES) == Rule.A
    assert not is_age_known(elder)


def test_a_birthday_on_the_leap_day_comes_on_the_first_of_march():
    elder = an_elder(born=date(1940, 2, 29), living="alone")

    assert rule_on(elder, date(2020, 2, 28), RULES) == Rule.NONE
    assert rule_on(elder, date(2020, 2, 29), RULES) == Rule.A
    assert elder.member.age_on(date(2021, 2, 28)) == 80


def test_the_reason_is_said_in_words_and_names_no_need():
    elder = an_elder(born=date(1960, 1, 1), **LOW_INCOME)

    said = " ".join(explain(elder, DAY, RULES, minutes=0))

    assert "66" in said
    assert "乙类 60 岁起" in said
    assert elder.get_living_display() in said
    assert elder.get_income_display() not in said


def test_the_reason_does_not_use_what_was_withdrawn():
    elder = an_elder(born=date(1960, 1, 1), **LOW_INCOME)

    shown, hidden = (explain(elder, DAY, RULES, is_need_hidden=h) for h in (False, True))

    assert [one == other for one, other in zip(shown, hidden, strict=True)] == [True, True, False]


def test_a_rule_that_does_not_hold_is_not_among_the_reasons():
    elder = an_elder(born=date(1960, 1, 1), living="alone")

    said = explain(elder, DAY, EligibilityRules(age_a=None, age_b=None, age_c=None))

    assert "(" not in said[0]
