"""New versions of the rules: proposed by one, approved by another, never edited."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from ledger import periods, policies
from ledger.models import Policy
from members.models import Area
from tests.factories import StaffFactory, community

pytestmark = pytest.mark.django_db

NOW = timezone.now()
TODAY = timezone.localdate(NOW)
NEXT = TODAY + datetime.timedelta(days=20)


@pytest.fixture
def author():
    return StaffFactory(role="administrator")


@pytest.fixture
def second():
    return StaffFactory(role="administrator")


def version(day=NEXT, **rules):
    base = Policy.objects.order_by("pk").first()
    values = {field.attname: getattr(base, field.attname) for field in policies.rules()}
    return Policy(area=community(), effective_from=day, based_on=base, **values | rules)


def propose(author, day=NEXT, **rules):
    return policies.propose(version(day, **rules), by=author, at=NOW)


def in_force(day=NEXT):
    return Policy.objects.in_force(community(), day)


def test_a_version_is_in_force_only_once_it_is_approved(author, second):
    proposed = propose(author, day_cap=120)
    assert in_force().day_cap == 240
    assert proposed not in Policy.objects.for_area(community())

    policies.approve(proposed, by=second, at=NOW)

    assert (in_force(), in_force().day_cap) == (proposed, 120)
    assert in_force(NEXT - datetime.timedelta(days=1)).day_cap == 240


def test_nobody_approves_their_own_version(author):
    proposed = propose(author)

    with pytest.raises(policies.OwnEntry):
        policies.approve(proposed, by=author, at=NOW)


def test_the_author_may_take_it_back_and_nobody_else(author, second):
    proposed = propose(author)
    with pytest.raises(PermissionDenied):
        policies.withdraw(proposed, by=second, at=NOW)

    assert policies.withdraw(proposed, by=author, at=NOW).state == "withdrawn"
    with pytest.raises(policies.NotWaiting):
        policies.approve(proposed, by=second, at=NOW)


def test_sent_back_it_says_why_and_its_day_is_free_again(author, second):
    policies.send_back(propose(author), by=second, at=NOW, reason="Too low.")

    assert Policy.objects.get(state="returned").return_reason == "Too low."
    assert propose(author).state == "waiting"


@pytest.mark.parametrize("role", ["clerk", "checker", "coordinator", "auditor"])
def test_only_administrators_write_rules(role):
    with pytest.raises(PermissionDenied):
        propose(StaffFactory(role=role))


def test_an_administrator_writes_no_rules_of_another_area_nor_of_all(author):
    other = version()
    for area in (Area.objects.get(level="district"), None):
        other.area = area
        with pytest.raises(PermissionDenied):
            policies.propose(other, by=author, at=NOW)


def test_the_first_version_of_an_area_may_begin_in_the_past_a_later_one_not(author, second):
    past = TODAY - datetime.timedelta(days=90)
    policies.approve(propose(author, past), by=second, at=NOW)

    with pytest.raises(policies.InThePast):
        propose(author, TODAY - datetime.timedelta(days=1))
    assert propose(author, TODAY).state == "waiting"


def test_a_version_whose_day_has_passed_meanwhile_is_not_approved(author, second):
    propose(author, TODAY + datetime.timedelta(days=60))
    proposed = propose(author)

    with pytest.raises(policies.InThePast):
        policies.approve(proposed, by=second, at=NOW + datetime.timedelta(days=30))


def test_no_version_begins_in_a_closed_month(author):
    last_month = TODAY.replace(day=1) - datetime.timedelta(days=1)
    periods.close_month(community(), last_month, by=author, at=NOW)

    with pytest.raises(policies.InAClosedMonth):
        propose(author, last_month)


def test_one_version_a_day(author):
    propose(author)

    with pytest.raises(policies.VersionExists):
        propose(author, day_cap=100)


def test_a_version_that_changes_nothing_is_none(author, second):
    first = policies.approve(propose(author), by=second, at=NOW)
    same = version(NEXT + datetime.timedelta(days=1))
    same.based_on = first

    with pytest.raises(policies.NothingChanged):
        policies.propose(same, by=author, at=NOW)


WRONG = {
    "ledger_policy_has_one_version_a_day": {},
    "ledger_policy_of_a_person_is_approved_by_another": {"state": "approved", "decided_at": NOW},
    "ledger_policy_decided_says_when": {"state": "withdrawn"},
    "ledger_policy_returned_says_who_and_why": {"state": "returned", "decided_at": NOW},
}


@pytest.mark.parametrize("constraint", WRONG)
def test_the_database_refuses_a_version(constraint, author):
    day = propose(author).effective_from
    day += datetime.timedelta(days=bool(WRONG[constraint]))

    with pytest.raises(IntegrityError, match=constraint):
        Policy.objects.create(
            area=community(),
            effective_from=day,
            author=author,
            **{"state": "waiting"} | WRONG[constraint],
        )


def test_the_database_refuses_an_approver_who_is_the_author(author):
    proposed = propose(author)

    with pytest.raises(IntegrityError, match="ledger_policy_approver_is_not_the_author"):
        Policy.objects.filter(pk=proposed.pk).update(
            state="approved", approver=author, decided_at=NOW
        )


EDITS = [
    "UPDATE ledger_policy SET day_cap = 1",
    "UPDATE ledger_policy SET effective_from = '2030-01-01' WHERE state = 'waiting'",
    "UPDATE ledger_policy SET state = 'withdrawn', decided_at = now() WHERE state = 'approved'",
    "DELETE FROM ledger_policy",
]


@pytest.mark.parametrize("statement", EDITS)
def test_no_version_is_edited_or_deleted(statement, author):
    propose(author)

    with pytest.raises(IntegrityError, match="version of the rules"), transaction.atomic():
        connection.cursor().execute(statement)


def test_nor_by_the_superuser_with_the_ordinary_triggers_off(author, connect):
    with connect("postgres", options="-c session_replication_role=replica") as superuser:
        for statement in (*EDITS[:1], EDITS[3], "TRUNCATE ledger_policy CASCADE"):
            with pytest.raises(Exception, match="refused"), superuser.transaction():
                superuser.execute(statement)


def test_the_rules_are_all_fields_but_the_bookkeeping():
    names = {field.name for field in policies.rules()}

    assert {"day_cap", "two_persons", "two_close_months", "bankable_days"} <= names
    assert not names & set(policies.BOOKKEEPING)
    assert names | set(policies.BOOKKEEPING) == {f.name for f in Policy._meta.concrete_fields}
