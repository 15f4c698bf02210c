-- Append-only: by rights first, by triggers that always fire second (also for the owner, also
-- with session_replication_role = replica).
CREATE FUNCTION ledger_refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the ledger only grows', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation',
            HINT = 'A mistake is undone by a reversal: ledger_reverse.';
END
$$;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['ledger_account', 'ledger_transfer', 'ledger_refusal',
            'ledger_unsealed', 'ledger_limit_change'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I
            FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change()', t || '_only_grows', t);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I', t, t || '_only_grows');
    END LOOP;
    FOREACH t IN ARRAY ARRAY['ledger_account', 'ledger_transfer', 'ledger_refusal',
            'ledger_unsealed', 'ledger_limit_change', 'ledger_balance'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I
            FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()', t || '_is_kept', t);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I', t, t || '_is_kept');
        EXECUTE format('REVOKE ALL ON %I FROM timebank_web, PUBLIC', t);
        EXECUTE format('GRANT SELECT ON %I TO timebank_web', t);
    END LOOP;
END
$$;

-- Balances are updated by the functions alone, which the owner could do by hand too: a trigger that
-- tells the two apart costs a tenth of the throughput, so verify_ledger finds it instead.
CREATE TRIGGER ledger_balance_is_never_deleted BEFORE DELETE ON ledger_balance
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
ALTER TABLE ledger_balance ENABLE ALWAYS TRIGGER ledger_balance_is_never_deleted;

REVOKE ALL ON ledger_entry FROM timebank_web, PUBLIC;
GRANT SELECT ON ledger_entry TO timebank_web;
REVOKE ALL ON SEQUENCE ledger_account_number FROM timebank_web, PUBLIC;
