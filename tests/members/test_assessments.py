import datetime
import uuid

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from members import assessments, refusals
from members.eligibility import Records, Rule
from members.models import Area, Assessment, EligibilityRules
from tests.factories import ElderFactory, StaffFactory, community

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 11, 23)
NOW = datetime.datetime(2026, 11, 23, 2, tzinfo=datetime.UTC)


@pytest.fixture
def clerk():
    return StaffFactory(role="clerk")


@pytest.fixture
def checker():
    return StaffFactory(role="checker")


def assess(elder, by, **changes):
    told = {"on": TODAY, "result": "A", "reason": "", "key": uuid.uuid4(), "at": NOW}
    return assessments.assess(elder, by=by, **(told | changes))


def with_children():
    return ElderFactory(living="with_children")


def rule(elder, day):
    return Records([elder.member_id]).rule_on(elder, day)


def sql_beside(elder, day, volunteer=0):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT age_a, age_b, decided FROM members_beside_visit(%s, %s, %s)",
            [volunteer, elder.member_id, day],
        )
        return cursor.fetchone()


def test_what_the_rules_compute_is_settled_at_once(clerk):
    found = assess(ElderFactory(), clerk)

    assert (found.state, found.computed, found.result, found.age) == ("settled", "A", "A", 86)
    assert found.review_due_on == datetime.date(2027, 11, 23)
    assert found.approved_by is None


def test_rule_d_waits_for_a_second_person_and_then_holds_until_its_review(clerk, checker):
    elder = with_children()
    found = assess(elder, clerk, result="D", reason="女儿住院")
    assert (found.state, rule(elder, TODAY)) == ("waiting", Rule.NONE)

    assessments.approve(found, by=checker, at=NOW)

    due = datetime.date(2027, 11, 23)
    before, after = (TODAY - datetime.timedelta(1), due + datetime.timedelta(1))
    days = [before, TODAY, due, after]
    assert [rule(elder, day) for day in days] == ["none", "D", "D", "none"]
    assert [sql_beside(elder, day)[2] for day in days] == [None, "D", "D", None]


def test_staff_may_also_say_that_no_rule_holds(clerk, checker):
    elder = ElderFactory()
    found = assess(elder, clerk, result="none", reason="儿子搬回来了")

    assessments.approve(found, by=checker, at=NOW)

    assert rule(elder, TODAY) == Rule.NONE
    assert sql_beside(elder, TODAY)[2] == "none"


def test_a_later_assessment_by_the_rules_ends_a_decision(clerk, checker):
    elder = with_children()
    assessments.approve(assess(elder, clerk, result="D", reason="x"), by=checker, at=NOW)
    later = NOW + datetime.timedelta(30)

    assess(elder, clerk, result="none", on=later.date(), at=later)

    assert [rule(elder, day) for day in (TODAY, later.date())] == ["D", "none"]
    assert [sql_beside(elder, day)[2] for day in (TODAY, later.date())] == ["D", None]


def test_an_assessment_by_the_rules_does_not_keep_a_birthday_from_coming(clerk):
    elder = ElderFactory(member__birth_date=datetime.date(1946, 12, 1))
    assess(elder, clerk, result="none")

    assert rule(elder, datetime.date(2026, 11, 30)) == Rule.NONE
    assert rule(elder, datetime.date(2026, 12, 1)) == Rule.A


@pytest.mark.parametrize("result", ["A", "B", "C"])
def test_staff_do_not_decide_that_a_computed_rule_holds(clerk, result):
    with pytest.raises(refusals.NotForStaff):
        assess(with_children(), clerk, result=result, reason="x")


def test_a_decision_needs_a_reason(clerk):
    with pytest.raises(refusals.NeedsReason):
        assess(with_children(), clerk, result="D")


def test_where_rule_d_does_not_hold_nobody_decides_it(clerk):
    EligibilityRules.objects.create(
        area=community(), effective_from=TODAY, holds_d=False, review_months=6
    )

    with pytest.raises(refusals.NotForStaff):
        assess(with_children(), clerk, result="D", reason="x")
    assert assess(ElderFactory(), clerk).review_due_on == datetime.date(2027, 5, 23)


def test_the_day_of_an_assessment_has_come(clerk):
    with pytest.raises(refusals.InTheFuture):
        assess(ElderFactory(), clerk, on=TODAY + datetime.timedelta(1))


def test_nobody_approves_what_they_entered(checker):
    found = assess(with_children(), checker, result="D", reason="x")

    with pytest.raises(refusals.OwnEntry):
        assessments.approve(found, by=checker, at=NOW)
    assert not assessments.may_decide(found, by=checker)


@pytest.mark.parametrize("role", ["clerk", "auditor"])
def test_only_a_checker_decides(clerk, role):
    found = assess(with_children(), clerk, result="D", reason="x")

    with pytest.raises(PermissionDenied):
        assessments.approve(found, by=StaffFactory(role=role), at=NOW)


def test_a_checker_of_another_community_does_not_decide(clerk):
    found = assess(with_children(), clerk, result="D", reason="x")
    stranger = StaffFactory(role="checker", area=community("530111001002"))

    with pytest.raises(PermissionDenied):
        assessments.approve(found, by=stranger, at=NOW)


def test_an_auditor_assesses_nobody():
    with pytest.raises(PermissionDenied):
        assess(ElderFactory(), StaffFactory(role="auditor"))


def test_what_is_sent_back_says_why_and_decides_nothing(clerk, checker):
    elder = with_children()
    found = assess(elder, clerk, result="D", reason="x")

    assessments.send_back(found, by=checker, at=NOW, reason="没有说明")

    found.refresh_from_db()
    assert (found.state, found.return_reason, found.approved_by) == (
        "returned",
        "没有说明",
        checker,
    )
    assert rule(elder, TODAY) == Rule.NONE
    with pytest.raises(refusals.NotWaiting):
        assessments.approve(found, by=checker, at=NOW)


def test_one_decision_of_a_person_waits_at_a_time(clerk):
    elder = with_children()
    assess(elder, clerk, result="D", reason="x")

    with pytest.raises(refusals.WaitsAlready):
        assess(elder, clerk, result="D", reason="y")


def test_the_same_form_twice_is_one_assessment(clerk):
    elder, key = ElderFactory(), uuid.uuid4()

    first, second = (assess(elder, clerk, key=key) for _ in range(2))

    assert first == second
    assert Assessment.objects.count() == 1


def test_reviews_due_are_those_of_the_latest_assessments(clerk):
    elder, other = ElderFactory(), ElderFactory()
    year_ago = NOW - datetime.timedelta(400)
    assess(elder, clerk, on=year_ago.date(), at=year_ago)
    old = assess(other, clerk, on=year_ago.date(), at=year_ago)
    assess(elder, clerk)
    never = ElderFactory()

    areas = Area.objects.filter(pk=community().pk)

    assert list(assessments.due(areas, by_day=TODAY)) == [old]
    assert list(assessments.never(areas)) == [never]
    assert not assessments.due(Area.objects.filter(code="530111001002"), by_day=TODAY)
    day = old.review_due_on
    assert assessments.due(areas, by_day=day).exists()
    assert not assessments.due(areas, by_day=day - datetime.timedelta(1)).exists()


def test_two_of_one_day_leave_the_second_as_the_latest(clerk):
    elder = ElderFactory()
    assess(elder, clerk)
    second = assess(elder, clerk)

    far = TODAY + datetime.timedelta(999)
    assert list(assessments.due(Area.objects.all(), by_day=far)) == [second]


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        ((2026, 11, 23), 12, (2027, 11, 23)),
        ((2024, 2, 29), 12, (2025, 2, 28)),
        ((2026, 8, 31), 6, (2027, 2, 28)),
        ((2026, 12, 31), 1, (2027, 1, 31)),
        ((2026, 3, 31), 1, (2026, 4, 30)),
    ],
)
def test_a_review_comes_on_the_same_day_of_a_later_month(day, months, later):
    assert assessments.months_after(datetime.date(*day), months) == datetime.date(*later)


BAD_ROWS = {
    "approver_is_not_the_assessor": {"approved_by": "clerk", "result": "D", "reason": "x"},
    "against_the_rules_is_approved": {"result": "D", "reason": "x"},
    "against_the_rules_has_a_reason": {"result": "D", "approved_by": "checker"},
    "differs_by_decision_alone": {"result": "B", "reason": "x", "approved_by": "checker"},
    "computes_no_decision": {"computed": "D", "result": "D"},
    "is_reviewed_later": {"review_due_on": TODAY},
    "decided_says_when": {"decided_at": None},
    "returned_says_who_and_why": {"state": "returned", "return_reason": "x"},
}


@pytest.mark.parametrize(("constraint", "row"), BAD_ROWS.items(), ids=list(BAD_ROWS))
def test_the_database_refuses_what_no_assessment_can_be(clerk, checker, constraint, row):
    users = {"clerk": clerk, "checker": checker}
    good = {
        "member": ElderFactory().member,
        "rules": EligibilityRules.objects.get(),
        "assessed_on": TODAY,
        "review_due_on": TODAY + datetime.timedelta(365),
        "computed": "A",
        "result": "A",
        "state": "settled",
        "assessed_by": clerk,
        "assessed_at": NOW,
        "decided_at": NOW,
    }
    if "approved_by" in row:
        row = row | {"approved_by": users[row["approved_by"]]}

    with pytest.raises(IntegrityError, match=f"members_assessment_{constraint}"):
        Assessment.objects.create(**(good | row))


def test_what_was_decided_stays(clerk, checker):
    found = assess(with_children(), clerk, result="D", reason="x")
    assessments.approve(found, by=checker, at=NOW)
    rows = Assessment.objects.filter(pk=found.pk)

    for change in ({"result": "none"}, {"review_due_on": TODAY + datetime.timedelta(999)}):
        with pytest.raises(IntegrityError, match="is kept"), transaction.atomic():
            rows.update(**change)


def test_what_waits_is_decided_and_not_rewritten(clerk):
    found = assess(with_children(), clerk, result="D", reason="x")

    found.reason = "y"
    with pytest.raises(IntegrityError, match="is kept"), transaction.atomic():
        found.save(update_fields=["reason"])


def test_two_persons_may_wait_for_two_elders(clerk):
    for elder in (with_children(), with_children()):
        assess(elder, clerk, result="D", reason="x", at=timezone.now())

    assert Assessment.objects.waiting().count() == 2
