import os

import psycopg
import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection

from members import encryption, keys
from tests.factories import MemberFactory, StaffFactory
from tests.members.staff import with_app
from timebank import checks, database


@pytest.fixture
def drift(db):
    """Runs a statement as the superuser, and undoes it with another one after the test."""
    where = database.superuser(os.environ["TIMEBANK_SOCKET"], connection.settings_dict["NAME"])
    undo = []

    def run(statement, undone_by):
        with psycopg.connect(where, autocommit=True) as there:
            there.execute(statement)
        undo.append(undone_by)

    yield run
    connection.close()
    for statement in undo:
        with psycopg.connect(where, autocommit=True) as there:
            there.execute(statement)


def found():
    return {
        problem.id: problem.msg
        for problem in checks.the_web_role_may_only_read_the_ledger(databases=["default"])
    }


def test_the_database_is_as_the_code_believes(db):
    assert found() == {}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "right", ["INSERT", "UPDATE", "DELETE", "TRUNCATE", "UPDATE (amount)", "INSERT (amount)"]
)
def test_a_right_of_the_web_role_to_write_is_found(drift, right):
    drift(
        f"GRANT {right} ON ledger_transfer TO timebank_web",
        f"REVOKE {right} ON ledger_transfer FROM timebank_web",
    )

    assert found() == {
        "timebank.W002": "The web role may write to tables of the ledger: ledger_transfer."
    }


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("right", ["UPDATE", "DELETE", "TRUNCATE", "UPDATE (figures)"])
def test_a_right_of_the_web_role_to_change_a_closed_month_is_found(drift, right):
    drift(
        f"GRANT {right} ON services_closedmonth TO timebank_web",
        f"REVOKE {right} ON services_closedmonth FROM timebank_web",
    )

    assert found() == {
        "timebank.W002": "The web role may write to tables of the ledger: services_closedmonth."
    }


GUARDS = {
    "ledger_policy": "ledger_policy_is_never_edited",
    "services_closedmonth": "services_closedmonth_only_grows",
    "services_monthclosing": "services_monthclosing_is_decided_once",
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table", GUARDS)
def test_a_guard_of_versions_and_closed_months_that_sleeps_is_found(drift, table):
    drift(
        f"ALTER TABLE {table} DISABLE TRIGGER {GUARDS[table]}",
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {GUARDS[table]}",
    )

    assert table in found()["timebank.E001"]


@pytest.mark.django_db(transaction=True)
def test_a_web_role_that_owns_the_ledger_is_found(drift):
    drift(  # of one table: a role's membership would hold in the other workers' databases as well
        "ALTER TABLE ledger_transfer OWNER TO timebank_web",
        "ALTER TABLE ledger_transfer OWNER TO timebank_owner;"
        "REVOKE ALL ON ledger_transfer FROM timebank_web;"
        "GRANT SELECT ON ledger_transfer TO timebank_web",
    )

    assert "ledger_transfer" in found()["timebank.W001"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("state", ["DISABLE", "ENABLE", "ENABLE REPLICA"])
def test_a_trigger_that_does_not_always_fire_is_found(drift, state):
    drift(
        f"ALTER TABLE ledger_transfer {state} TRIGGER ledger_transfer_only_grows",
        "ALTER TABLE ledger_transfer ENABLE ALWAYS TRIGGER ledger_transfer_only_grows",
    )

    assert "ledger_transfer" in found()["timebank.E001"]
    with pytest.raises(SystemCheckError, match="switched off: ledger_transfer"):
        call_command("check", databases=["default"])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table", ["services_certificate", "services_statementprint"])
def test_a_right_to_take_papers_away_is_found(drift, table):
    drift(f"GRANT DELETE ON {table} TO timebank_web", f"REVOKE DELETE ON {table} FROM timebank_web")

    assert found() == {
        "timebank.W003": f"The web role may change what is kept as it was written: {table}."
    }


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("right", "table"),
    [
        ("UPDATE", "members_accountevent"),
        ("UPDATE (reason)", "members_accountevent"),
        ("DELETE", "members_mergedrow"),
        ("UPDATE (act)", "members_consent"),
        ("DELETE", "members_kinship"),
        ("TRUNCATE", "members_assessment"),
    ],
)
def test_a_right_to_rewrite_what_is_kept_of_people_and_accounts_is_found(drift, right, table):
    drift(
        f"GRANT {right} ON {table} TO timebank_web", f"REVOKE {right} ON {table} FROM timebank_web"
    )

    assert found() == {
        "timebank.W003": f"The web role may change what is kept as it was written: {table}."
    }


@pytest.mark.django_db(transaction=True)
def test_every_table_that_is_kept_is_watched(drift):
    """Whatever refuses to be truncated; the rules of hours are kept by their triggers alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT relname FROM pg_class JOIN pg_trigger ON tgrelid = pg_class.oid"
            " WHERE NOT tgisinternal AND tgtype & 32 <> 0 AND relname <> 'ledger_policy'"
        )
        kept = {table for (table,) in cursor.fetchall()}

    for table in kept:
        drift(
            f"GRANT DELETE ON {table} TO timebank_web",
            f"REVOKE DELETE ON {table} FROM timebank_web",
        )

    told = " ".join(found().values())
    assert {table for table in kept if table not in told} == set()
    assert len(kept) > 20


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("table", "trigger", "on"),
    [
        ("members_accountevent", "members_accountevent_only_grows", "ENABLE ALWAYS"),
        ("members_mergedrow", "members_mergedrow_is_kept", "ENABLE ALWAYS"),
        ("members_user", "members_area_keeps_an_administrator", "ENABLE ALWAYS"),
        ("members_staffrole", "members_area_keeps_an_administrator", "ENABLE ALWAYS"),
        ("services_visit", "services_visit_names_people_who_are_here", "ENABLE"),
        ("members_elder", "members_elder_changes_are_kept", "ENABLE"),
    ],
)
def test_any_guard_that_is_switched_off_is_found(drift, table, trigger, on):
    drift(
        f"ALTER TABLE {table} DISABLE TRIGGER {trigger}",
        f"ALTER TABLE {table} {on} TRIGGER {trigger}",
    )

    assert table in found()["timebank.E001"]


@pytest.mark.django_db(transaction=True)
def test_a_guard_of_papers_that_is_off_is_found(drift):
    trigger = "services_certificate_is_not_rewritten"
    drift(
        f"ALTER TABLE services_certificate DISABLE TRIGGER {trigger}",
        f"ALTER TABLE services_certificate ENABLE ALWAYS TRIGGER {trigger}",
    )

    assert "services_certificate" in found()["timebank.E001"]


@pytest.mark.django_db(transaction=True)
def test_what_is_found_is_logged_when_the_web_server_starts(drift, caplog):
    drift(
        "GRANT DELETE ON ledger_balance TO timebank_web",
        "REVOKE DELETE ON ledger_balance FROM timebank_web",
    )

    checks.log_drift()

    assert [record.fields["check"] for record in caplog.records] == ["timebank.W002"]


def tried():
    return {p.id: p for p in checks.the_keys_open_what_is_stored(databases=["default"])}


def stored():
    """A person with sealed values and two indexes, and a second factor."""
    MemberFactory(id_number="11010519491231002X", phone="13808712345", address="日新里3幢")
    with_app(StaffFactory(role="checker"))


@pytest.mark.django_db
def test_the_right_keys_open_what_is_stored(settings):
    stored()
    assert tried() == {}

    settings.ENCRYPTION_KEYS += f",{encryption.new_key(2)}"
    settings.INDEX_KEYS += f",{encryption.new_key(2)}"

    assert tried() == {}


@pytest.mark.django_db
def test_keys_that_do_not_open_what_is_stored_are_found(settings):
    stored()
    settings.ENCRYPTION_KEYS = encryption.new_key()

    found = tried()

    assert list(found) == ["timebank.E002"]
    for column in (
        "members_member.address",
        "members_memberphone.number",
        "otp_totp_totpdevice.key",
    ):
        assert f"{column}, key 1" in found["timebank.E002"].msg
    assert "Put the keys back" in found["timebank.E002"].hint
    with pytest.raises(SystemCheckError, match="ENCRYPTION_KEYS do not open what is stored"):
        call_command("check", databases=["default"])


@pytest.mark.django_db
def test_a_key_that_was_dropped_too_early_is_named_by_its_number(settings):
    new = encryption.new_key(2)
    MemberFactory(address="日新里3幢")
    settings.ENCRYPTION_KEYS += f",{new}"
    for number in range(keys.ROWS + 1):
        MemberFactory(address=f"日新里{number}幢")

    settings.ENCRYPTION_KEYS = new

    assert "members_member.address, key 1." in tried()["timebank.E002"].msg


@pytest.mark.django_db
def test_keys_that_make_other_indexes_are_found(settings):
    stored()
    settings.INDEX_KEYS = encryption.new_key()

    found = tried()

    assert list(found) == ["timebank.E003"]
    named = "members_member.id_number_index, members_memberphone.number_index."
    assert found["timebank.E003"].msg.endswith(named)
    assert "Put the old keys back" in found["timebank.E003"].hint


@pytest.mark.django_db(transaction=True)
def test_keys_that_do_not_fit_are_logged_in_words_when_the_web_server_starts(settings, caplog):
    stored()
    settings.ENCRYPTION_KEYS = encryption.new_key()

    checks.log_drift()

    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert record.fields["check"] == "timebank.E002"
    assert "docs/running.md" in record.fields["hint"]
