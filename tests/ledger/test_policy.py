import datetime
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.models import Policy
from ledger.policy import Payer, Question, Reason, VisitFacts, credit

DAY = datetime.date(2026, 11, 23)
POLICY = Policy()
FACTS = VisitFacts(minutes=60, service_date=DAY, recorded_on=DAY, grade="B", is_eligible=True)


def of(policy=POLICY, **changes):
    return credit(replace(FACTS, **changes), policy)


def test_a_signed_visit_to_an_eligible_elder_banks_every_minute():
    result = of(minutes=90)

    assert (result.served, result.bankable, result.banked) == (90, 90, 90)
    assert (result.payer, result.reasons, result.questions) == (Payer.POOL, {}, ())


@pytest.mark.parametrize(
    ("facts", "figures", "reasons"),
    [
        ({"minutes": 70}, (70, 60, 60), {"rounding": 10}),
        ({"minutes": 50}, (60, 60, 60), {}),
        ({"minutes": 45}, (60, 60, 60), {}),
        ({"minutes": 44}, (44, 30, 30), {"rounding": 14}),
        ({"minutes": 44, "is_measured": True}, (44, 44, 44), {}),
        ({"minutes": 9}, (9, 0, 0), {"too_short": 9}),
        ({"minutes": 10, "is_measured": True}, (10, 10, 10), {}),
        ({"minutes": 10}, (10, 0, 0), {"rounding": 10}),
        ({"minutes": 300}, (300, 240, 240), {"day_cap": 60}),
        ({"used_that_day": 210}, (60, 30, 30), {"day_cap": 30}),
        ({"used_that_day": 240}, (60, 0, 0), {"day_cap": 60}),
        ({"used_that_day": 900}, (60, 0, 0), {"day_cap": 60}),
        ({"minutes": 310}, (310, 240, 240), {"rounding": 10, "day_cap": 60}),
        ({"balance": 90_000 - 20}, (60, 60, 20), {"balance_cap": 40}),
        ({"balance": 90_000}, (60, 60, 0), {"balance_cap": 60}),
        ({"balance": 100, "ceiling": 130}, (60, 60, 30), {"balance_cap": 30}),
        ({"balance": 90_000, "ceiling": 99_000}, (60, 60, 0), {"balance_cap": 60}),
        ({"choice": "waive"}, (60, 60, 0), {"waived": 60}),
        ({"choice": "donate"}, (60, 60, 0), {"donated": 60}),
        (
            {"choice": "donate", "balance": 89_980},
            (60, 60, 0),
            {"donated": 20, "balance_cap": 40},
        ),
        ({"is_team": True}, (60, 60, 0), {"team_hours": 60}),
        ({"is_own_family": True}, (60, 0, 0), {"own_family": 60}),
        ({"is_service": False}, (60, 0, 0), {"non_service": 60}),
        ({"is_eligible": False}, (60, 0, 0), {"not_eligible": 60}),
        ({"is_eligible": False, "is_urgent": True}, (60, 60, 60), {}),
        ({"is_frozen": True}, (60, 60, 0), {"account_frozen": 60}),
        ({"is_frozen": True, "choice": "waive"}, (60, 60, 0), {"waived": 60}),
        ({"service_date": DAY - datetime.timedelta(60)}, (60, 60, 60), {}),
        ({"service_date": DAY - datetime.timedelta(61)}, (60, 0, 0), {"too_late": 60}),
    ],
)
def test_every_minute_not_banked_has_its_reason(facts, figures, reasons):
    result = of(**facts)

    assert (result.served, result.bankable, result.banked) == figures
    assert result.reasons == reasons


def test_a_week_cap_holds_after_the_day_cap():
    result = of(Policy(week_cap=360), minutes=300, used_that_week=330)

    assert result.banked == 30
    assert result.reasons == {"day_cap": 60, "week_cap": 210}


def test_caps_that_are_not_set_limit_nothing():
    result = of(Policy(day_cap=None, balance_cap=None), minutes=600, balance=10**9)

    assert result.banked == 600


@pytest.mark.parametrize(
    ("facts", "questions"),
    [
        ({"grade": "A"}, ()),
        ({"grade": "C"}, ("grade_c",)),
        ({"grade": "D"}, ("grade_d",)),
        ({"minutes": 240}, ()),
        ({"minutes": 270}, ("over_long",)),
        ({"workdays_passed": 10}, ()),
        ({"workdays_passed": 11}, ("late",)),
        ({"service_date": DAY + datetime.timedelta(1)}, ("future",)),
        ({"is_frozen": True}, ("account_frozen",)),
        ({"grade": "C", "minutes": 300, "workdays_passed": 20}, ("grade_c", "over_long", "late")),
    ],
)
def test_a_second_person_is_asked_for_with_the_reason(facts, questions):
    assert of(**facts).questions == questions


@pytest.mark.parametrize(
    ("facts", "banked", "reasons"),
    [
        ({"minutes": 47}, 47, {}),
        ({"minutes": 5}, 5, {}),
        ({"choice": "waive"}, 0, {"waived": 60}),
        ({"is_eligible": False}, 60, {}),
        ({"minutes": 600}, 480, {"day_cap": 120}),
        ({"service_date": datetime.date(2020, 1, 14)}, 60, {}),
        ({"balance": 90_000}, 0, {"balance_cap": 60}),
        ({"used_that_week": 10_000}, 60, {}),
        ({"is_service": False}, 0, {"non_service": 60}),
    ],
)
def test_an_imported_visit_keeps_its_own_mark_within_the_caps_for_imports(facts, banked, reasons):
    result = of(Policy(week_cap=60), **({"grade": "C", "is_imported": True} | facts))

    assert (result.banked, result.reasons, result.questions) == (banked, reasons, ())


def test_what_is_waived_is_charged_to_nobody():
    result = of(choice="waive")

    assert (result.moved, result.payer) == (0, Payer.NOBODY)


def test_what_is_donated_or_over_the_balance_cap_is_charged_as_well():
    result = of(choice="donate", balance=89_980)

    assert (result.donated, result.overflow, result.moved) == (20, 40, 60)
    assert result.payer == Payer.POOL


@pytest.mark.parametrize(
    ("facts", "banked", "payer", "from_elder", "from_pool"),
    [
        ({}, 60, Payer.POOL, 0, 60),
        ({"elder_available": 60}, 60, Payer.ELDER, 60, 0),
        ({"elder_available": 500}, 60, Payer.ELDER, 60, 0),
        ({"elder_available": 20}, 60, Payer.ELDER_AND_POOL, 20, 40),
        ({"is_eligible": False, "elder_available": 60}, 60, Payer.ELDER, 60, 0),
        ({"is_eligible": False, "elder_available": 20}, 20, Payer.ELDER, 20, 0),
        ({"is_eligible": False, "elder_available": 0}, 0, Payer.NOBODY, 0, 0),
        (
            {"is_eligible": False, "is_urgent": True, "elder_available": 20},
            60,
            Payer.ELDER_AND_POOL,
            20,
            40,
        ),
        ({"elder_available": 60, "choice": "waive"}, 0, Payer.NOBODY, 0, 0),
        ({"elder_available": 90, "choice": "donate"}, 0, Payer.ELDER, 60, 0),
        ({"elder_available": 90, "balance": 90_000}, 0, Payer.ELDER, 60, 0),
        ({"elder_available": 90, "is_frozen": True}, 0, Payer.NOBODY, 0, 0),
        ({"elder_available": 90, "is_own_family": True}, 0, Payer.NOBODY, 0, 0),
        ({"elder_available": 90, "is_imported": True}, 60, Payer.POOL, 0, 60),
    ],
)
def test_the_elders_hours_pay_first_then_the_pool_for_whom_it_covers(
    facts, banked, payer, from_elder, from_pool
):
    result = of(**facts)

    assert (result.banked, result.payer) == (banked, payer)
    assert (result.from_elder, result.from_pool) == (from_elder, from_pool)


def test_what_an_elder_cannot_pay_and_the_pool_does_not_cover_is_served_and_not_bankable():
    result = of(is_eligible=False, elder_available=20)

    assert (result.served, result.bankable, result.banked) == (60, 20, 20)
    assert result.reasons == {"not_eligible": 40}


def test_caps_hold_for_what_the_elder_pays_as_well():
    result = of(is_eligible=False, elder_available=50, used_that_day=220)

    assert (result.bankable, result.from_elder) == (20, 20)
    assert result.reasons == {"not_eligible": 10, "day_cap": 30}


def test_held_back_minutes_keep_the_reasons_that_stand_anyway():
    result = of(minutes=310, balance=89_980).held_back(Reason.UNDER_REVIEW)

    assert (result.bankable, result.banked, result.moved) == (240, 0, 0)
    assert result.reasons == {"rounding": 10, "day_cap": 60, "under_review": 240}
    assert result.payer == Payer.NOBODY


def test_a_visit_is_never_longer_than_a_day():
    assert of(Policy(rounding_paper=50), minutes=1440).served == 1440


minutes = st.integers(1, 1440)
caps = st.none() | st.integers(0, 2000)
policies = st.builds(
    Policy,
    rounding_paper=st.sampled_from([1, 5, 15, 30, 60]),
    day_cap=caps,
    week_cap=caps,
    balance_cap=caps,
    import_day_cap=caps,
)
facts = st.builds(
    VisitFacts,
    minutes=minutes,
    service_date=st.dates(DAY - datetime.timedelta(70), DAY + datetime.timedelta(2)),
    recorded_on=st.just(DAY),
    grade=st.sampled_from("ABCD"),
    choice=st.sampled_from(["bank", "donate", "waive"]),
    is_measured=st.booleans(),
    is_imported=st.booleans(),
    is_eligible=st.booleans(),
    is_urgent=st.booleans(),
    is_service=st.booleans(),
    is_own_family=st.booleans(),
    is_team=st.booleans(),
    is_frozen=st.booleans(),
    workdays_passed=st.integers(0, 50),
    used_that_day=st.integers(0, 600),
    used_that_week=st.integers(0, 2000),
    balance=st.integers(0, 2500),
    ceiling=caps,
    elder_available=st.integers(0, 400),
)


@given(facts, policies)
def test_the_figures_are_ordered_and_the_reasons_account_for_every_minute(facts, policy):
    result = credit(facts, policy)

    assert 1440 >= result.served >= result.bankable >= result.banked >= 0
    assert result.served >= facts.minutes
    assert sum(result.reasons.values()) == result.served - result.banked
    assert all(minutes > 0 for minutes in result.reasons.values())
    assert set(result.reasons) <= set(Reason)
    assert set(result.questions) <= set(Question)


@given(facts, policies)
def test_what_moves_is_charged_and_nothing_else(facts, policy):
    result = credit(facts, policy)

    assert result.moved == result.banked + result.donated + result.overflow <= result.bankable
    assert (result.payer == Payer.NOBODY) == (result.moved == 0)
    assert result.held_back(Reason.UNDER_REVIEW).moved == 0
    assert result.held_back(Reason.UNDER_REVIEW).from_elder == 0


@given(facts, policies)
def test_the_elder_pays_as_far_as_possible_and_nobody_twice(facts, policy):
    result = credit(facts, policy)

    assert result.from_elder + result.from_pool == result.moved
    assert min(result.from_elder, result.from_pool) >= 0
    if facts.is_imported:
        assert result.from_elder == 0
    elif result.moved:
        assert result.from_elder == min(result.moved, facts.elder_available)
    if not (facts.is_eligible or facts.is_urgent or facts.is_imported):
        assert result.from_pool == 0


@given(facts, policies)
def test_without_hours_of_the_elder_the_pool_pays_as_it_always_did(facts, policy):
    result = credit(replace(facts, elder_available=0), policy)

    assert result.payer == (Payer.POOL if result.moved else Payer.NOBODY)
    assert result.from_elder == 0


@given(facts, policies, st.integers(0, 600))
def test_an_elder_with_more_hours_never_makes_a_volunteer_bank_less(facts, policy, more):
    richer = replace(facts, elder_available=facts.elder_available + more)

    assert credit(richer, policy).banked >= credit(facts, policy).banked


@given(facts, policies)
def test_no_cap_is_ever_passed(facts, policy):
    result = credit(facts, policy)

    cap = policy.import_day_cap if facts.is_imported else policy.day_cap
    if cap is not None:
        assert result.bankable <= max(0, cap - facts.used_that_day)
    if policy.balance_cap is not None and (result.banked or result.donated):
        assert facts.balance + result.banked + result.donated <= policy.balance_cap


@given(facts, policies, minutes)
def test_a_longer_visit_never_banks_less(facts, policy, more):
    longer = replace(facts, minutes=min(1440, facts.minutes + more))

    assert credit(longer, policy).banked >= credit(facts, policy).banked
    assert credit(longer, policy).served >= credit(facts, policy).served


@given(facts, policies, st.integers(0, 600))
def test_what_was_used_before_never_makes_a_visit_bank_more(facts, policy, more):
    later = replace(facts, used_that_day=facts.used_that_day + more, balance=facts.balance + more)

    assert credit(later, policy).banked <= credit(facts, policy).banked
    assert credit(later, policy).served == credit(facts, policy).served
