"""What the database refuses to change or to take, each refusal matched by its name."""

import os

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from services.papers import codes
from services.papers.models import Certificate, StatementPrint, StatementRun
from tests.factories import StaffFactory
from timebank import database

pytestmark = pytest.mark.django_db(transaction=True)
# By rights first. Another worker's test may lend the web role the owner's for a moment, in all
# databases of the server; then it is the triggers that refuse.
REFUSED = "permission denied|is refused"


@pytest.fixture
def certificate(serve, issue):
    serve(60)
    return issue()


@pytest.fixture
def printed(holder, clerk):
    return StatementPrint.objects.create(
        area=holder.area, member=holder, account=1001, first_seq=1, last_seq=5, printed_by=clerk
    )


def as_superuser(statement):
    where = database.superuser(os.environ["TIMEBANK_SOCKET"], connection.settings_dict["NAME"])
    with psycopg.connect(where) as there:
        there.execute(statement)


@pytest.mark.parametrize(
    "change",
    [
        {"content": "{}", "content_hash": "0" * 64},
        {"serial": 7},
        {"code": codes.new()},
        {"period_end": "2026-12-31"},
    ],
)
def test_the_application_may_not_rewrite_a_certificate(certificate, change):
    with pytest.raises(DatabaseError, match=REFUSED):
        Certificate.objects.filter(pk=certificate.pk).update(**change)


def test_the_application_may_not_delete_papers(certificate, printed):
    for paper in (certificate, printed):
        with pytest.raises(DatabaseError, match=REFUSED):
            type(paper).objects.filter(pk=paper.pk)._raw_delete(using="default")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE services_certificate SET serial = 9",
        "UPDATE services_certificate SET withdraw_reason = ''",
        "DELETE FROM services_certificate",
        "TRUNCATE services_certificate",
        "UPDATE services_statementprint SET last_seq = 9",
        "DELETE FROM services_statementprint",
        "TRUNCATE services_statementprint",
        "SET session_replication_role = replica; DELETE FROM services_certificate",
    ],
)
def test_nobody_changes_papers_past_the_triggers(certificate, printed, statement):
    with pytest.raises(psycopg.errors.RestrictViolation, match="is refused"):
        as_superuser(statement)


def test_a_withdrawal_is_not_taken_back(certificate):
    as_superuser(
        "UPDATE services_certificate SET withdrawn_at = now(),"
        " withdraw_reason = members_emptied(), withdrawn_by_id = issued_by_id"
    )

    with pytest.raises(psycopg.errors.RestrictViolation, match="stays as it was issued"):
        as_superuser(
            "UPDATE services_certificate SET withdrawn_at = NULL, withdraw_reason = '',"
            " withdrawn_by_id = NULL"
        )


CERTIFICATE = {
    "number_is_given_once": {},
    "code_is_one": {"serial": 2},
    "code_cannot_be_guessed": {"serial": 2, "code": "1"},
    "serial_begins_at_one": {"serial": 0, "code": "7HKM4XQA9WDE3RVT6CPY"},
    "period_is_in_order": {"serial": 2, "code": "7HKM4XQA9WDE3RVT6CPY", "period_end": "2020-01-01"},
    "hash_is_of_its_content": {"serial": 2, "code": "7HKM4XQA9WDE3RVT6CPY", "content": "{}"},
    "withdrawn_says_who_when_and_why": {
        "serial": 2,
        "code": "7HKM4XQA9WDE3RVT6CPY",
        "withdraw_reason": "x",
    },
}


@pytest.mark.parametrize("name", CERTIFICATE)
def test_a_certificate_that_is_wrong_is_refused(certificate, name):
    fields = ("area", "year", "serial", "code", "member", "period_start", "period_end")
    fields += ("content", "content_hash", "issued_by", "issued_at")
    values = {field: getattr(certificate, field) for field in fields}

    with pytest.raises(IntegrityError, match=f"services_certificate_{name}"), transaction.atomic():
        Certificate.objects.create(**values | CERTIFICATE[name])


def test_a_new_line_is_printed_once(printed):
    values = {
        field: getattr(printed, field) for field in ("area", "member", "account", "printed_by")
    }
    again = StatementPrint.objects.create(**values, first_seq=5, last_seq=6, is_again=True)

    with pytest.raises(IntegrityError, match="services_statementprint_prints_a_new_line_once"):
        StatementPrint.objects.create(**values, first_seq=5, last_seq=6)
    with pytest.raises(IntegrityError, match="services_statementprint_lines_are_in_order"):
        StatementPrint.objects.create(**values, first_seq=7, last_seq=6)
    assert again.pk


RUN = {
    "done_has_its_file": {"state": "done"},
    "does_at_most_all": {"members_done": 1},
    "of_a_year_is_made_once_at_a_time": {},
}


@pytest.mark.parametrize("name", RUN)
def test_a_run_that_is_wrong_is_refused(holder, name):
    values = {"area": holder.area, "year": 2026, "requested_by": StaffFactory()}
    StatementRun.objects.create(**values)

    with pytest.raises(IntegrityError, match=f"services_statementrun_{name}"):
        StatementRun.objects.create(**values | RUN[name])
