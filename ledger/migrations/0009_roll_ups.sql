-- Reading a balance as of a past moment or day in constant time, however long the account.
--
-- ledger_rolled says up to which of an account's entries the three tables beside it go. As the
-- sequence has no gaps and is committed in order, "the entries after it" are exact without any
-- horizon of transactions. All of it is derived: the functions below make it again from nothing.
CREATE TABLE ledger_rolled (
    community_id bigint NOT NULL,
    account_id bigint NOT NULL,
    seq bigint NOT NULL,
    CONSTRAINT ledger_rolled_is_one_for_an_account PRIMARY KEY (community_id, account_id)
);
CREATE TABLE ledger_day (
    community_id bigint NOT NULL,
    account_id bigint NOT NULL,
    effective_on date NOT NULL,
    net bigint NOT NULL,
    CONSTRAINT ledger_day_is_one_for_a_day
        PRIMARY KEY (community_id, account_id, effective_on)
);
-- `closing` is all that is rolled and effective up to the month's last day.
CREATE TABLE ledger_month (
    community_id bigint NOT NULL,
    account_id bigint NOT NULL,
    month date NOT NULL,
    closing bigint NOT NULL,
    CONSTRAINT ledger_month_is_one_for_a_month PRIMARY KEY (community_id, account_id, month)
);
-- Sixteen entries in one row, so that a read of the past descends one index and reads one page:
-- when each was recorded and the balance after it. `recorded_at` is of the first, `seq` of the last.
CREATE TABLE ledger_mark (
    community_id bigint NOT NULL,
    account_id bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    seq bigint NOT NULL,
    moments timestamptz[] NOT NULL,
    balances bigint[] NOT NULL,
    CONSTRAINT ledger_mark_is_one_for_an_entry
        PRIMARY KEY (community_id, account_id, recorded_at, seq)
);
REVOKE ALL ON ledger_rolled, ledger_day, ledger_month, ledger_mark FROM timebank_web, PUBLIC;
GRANT SELECT ON ledger_rolled, ledger_day, ledger_month, ledger_mark TO timebank_web;

-- Takes one account's entries after `first` up to `last` into its roll-ups. A back-dated entry
-- moves the closings of all later months.
CREATE FUNCTION ledger_roll_up_account(
    community bigint, account bigint, first bigint, last bigint
) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO ledger_mark (community_id, account_id, recorded_at, seq, moments, balances)
        SELECT community, account, (array_agg(e.recorded_at ORDER BY e.seq))[1], max(e.seq),
            array_agg(e.recorded_at ORDER BY e.seq), array_agg(e.balance_after ORDER BY e.seq)
        FROM ledger_entry e
        WHERE e.community_id = community AND e.account_id = account
            AND e.seq > first / 16 * 16 AND e.seq <= last / 16 * 16
        GROUP BY (e.seq - 1) / 16;
    WITH fresh AS MATERIALIZED (
        SELECT e.effective_on AS day, sum(e.amount) AS net FROM ledger_entry e
        WHERE e.community_id = community AND e.account_id = account
            AND e.seq > first AND e.seq <= last
        GROUP BY e.effective_on
    ), days AS (
        INSERT INTO ledger_day AS d (community_id, account_id, effective_on, net)
        SELECT community, account, f.day, f.net FROM fresh f
        ON CONFLICT ON CONSTRAINT ledger_day_is_one_for_a_day
        DO UPDATE SET net = d.net + excluded.net
    ), changed AS (
        SELECT date_trunc('month', f.day)::date AS month, sum(f.net) AS net FROM fresh f GROUP BY 1
    ), touched AS (
        SELECT c.month FROM changed c
        UNION SELECT m.month FROM ledger_month m
        WHERE m.community_id = community AND m.account_id = account
            AND m.month >= (SELECT min(c.month) FROM changed c)
    )
    INSERT INTO ledger_month AS m (community_id, account_id, month, closing)
        SELECT community, account, t.month,
            (SELECT sum(c.net) FROM changed c WHERE c.month <= t.month)
            + coalesce((SELECT o.closing FROM ledger_month o
                WHERE o.community_id = community AND o.account_id = account
                    AND o.month <= t.month ORDER BY o.month DESC LIMIT 1), 0)
        FROM touched t
        ON CONFLICT ON CONSTRAINT ledger_month_is_one_for_a_month
        DO UPDATE SET closing = excluded.closing;
    INSERT INTO ledger_rolled (community_id, account_id, seq) VALUES (community, account, last)
        ON CONFLICT ON CONSTRAINT ledger_rolled_is_one_for_an_account
        DO UPDATE SET seq = excluded.seq;
END
$$;

-- Rolls up every account that has at least `min_tail` entries beyond its roll-ups; returns how
-- many accounts. Two at once would count twice, so the second one leaves it to the first.
CREATE FUNCTION ledger_roll_up(min_tail bigint DEFAULT 64) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    b record;
    done bigint := 0;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('ledger_roll_up', 0)) THEN
        RETURN 0;
    END IF;
    FOR b IN SELECT x.community_id, x.account_id, x.seq, coalesce(r.seq, 0) AS rolled
            FROM ledger_balance x LEFT JOIN ledger_rolled r USING (community_id, account_id)
            WHERE x.seq - coalesce(r.seq, 0) >= greatest(min_tail, 1) LOOP
        PERFORM ledger_roll_up_account(b.community_id, b.account_id, b.rolled, b.seq);
        done := done + 1;
    END LOOP;
    RETURN done;
END
$$;

-- Minutes on the account at that moment: the last entry recorded by then. It is one of the sixteen
-- of the last mark that begins by then, or of those after all marks.
CREATE FUNCTION ledger_as_recorded(community bigint, account bigint, at timestamptz)
RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    mark ledger_mark;
    marked bigint;
    recorded bigint;
BEGIN
    SELECT * INTO mark FROM ledger_mark m
        WHERE m.community_id = community AND m.account_id = account AND m.recorded_at <= at
        ORDER BY m.recorded_at DESC, m.seq DESC LIMIT 1;
    FOR i IN REVERSE 15 .. 1 LOOP
        EXIT WHEN mark.moments[16] IS NULL OR mark.moments[i + 1] <= at;
        recorded := mark.balances[i];
    END LOOP;
    IF recorded IS NOT NULL THEN
        RETURN recorded;
    END IF;
    SELECT r.seq / 16 * 16 INTO marked FROM ledger_rolled r
        WHERE r.community_id = community AND r.account_id = account;
    IF coalesce(mark.seq, 0) < marked THEN  -- the next mark begins later
        RETURN coalesce(mark.balances[16], 0);
    END IF;
    SELECT e.after INTO recorded FROM (
        (SELECT t.debit_seq AS seq, t.debit_after AS after FROM ledger_transfer t
            WHERE t.community_id = community AND t.debit = account
                AND t.debit_seq > coalesce(mark.seq, 0) AND t.recorded_at <= at
            ORDER BY t.debit_seq DESC LIMIT 1)
        UNION ALL
        (SELECT t.credit_seq, t.credit_after FROM ledger_transfer t
            WHERE t.community_id = community AND t.credit = account
                AND t.credit_seq > coalesce(mark.seq, 0) AND t.recorded_at <= at
            ORDER BY t.credit_seq DESC LIMIT 1)) e
        ORDER BY e.seq DESC LIMIT 1;
    RETURN coalesce(recorded, mark.balances[16], 0);
END
$$;

-- Minutes on the account at the end of that day, by the days on which things happened, whenever
-- they were written down: the closing of the month before, its days, the entries not rolled yet.
CREATE FUNCTION ledger_as_effective(community bigint, account bigint, day date)
RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    month_start date := date_trunc('month', day)::date;
    rolled bigint;
    total bigint;
BEGIN
    SELECT r.seq INTO rolled FROM ledger_rolled r
        WHERE r.community_id = community AND r.account_id = account;
    rolled := coalesce(rolled, 0);
    SELECT
        coalesce((SELECT m.closing FROM ledger_month m
            WHERE m.community_id = community AND m.account_id = account AND m.month < month_start
            ORDER BY m.month DESC LIMIT 1), 0)
        + coalesce((SELECT sum(d.net) FROM ledger_day d
            WHERE d.community_id = community AND d.account_id = account
                AND d.effective_on >= month_start AND d.effective_on <= day), 0)
        - coalesce((SELECT sum(t.amount) FROM ledger_transfer t
            WHERE t.community_id = community AND t.debit = account AND t.debit_seq > rolled
                AND t.effective_on <= day), 0)
        + coalesce((SELECT sum(t.amount) FROM ledger_transfer t
            WHERE t.community_id = community AND t.credit = account AND t.credit_seq > rolled
                AND t.effective_on <= day), 0)
        INTO total;
    RETURN total;
END
$$;
