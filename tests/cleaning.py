"""Cleaning up after tests that commit, where the tables themselves refuse to forget.

Django's flush truncates as the connection's role. Ours may not, and the ledger refuses it from
everybody, so the superuser lifts the guards for the length of one transaction, deletes what the
test has left behind and puts back the rows that the migrations wrote.
"""

import psycopg

# A copy of every table that is not empty after the migrations: areas, categories, holidays, ….
REMEMBER = """
DO $$
DECLARE
    t regclass;
    filled boolean;
BEGIN
    DROP SCHEMA IF EXISTS migrated CASCADE;
    CREATE SCHEMA migrated;
    FOR t IN SELECT oid FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', t) INTO filled;
        IF filled THEN
            EXECUTE format('CREATE TABLE migrated.%I AS TABLE %s', t, t);
        END IF;
    END LOOP;
END $$
"""

# Foreign keys do not fire in replica mode, so that the order of the tables does not matter;
# triggers that always fire are switched off and on again around the deletion.
RESTORE = """
DO $$
DECLARE
    t regclass;
    copy regclass;
    guard name;
    dirty boolean;
    is_kept boolean;
BEGIN
    FOR t, copy IN
        SELECT c.oid, to_regclass(format('migrated.%I', c.relname)) FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' LOOP
        is_kept := copy IS NOT NULL;
        IF is_kept THEN
            EXECUTE format(
                'SELECT EXISTS ((SELECT t::text FROM %1$s t EXCEPT ALL SELECT c::text FROM %2$s c)
                    UNION ALL (SELECT c::text FROM %2$s c EXCEPT ALL SELECT t::text FROM %1$s t))',
                t, copy) INTO dirty;
        ELSE
            EXECUTE format('SELECT EXISTS (SELECT FROM %s)', t) INTO dirty;
        END IF;
        CONTINUE WHEN NOT dirty;
        FOR guard IN SELECT tgname FROM pg_trigger WHERE tgrelid = t AND tgenabled = 'A' LOOP
            EXECUTE format('ALTER TABLE %s DISABLE TRIGGER %I', t, guard);
        END LOOP;
        EXECUTE format('DELETE FROM %s', t);
        IF is_kept THEN
            EXECUTE format('INSERT INTO %s OVERRIDING SYSTEM VALUE TABLE %s', t, copy);
        END IF;
        FOR guard IN SELECT tgname FROM pg_trigger WHERE tgrelid = t AND tgenabled = 'D' LOOP
            EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', t, guard);
        END LOOP;
    END LOOP;
END $$
"""


class Cleaner:
    """Remembers a freshly migrated database and brings it back to that state."""

    def __init__(self, address: str):
        self.connection = psycopg.connect(
            address, autocommit=True, options="-c session_replication_role=replica"
        )
        # A test that leaves a transaction open shall fail here, not hang.
        self.connection.execute("SET lock_timeout = '10s'")
        self.connection.execute("SET client_min_messages = warning")
        self.connection.execute(REMEMBER)

    def clean(self) -> None:
        self.connection.execute(RESTORE)
