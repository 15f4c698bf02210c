-- The lines of a member's account by the day on which they took effect, for the statement of any
-- period: a page of it costs the same, however long the account and however many lines came late.
--
-- Like the roll-ups: ledger_listed says up to which of an account's entries ledger_by_day goes,
-- posting knows of neither, and the function makes both again from nothing.
CREATE TABLE ledger_listed (
    community_id bigint NOT NULL,
    account_id bigint NOT NULL,
    seq bigint NOT NULL,
    CONSTRAINT ledger_listed_is_one_for_an_account PRIMARY KEY (community_id, account_id)
);
CREATE TABLE ledger_by_day (
    community_id bigint NOT NULL,
    account_id bigint NOT NULL,
    effective_on date NOT NULL,
    seq bigint NOT NULL,
    CONSTRAINT ledger_by_day_is_one_for_an_entry
        PRIMARY KEY (community_id, account_id, effective_on, seq)
);
REVOKE ALL ON ledger_listed, ledger_by_day FROM timebank_web, PUBLIC;
GRANT SELECT ON ledger_listed, ledger_by_day TO timebank_web;

-- Lists every member's account that has at least `min_tail` entries beyond its list; returns how
-- many accounts. Two at once would list twice, so the second one leaves it to the first.
CREATE FUNCTION ledger_list_by_day(min_tail bigint DEFAULT 64) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    b record;
    done bigint := 0;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('ledger_list_by_day', 0)) THEN
        RETURN 0;
    END IF;
    FOR b IN SELECT x.community_id, x.account_id, x.seq, coalesce(l.seq, 0) AS listed
            FROM ledger_balance x LEFT JOIN ledger_listed l USING (community_id, account_id)
            WHERE x.account_id > 1000 AND x.seq - coalesce(l.seq, 0) >= greatest(min_tail, 1) LOOP
        INSERT INTO ledger_by_day (community_id, account_id, effective_on, seq)
            SELECT b.community_id, b.account_id, e.effective_on, e.seq FROM ledger_entry e
            WHERE e.community_id = b.community_id AND e.account_id = b.account_id
                AND e.seq > b.listed AND e.seq <= b.seq;
        INSERT INTO ledger_listed (community_id, account_id, seq)
            VALUES (b.community_id, b.account_id, b.seq)
            ON CONFLICT ON CONSTRAINT ledger_listed_is_one_for_an_account
            DO UPDATE SET seq = excluded.seq;
        done := done + 1;
    END LOOP;
    RETURN done;
END
$$;

-- At most `most` lines of the account after line `after_seq` of `day`, up to the last day, in the
-- order of days and then of the book; all when `most` is null. STABLE: one snapshot with whatever
-- the calling statement reads beside it.
CREATE FUNCTION ledger_lines_of_days(
    community bigint, account bigint, day date, after_seq bigint, last date, most bigint
) RETURNS TABLE (effective_on date, seq bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    listed bigint;
BEGIN
    SELECT l.seq INTO listed FROM ledger_listed l
        WHERE l.community_id = community AND l.account_id = account;
    listed := coalesce(listed, 0);
    RETURN QUERY SELECT x.effective_on, x.seq FROM (
        (SELECT d.effective_on, d.seq FROM ledger_by_day d
            WHERE d.community_id = community AND d.account_id = account
                AND (d.effective_on, d.seq) > (day, after_seq) AND d.effective_on <= last
            ORDER BY d.effective_on, d.seq LIMIT most)
        UNION ALL
        SELECT t.effective_on, t.debit_seq FROM ledger_transfer t
            WHERE t.community_id = community AND t.debit = account AND t.debit_seq > listed
                AND (t.effective_on, t.debit_seq) > (day, after_seq) AND t.effective_on <= last
        UNION ALL
        SELECT t.effective_on, t.credit_seq FROM ledger_transfer t
            WHERE t.community_id = community AND t.credit = account AND t.credit_seq > listed
                AND (t.effective_on, t.credit_seq) > (day, after_seq) AND t.effective_on <= last
        ) x ORDER BY x.effective_on, x.seq LIMIT most;
END
$$;

REVOKE ALL ON FUNCTION ledger_list_by_day(bigint),
    ledger_lines_of_days(bigint, bigint, date, bigint, date, bigint) FROM PUBLIC, timebank_web;
GRANT EXECUTE ON FUNCTION ledger_list_by_day(bigint),
    ledger_lines_of_days(bigint, bigint, date, bigint, date, bigint) TO timebank_web;
SELECT ledger_list_by_day();
