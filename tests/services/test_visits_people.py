"""What is on record of the two people decides who pays for a visit, and whether it banks."""

import datetime
import uuid

import pytest

from ledger import accounts
from ledger.models import Policy
from members import assessments, consents, kinship
from members.refusals import NotWaiting
from services import visits
from services.visits import doubts, facts, recording
from tests.factories import ElderFactory, MemberFactory, StaffFactory, VolunteerFactory
from tests.services.test_visits_imported import row
from tests.services.test_visits_log import NOW, TODAY, log
from tests.services.test_visits_races import second_while_first_is_open

DAY = datetime.timedelta(1)


def decided(elder, result="D", on=TODAY):
    told = {"on": on, "reason": "x", "key": uuid.uuid4(), "at": NOW}
    one = assessments.assess(elder, result=result, by=StaffFactory(), **told)
    return assessments.approve(one, by=StaffFactory(role="checker"), at=NOW)


def kin(volunteer, elder, relation="parent", *, confirmed=True):
    told = {"proof": "birth", "proof_note": "", "seen_on": TODAY, "key": uuid.uuid4(), "at": NOW}
    one = kinship.enter(volunteer, relative=elder, relation=relation, by=StaffFactory(), **told)
    return kinship.confirm(one, by=StaffFactory(role="checker"), at=NOW) if confirmed else one


@pytest.fixture
def volunteer(db):
    return VolunteerFactory().member


@pytest.fixture
def elder(db):
    return ElderFactory(living="with_children")


def worth(visit):
    return visit.banked_minutes, visit.not_banked


def test_rule_d_makes_the_pool_pay_from_its_day_on(volunteer, elder):
    before = log(volunteer, elder.member)
    decided(elder)

    assert worth(before) == (0, {"not_eligible": 60})
    assert worth(log(volunteer, elder.member)) == (60, {})
    assert worth(log(volunteer, elder.member, service_date=TODAY - DAY)) == (
        0,
        {"not_eligible": 60},
    )


def test_a_decision_that_waits_pays_nothing(volunteer, elder):
    told = {"on": TODAY, "reason": "x", "key": uuid.uuid4(), "at": NOW}
    assessments.assess(elder, result="D", by=StaffFactory(), **told)

    assert worth(log(volunteer, elder.member)) == (0, {"not_eligible": 60})


def test_two_persons_may_also_decide_that_the_pool_does_not_pay(volunteer):
    elder = ElderFactory()
    decided(elder, "none")

    assert worth(log(volunteer, elder.member)) == (0, {"not_eligible": 60})


def test_a_withdrawn_consent_takes_need_from_the_rules_and_no_visit_is_refused(volunteer):
    elder = ElderFactory(member__birth_date=datetime.date(1960, 1, 1), income="minimum_allowance")
    assert worth(log(volunteer, elder.member)) == (60, {})

    clerk = StaffFactory()
    consents.withdraw(elder.member, "sensitive", how="call", by=clerk, at=NOW)

    assert worth(log(volunteer, elder.member)) == (0, {"not_eligible": 60})


@pytest.mark.parametrize(
    ("relation", "banked"),
    [("spouse", 0), ("parent", 0), ("child", 0), ("sibling", 60), ("grandparent", 60)],
)
@pytest.mark.parametrize("turned", [False, True])
def test_own_family_is_served_and_not_banked(volunteer, relation, banked, turned):
    elder = ElderFactory().member
    kin(*((elder, volunteer) if turned else (volunteer, elder)), relation)

    visit = log(volunteer, elder)

    assert (visit.served_minutes, visit.banked_minutes) == (60, banked)
    assert visit.not_banked == ({} if banked else {"own_family": 60})


def test_kin_whom_nobody_has_confirmed_are_banked_for(volunteer):
    elder = ElderFactory().member
    kin(volunteer, elder, confirmed=False)

    assert worth(log(volunteer, elder)) == (60, {})


def test_which_relatives_are_own_family_is_policy(volunteer):
    elder = ElderFactory().member
    kin(volunteer, elder, "spouse")
    base = Policy.objects.in_force(volunteer.area, TODAY)
    base.pk, base.area, base.own_family = None, volunteer.area, ["sibling"]
    base.effective_from = TODAY
    base.save(force_insert=True)

    assert worth(log(volunteer, elder)) == (60, {})


def test_own_family_is_said_before_it_is_saved(volunteer):
    elder = ElderFactory().member
    kin(volunteer, elder)

    with pytest.raises(doubts.Doubts) as raised:
        log(volunteer, elder, seen=())

    assert [doubt.code for doubt in raised.value.doubts] == ["own_family"]
    assert log(volunteer, elder, seen=["own_family"]).not_banked == {"own_family": 60}


def test_a_register_knows_own_family_too(volunteer):
    elder = ElderFactory().member
    kin(elder, volunteer, "child")
    one = row(volunteer, elder, service_date=TODAY)
    checker = StaffFactory(role="checker")

    found = visits.post_imported([one], batch_author=StaffFactory(), approver=checker, at=NOW)

    assert found.visits[one.key].not_banked == {"own_family": one.minutes}


CHANGES = {
    "decided": lambda volunteer, elder: decided(elder),
    "kin": lambda volunteer, elder: kin(volunteer, elder.member),
    "hidden": lambda volunteer, elder: consents.withdraw(
        elder.member, "sensitive", how="call", by=StaffFactory(), at=NOW
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_after_it_was_read_is_read_again(volunteer, elder, change, monkeypatch):
    """Between reading and writing, as another clerk would: the mark no longer fits."""
    accounts.open_for(volunteer.area, [volunteer.key])
    gather, calls = facts.gather, []

    def gather_and_change(*args):
        known = gather(*args)
        if not calls:
            CHANGES[change](volunteer, elder)
        calls.append(known.mark)
        return known

    monkeypatch.setattr(recording.facts, "gather", gather_and_change)

    visit = log(volunteer, elder.member)

    assert len(calls) == 2
    assert calls[0] != calls[1]
    assert (visit.banked_minutes == 60) == (change == "decided")


@pytest.mark.django_db(transaction=True)
def test_two_checkers_who_approve_one_decision_at_once_decide_once():
    elder = ElderFactory(living="with_children")
    told = {"on": TODAY, "reason": "x", "key": uuid.uuid4(), "at": NOW}
    one = assessments.assess(elder, result="D", by=StaffFactory(), **told)
    checkers = [StaffFactory(role="checker") for _ in range(2)]

    first, second = second_while_first_is_open(
        lambda: assessments.approve(one, by=checkers[0], at=NOW),
        lambda: assessments.approve(one, by=checkers[1], at=NOW),
    )

    assert first.approved_by == checkers[0]
    assert isinstance(second, NotWaiting)


@pytest.mark.django_db(transaction=True)
def test_two_checkers_who_confirm_one_kinship_at_once_confirm_once():
    one = kin(MemberFactory(), MemberFactory(), confirmed=False)
    checkers = [StaffFactory(role="checker") for _ in range(2)]

    first, second = second_while_first_is_open(
        lambda: kinship.confirm(one, by=checkers[0], at=NOW),
        lambda: kinship.send_back(one, by=checkers[1], at=NOW, reason="x"),
    )

    assert (first.state, first.confirmed_by) == ("confirmed", checkers[0])
    assert isinstance(second, NotWaiting)


@pytest.mark.django_db(transaction=True)
def test_two_clerks_who_enter_one_pair_at_once_from_both_sides_enter_it_once():
    one, other = MemberFactory(), MemberFactory()

    _first, second = second_while_first_is_open(
        lambda: kin(one, other, confirmed=False), lambda: kin(other, one, "child", confirmed=False)
    )

    assert type(second).__name__ == "OnRecordAlready"
