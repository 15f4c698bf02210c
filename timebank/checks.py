"""Whether the database still refuses what the code believes, and the keys open what it holds.

Run by `manage.py check --database default`, and at each start of the web server.
"""

import logging

from django.core.checks import Error, Tags, Warning, register, run_checks
from django.db import DatabaseError, ProgrammingError, connections, transaction

from members import keys

logger = logging.getLogger(__name__)

# Policies and requests are rows like any others; what else begins with ledger_ is the ledger.
# Papers are written once; a decision is written once more when it is made, or when it ends.
DRIFT = r"""
    WITH ledger AS (
        SELECT oid, relname, relowner FROM pg_class
        WHERE relname LIKE 'ledger\_%'
          AND relname NOT IN ('ledger_policy', 'ledger_movementrequest')
          AND relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v')
    ), papers AS (
        SELECT oid, relname FROM pg_class
        WHERE relname IN ('services_certificate', 'services_statementprint', 'members_consent',
            'members_consenttext', 'members_look', 'members_accountevent', 'members_mergedrow')
          AND relnamespace = 'public'::regnamespace
    ), decisions AS (
        SELECT oid, relname FROM pg_class
        WHERE relname IN ('members_eligibilityrules', 'members_assessment', 'members_kinship',
            'members_agent', 'services_objection')
          AND relnamespace = 'public'::regnamespace
    )
    SELECT 'owned', relname FROM ledger WHERE pg_has_role(relowner, 'USAGE')
    UNION
    SELECT 'writable', relname FROM ledger
    WHERE has_table_privilege(oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
       OR has_any_column_privilege(oid, 'INSERT, UPDATE, REFERENCES')
    UNION
    SELECT 'forged', relname FROM pg_class
    WHERE relname = 'members_change' AND relnamespace = 'public'::regnamespace
      AND (has_table_privilege(oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
        OR has_any_column_privilege(oid, 'INSERT, UPDATE, REFERENCES'))
    UNION
    SELECT 'rewritable', relname FROM papers
    WHERE has_table_privilege(oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER')
       OR relname <> 'services_certificate' AND has_any_column_privilege(oid, 'UPDATE')
    UNION
    SELECT 'rewritable', relname FROM decisions
    WHERE has_table_privilege(oid, 'DELETE, TRUNCATE, TRIGGER')
    UNION
    SELECT 'writable', relname FROM pg_class
    WHERE relname = 'services_closedmonth'
      AND (has_table_privilege(oid, 'UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
        OR has_any_column_privilege(oid, 'UPDATE, REFERENCES'))
    UNION
    SELECT 'asleep', relname FROM pg_class JOIN pg_trigger ON tgrelid = pg_class.oid
    WHERE NOT tgisinternal AND relnamespace = 'public'::regnamespace
      AND relname ~ '^(ledger|members|services)_'
      AND (tgenabled IN ('D', 'R') OR tgenabled = 'O' AND (
        pg_class.oid IN (
            SELECT oid FROM ledger UNION SELECT oid FROM papers UNION SELECT oid FROM decisions
        ) OR relname IN ('ledger_policy', 'services_closedmonth', 'services_monthclosing',
            'members_change', 'members_staffrole', 'members_user')))
    ORDER BY 1, 2
"""


@register(Tags.database)
def the_web_role_may_only_read_the_ledger(databases=None, **kwargs):
    if "default" not in (databases or ()):
        return []
    with connections["default"].cursor() as cursor:
        cursor.execute(DRIFT)
        found = cursor.fetchall()
    owned, writable, forged, rewritable, asleep = (
        ", ".join(table for what, table in found if what == which)
        for which in ("owned", "writable", "forged", "rewritable", "asleep")
    )
    problems = []
    if owned:
        problems.append(
            Warning(
                f"The web role owns tables of the ledger: {owned}.",
                hint="Let DATABASE_URL name timebank_web, and DATABASE_OWNER_URL the owner.",
                id="timebank.W001",
            )
        )
    elif writable:
        problems.append(
            Warning(
                f"The web role may write to tables of the ledger: {writable}.",
                hint="REVOKE ALL ON these tables, then GRANT SELECT: see docs/running.md.",
                id="timebank.W002",
            )
        )
    if rewritable and not owned:
        problems.append(
            Warning(
                f"The web role may change what is kept as it was written: {rewritable}.",
                hint="REVOKE UPDATE, DELETE, TRUNCATE ON these tables: see docs/running.md.",
                id="timebank.W003",
            )
        )
    if forged and not owned:
        problems.append(_forgeable(forged))
    if asleep:
        problems.append(
            Error(
                f"Triggers that guard what is kept are switched off: {asleep}.",
                hint="ALTER TABLE … ENABLE ALWAYS TRIGGER …, then find out who did it.",
                id="timebank.E001",
            )
        )
    return problems


@register(Tags.database)
def the_keys_open_what_is_stored(databases=None, **kwargs):
    """Nothing is asked before `migrate` has made the tables as the code knows them."""
    if "default" not in (databases or ()):
        return []
    try:
        with transaction.atomic():
            unopened, unindexed = keys.tried()
    except ProgrammingError:
        return [Warning("The keys are not tried: run migrate first.", id="timebank.W005")]
    problems = []
    if unopened:
        told = "; ".join(f"{column}, key {_named(ids)}" for column, ids in sorted(unopened.items()))
        problems.append(
            Error(
                f"ENCRYPTION_KEYS do not open what is stored: {told}.",
                hint="Let nobody work. Put the keys back under which it was sealed (from your copy,"
                " or with the old key beside the new one) and restart: docs/running.md, Keys.",
                id="timebank.E002",
            )
        )
    if unindexed:
        problems.append(
            Error(
                f"INDEX_KEYS make other indexes than are stored: {', '.join(sorted(unindexed))}.",
                hint="Let nobody work: ID numbers and phones are not found. Put the old keys back"
                " and restart; a new key is added behind them: docs/running.md, Keys.",
                id="timebank.E003",
            )
        )
    return problems


def _named(numbers):
    return ", ".join(str(number) for number in sorted(numbers))


def _forgeable(tables):
    return Warning(
        f"The web role may write the history of people by hand: {tables}.",
        hint="REVOKE ALL ON members_change FROM timebank_web, then GRANT SELECT.",
        id="timebank.W004",
    )


def log_drift():
    """Log what the checks find, and leave no connection behind for forked workers to share."""
    try:
        for problem in run_checks(tags=[Tags.database], databases=["default"]):
            fields = {"check": problem.id, "problem": problem.msg, "hint": problem.hint}
            logger.error("database is not as it should be", extra={"fields": fields})
    except DatabaseError:
        logger.exception("database cannot be checked")
    finally:
        connections["default"].close()
        connections["default"].close_pool()
