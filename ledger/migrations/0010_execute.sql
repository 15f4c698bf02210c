-- What the application may call: the verbs and the reads, none of what they are made of.
DO $$
DECLARE
    f regprocedure;
BEGIN
    FOR f IN SELECT oid FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'ledger\_%' LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC, timebank_web', f);
    END LOOP;
    FOR f IN SELECT oid FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proname IN (
            'ledger_post', 'ledger_post_journal', 'ledger_post_batch', 'ledger_reverse',
            'ledger_open_accounts', 'ledger_set_limits', 'ledger_roll_up',
            'ledger_as_recorded', 'ledger_as_effective', 'ledger_family') LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO timebank_web', f);
    END LOOP;
END
$$;
