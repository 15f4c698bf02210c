"""What the database keeps as it was said or decided: by rights first, by triggers second."""

import os
import uuid

import psycopg
import pytest
from django.db import DatabaseError, connection
from django.utils import timezone
from psycopg import errors

from members import agents, assessments, consents, kinship
from tests.factories import ElderFactory, MemberFactory, StaffFactory
from timebank import database

pytestmark = pytest.mark.django_db(transaction=True)
REFUSED = "permission denied|is refused"
KEPT = ["consent", "consenttext", "eligibilityrules", "assessment", "kinship", "agent"]


@pytest.fixture
def everything():
    """A row in each of the tables, all of them decided."""
    clerk, checker = StaffFactory(role="clerk"), StaffFactory(role="checker")
    elder, relative = ElderFactory(living="with_children"), MemberFactory()
    now, today = timezone.now(), timezone.localdate()
    told = {"by": clerk, "at": now, "key": uuid.uuid4()}
    found = assessments.assess(elder, on=today, result="D", reason="x", **told)
    assessments.approve(found, by=checker, at=now)
    kin = {"relation": "child", "proof": "birth", "proof_note": "", "seen_on": today}
    one = kinship.enter(elder.member, relative=relative, **kin, **told)
    kinship.end(kinship.confirm(one, by=checker, at=now), on=today, by=checker, at=now)
    consents.give(elder.member, "basic", how="paper", by=clerk, at=now)
    days = {"since": today, "until": None}
    agent = agents.appoint(
        elder.member, agent=relative, scopes=["see"], how="paper", **days, **told
    )
    agents.revoke(agent, by=clerk, at=now)


def as_superuser(statement):
    where = database.superuser(os.environ["TIMEBANK_SOCKET"], connection.settings_dict["NAME"])
    with psycopg.connect(where) as there:
        there.execute(statement)


CHANGES = {
    "consent": "act = 'given', said_on = said_on - 1",
    "consenttext": "text_zh = 'x'",
    "eligibilityrules": "age_a = 60",
    "assessment": "result = 'none'",
    "kinship": "ended_on = NULL, ended_by_id = NULL",
    "agent": "revoked_at = NULL, revoked_by_id = NULL",
}


@pytest.mark.parametrize("table", KEPT)
def test_nobody_rewrites_what_is_kept(everything, table):
    statement = f"UPDATE members_{table} SET {CHANGES[table]}"

    with pytest.raises(errors.RestrictViolation, match="what was said or decided is kept"):
        as_superuser(statement)
    with pytest.raises(DatabaseError, match=REFUSED), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("table", KEPT)
@pytest.mark.parametrize("act", ["DELETE FROM", "TRUNCATE"])
def test_nobody_takes_away_what_is_kept(everything, table, act):
    end = " CASCADE" if act == "TRUNCATE" else ""
    statement = f"{act} members_{table}{end}"

    with pytest.raises(errors.RestrictViolation, match="what was said or decided is kept"):
        as_superuser(f"SET session_replication_role = replica; {statement}")
    with pytest.raises(DatabaseError, match=REFUSED), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_change_of_an_open_row_is_its_decision_alone(db):
    clerk = StaffFactory(role="clerk")
    told = {"by": clerk, "at": timezone.now(), "key": uuid.uuid4()}
    kin = {
        "relation": "child",
        "proof": "birth",
        "proof_note": "",
        "seen_on": timezone.localdate(),
    }
    one = kinship.enter(MemberFactory(), relative=MemberFactory(), **kin, **told)

    with pytest.raises(errors.RestrictViolation):
        as_superuser(f"UPDATE members_kinship SET relation = 'spouse' WHERE id = {one.pk}")


@pytest.mark.parametrize("table", KEPT)
def test_the_guards_always_fire(table):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE tgenabled = 'A') FROM pg_trigger"
            " WHERE NOT tgisinternal AND tgrelid = %s::regclass",
            [f"members_{table}"],
        )
        every, always = cursor.fetchone()

    assert every == always > 1
