-- The tables for every kind of movement: further accounts, holds, closed months.
--
-- Kinds of accounts: 1 member, 2 issuance, 3 pool, 4 grant (one for each grant), 5 clearing (one
-- for each other community), 6 gifted (one for each member), 7 correction (one for each book).
-- Kinds of transfers: 1 earn, 2 pool cover, 3 donate, 4 overflow, 5 reversal, 6 redeem, 7 gift,
-- 8 grant, 9 grant expiry, 10 opening balance, 11 move out, 12 move in, 13 closure, 14 correction.

-- Hours that were given to somebody have numbers of their own, so that a constraint of one row of
-- ledger_transfer can say that they are not given on.
CREATE SEQUENCE ledger_given_number START 1000000000001;
REVOKE ALL ON SEQUENCE ledger_given_number FROM timebank_web, PUBLIC;

ALTER TABLE ledger_account
    ADD COLUMN peer bigint,
    ADD COLUMN grant_key uuid,
    ADD COLUMN purpose text,
    ADD COLUMN expires_on date,
    DROP CONSTRAINT ledger_account_number_tells_its_kind,
    DROP CONSTRAINT ledger_account_of_a_member_has_a_holder;
ALTER TABLE ledger_account
    ADD CONSTRAINT ledger_account_number_tells_its_kind CHECK (
        kind IN (1, 5) AND id BETWEEN 1001 AND 1000000000000
        OR kind = 2 AND id BETWEEN 1 AND 16 OR kind = 3 AND id BETWEEN 17 AND 32
        OR kind = 7 AND id = 33 OR kind IN (4, 6) AND id > 1000000000000),
    ADD CONSTRAINT ledger_account_of_a_member_has_a_holder
        CHECK ((kind IN (1, 4, 6)) = (holder IS NOT NULL)),
    ADD CONSTRAINT ledger_account_of_a_grant_says_what_for_and_until_when
        CHECK (num_nonnulls(grant_key, purpose, expires_on) = CASE kind WHEN 4 THEN 3 ELSE 0 END),
    ADD CONSTRAINT ledger_account_for_clearing_has_another_community
        CHECK (CASE kind WHEN 5 THEN peer IS NOT NULL AND peer <> community_id
            ELSE peer IS NULL END),
    ADD CONSTRAINT ledger_account_peer_is_an_area FOREIGN KEY (peer) REFERENCES members_area (id);
CREATE UNIQUE INDEX ledger_account_of_gifts_is_one
    ON ledger_account (community_id, holder) WHERE kind = 6;
CREATE UNIQUE INDEX ledger_account_of_a_grant_is_one
    ON ledger_account (community_id, grant_key) WHERE kind = 4;
CREATE UNIQUE INDEX ledger_account_for_clearing_is_one
    ON ledger_account (community_id, peer) WHERE kind = 5;
CREATE INDEX ledger_account_by_holder
    ON ledger_account (community_id, holder) WHERE kind IN (4, 6);

-- The last closed day of the book stands in each balance as well, where a posting finds it at no
-- cost, under the lock that it takes anyway.
ALTER TABLE ledger_balance ADD COLUMN closed_through date;

-- `relates_to` is the true day of an entry whose month was closed already.
ALTER TABLE ledger_transfer
    ADD COLUMN relates_to date,
    ADD CONSTRAINT ledger_transfer_relates_to_an_earlier_day CHECK (relates_to < effective_on),
    ADD CONSTRAINT ledger_transfer_given_hours_are_not_given_on CHECK (
        debit <= 1000000000000 OR kind IN (5, 9, 11, 13) OR kind = 6 AND credit <= 16);
CREATE INDEX ledger_transfer_by_true_day
    ON ledger_transfer (community_id, relates_to) WHERE relates_to IS NOT NULL;

CREATE OR REPLACE VIEW ledger_entry AS
    SELECT community_id, debit AS account_id, debit_seq AS seq, -amount AS amount,
        debit_after AS balance_after, id AS transfer_id, journal, leg, kind, effective_on,
        recorded_at, reverses, relates_to
    FROM ledger_transfer
    UNION ALL
    SELECT community_id, credit, credit_seq, amount, credit_after, id, journal, leg, kind,
        effective_on, recorded_at, reverses, relates_to
    FROM ledger_transfer;

ALTER TABLE ledger_refusal DROP CONSTRAINT ledger_refusal_code_is_known;
ALTER TABLE ledger_refusal ADD CONSTRAINT ledger_refusal_code_is_known CHECK (
    code IN ('floor', 'ceiling', 'frozen', 'missing_account', 'already_reversed', 'closed',
        'already_resolved', 'held', 'not_frozen'));

-- Whole months, closed one after the other; nothing effective up to then is posted any more.
CREATE TABLE ledger_period (
    community_id bigint NOT NULL,
    closed_through date NOT NULL,
    actor bigint NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT ledger_period_is_closed_once PRIMARY KEY (community_id, closed_through),
    CONSTRAINT ledger_period_is_of_an_area
        FOREIGN KEY (community_id) REFERENCES members_area (id),
    CONSTRAINT ledger_period_ends_with_a_month CHECK (closed_through
        = (date_trunc('month', closed_through::timestamp) + interval '1 month - 1 day')::date),
    CONSTRAINT ledger_period_is_over
        CHECK (closed_through <= (recorded_at AT TIME ZONE 'UTC')::date)
);

-- Minutes set aside on an account; those of one key belong together, in the order of their legs.
CREATE TABLE ledger_hold (
    community_id bigint NOT NULL,
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    key uuid NOT NULL,
    leg smallint NOT NULL,
    account_id bigint NOT NULL,
    amount bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    actor bigint NOT NULL,
    approver bigint,
    policy bigint,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT ledger_hold_has_one_id PRIMARY KEY (community_id, id),
    CONSTRAINT ledger_hold_leg_of_a_key_is_set_once UNIQUE (community_id, key, leg),
    CONSTRAINT ledger_hold_of_a_key_is_one_for_an_account UNIQUE (community_id, key, account_id),
    CONSTRAINT ledger_hold_is_of_an_account
        FOREIGN KEY (community_id, account_id) REFERENCES ledger_account (community_id, id),
    CONSTRAINT ledger_hold_amount_is_positive CHECK (amount > 0),
    CONSTRAINT ledger_hold_approver_is_not_the_author CHECK (approver <> actor)
);
CREATE INDEX ledger_hold_by_account ON ledger_hold (community_id, account_id, id);
CREATE INDEX ledger_hold_by_expiry ON ledger_hold (expires_at);

-- What became of a hold, once: 1 charged with `amount` under `journal` and the rest released,
-- 2 released under that key, 3 expired.
CREATE TABLE ledger_hold_resolution (
    community_id bigint NOT NULL,
    hold_id bigint NOT NULL,
    kind smallint NOT NULL,
    amount bigint NOT NULL,
    journal uuid,
    actor bigint NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT ledger_hold_resolution_is_one_for_a_hold PRIMARY KEY (community_id, hold_id),
    CONSTRAINT ledger_hold_resolution_is_of_a_hold
        FOREIGN KEY (community_id, hold_id) REFERENCES ledger_hold (community_id, id),
    CONSTRAINT ledger_hold_resolution_kind_is_known CHECK (kind BETWEEN 1 AND 3),
    CONSTRAINT ledger_hold_resolution_only_a_charge_has_an_amount
        CHECK (amount = 0 OR kind = 1 AND amount > 0),
    CONSTRAINT ledger_hold_resolution_only_an_expiry_has_no_key
        CHECK ((kind = 3) = (journal IS NULL))
);

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['ledger_period', 'ledger_hold', 'ledger_hold_resolution'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I
            FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change()', t || '_only_grows', t);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I', t, t || '_only_grows');
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I
            FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()', t || '_is_kept', t);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I', t, t || '_is_kept');
        EXECUTE format('REVOKE ALL ON %I FROM timebank_web, PUBLIC', t);
        EXECUTE format('GRANT SELECT ON %I TO timebank_web', t);
    END LOOP;
END
$$;

-- An account opened while a month is closed would miss the closing: who opens shares this lock, who
-- closes has it alone. Returns the last closed day.
CREATE FUNCTION ledger_closed_through(community bigint) RETURNS date
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('ledger_period', community));
    RETURN (SELECT max(p.closed_through) FROM ledger_period p WHERE p.community_id = community);
END
$$;

CREATE FUNCTION ledger_last_closed_day(community bigint) RETURNS date
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT max(p.closed_through) FROM ledger_period p WHERE p.community_id = community
$$;

-- Closes the book through a day, after all postings under way; false when it was closed before.
-- All balances are locked, in ascending order like everywhere: who posts next sees the new day.
CREATE FUNCTION ledger_close_period(community bigint, through date, actor bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('ledger_period', community));
    IF ledger_last_closed_day(community) >= through THEN
        RETURN false;
    END IF;
    PERFORM FROM ledger_balance b WHERE b.community_id = community
        ORDER BY b.account_id FOR NO KEY UPDATE;
    UPDATE ledger_balance b SET closed_through = through WHERE b.community_id = community;
    INSERT INTO ledger_period (community_id, closed_through, actor)
        VALUES (community, through, actor);
    RETURN true;
END
$$;

-- As before, and the new accounts know the last closed day.
CREATE OR REPLACE FUNCTION ledger_open_accounts(community bigint, holders uuid[], ceiling bigint)
RETURNS TABLE (holder uuid, id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    closed date := ledger_closed_through(community);
BEGIN
    IF NOT EXISTS (SELECT FROM ledger_account a WHERE a.community_id = community AND a.id = 32)
    THEN
        WITH opened AS (
            INSERT INTO ledger_account (community_id, id, kind)
            SELECT community, n, CASE WHEN n <= 16 THEN 2 ELSE 3 END FROM generate_series(1, 32) n
            ON CONFLICT DO NOTHING RETURNING community_id, id
        ), limited AS (
            INSERT INTO ledger_limit_change (community_id, account_id, frozen)
            SELECT community_id, id, false FROM opened)
        INSERT INTO ledger_balance (community_id, account_id, closed_through)
            SELECT community_id, id, closed FROM opened;
    END IF;
    WITH opened AS (
        INSERT INTO ledger_account (community_id, id, kind, holder)
        SELECT community, nextval('ledger_account_number'), 1, h
        FROM (SELECT DISTINCT u.h FROM unnest(holders) AS u (h)
            WHERE NOT EXISTS (SELECT FROM ledger_account a
                WHERE a.community_id = community AND a.holder = u.h AND a.kind = 1)
            ORDER BY u.h) missing  -- in one order for all, or two such calls would deadlock
        ON CONFLICT DO NOTHING RETURNING community_id, id
    ), limited AS (
        INSERT INTO ledger_limit_change (community_id, account_id, floor, ceiling, frozen)
        SELECT community_id, id, 0, ledger_open_accounts.ceiling, false FROM opened)
    INSERT INTO ledger_balance (community_id, account_id, floor, ceiling, closed_through)
        SELECT community_id, id, 0, ledger_open_accounts.ceiling, closed FROM opened;
    RETURN QUERY SELECT a.holder, a.id FROM ledger_account a
        WHERE a.community_id = community AND a.holder = ANY (holders) AND a.kind = 1;
END
$$;

-- Where hours that are given to these holders go: one account each for what others give them.
-- Who is frozen stays frozen in a new account too.
CREATE FUNCTION ledger_open_gifted(community bigint, holders uuid[])
RETURNS TABLE (holder uuid, id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    closed date := ledger_closed_through(community);
BEGIN
    WITH opened AS (
        INSERT INTO ledger_account (community_id, id, kind, holder)
        SELECT community, nextval('ledger_given_number'), 6, h
        FROM (SELECT DISTINCT u.h FROM unnest(holders) AS u (h)
            WHERE NOT EXISTS (SELECT FROM ledger_account a
                WHERE a.community_id = community AND a.holder = u.h AND a.kind = 6)
            ORDER BY u.h) missing
        ON CONFLICT DO NOTHING RETURNING community_id, id, holder
    ), limited AS (
        INSERT INTO ledger_limit_change (community_id, account_id, floor, frozen)
        SELECT community_id, id, 0, ledger_is_frozen(community_id, holder) FROM opened)
    INSERT INTO ledger_balance (community_id, account_id, floor, frozen, closed_through)
        SELECT community_id, id, 0, ledger_is_frozen(community_id, holder), closed FROM opened;
    RETURN QUERY SELECT a.holder, a.id FROM ledger_account a
        WHERE a.community_id = community AND a.holder = ANY (holders) AND a.kind = 6;
END
$$;

-- Whether any account of the holder in this book is frozen.
CREATE FUNCTION ledger_is_frozen(community bigint, holder uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM ledger_account a JOIN ledger_balance b
            ON b.community_id = a.community_id AND b.account_id = a.id
        WHERE a.community_id = community AND a.holder = ledger_is_frozen.holder AND b.frozen)
$$;

-- One account for each grant; `keys` and `holders` side by side. A key has one account for ever.
CREATE FUNCTION ledger_open_grants(
    community bigint, keys uuid[], holders uuid[], purpose text, expires_on date
) RETURNS TABLE (grant_key uuid, id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    closed date := ledger_closed_through(community);
BEGIN
    WITH opened AS (
        INSERT INTO ledger_account (community_id, id, kind, holder, grant_key, purpose, expires_on)
        SELECT community, nextval('ledger_given_number'), 4, u.h, u.k,
            ledger_open_grants.purpose, ledger_open_grants.expires_on
        FROM unnest(keys, holders) AS u (k, h)
        WHERE NOT EXISTS (SELECT FROM ledger_account a
            WHERE a.community_id = community AND a.grant_key = u.k AND a.kind = 4)
        ORDER BY u.k
        ON CONFLICT DO NOTHING RETURNING community_id, id, holder
    ), limited AS (
        INSERT INTO ledger_limit_change (community_id, account_id, floor, frozen)
        SELECT community_id, id, 0, ledger_is_frozen(community_id, holder) FROM opened)
    INSERT INTO ledger_balance (community_id, account_id, floor, frozen, closed_through)
        SELECT community_id, id, 0, ledger_is_frozen(community_id, holder), closed FROM opened;
    RETURN QUERY SELECT a.grant_key, a.id FROM ledger_account a
        WHERE a.community_id = community AND a.grant_key = ANY (keys) AND a.kind = 4;
END
$$;

-- The account towards another community's book. It has no limit, unless one is set.
CREATE FUNCTION ledger_open_clearing(community bigint, other bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    closed date := ledger_closed_through(community);
    found bigint;
BEGIN
    SELECT a.id INTO found FROM ledger_account a
        WHERE a.community_id = community AND a.peer = other AND a.kind = 5;
    IF found IS NULL THEN
        WITH opened AS (
            INSERT INTO ledger_account (community_id, id, kind, peer)
            VALUES (community, nextval('ledger_account_number'), 5, other)
            ON CONFLICT DO NOTHING RETURNING community_id, id
        ), limited AS (
            INSERT INTO ledger_limit_change (community_id, account_id, frozen)
            SELECT o.community_id, o.id, false FROM opened o)
        INSERT INTO ledger_balance (community_id, account_id, closed_through)
            SELECT o.community_id, o.id, closed FROM opened o;
        SELECT a.id INTO STRICT found FROM ledger_account a
            WHERE a.community_id = community AND a.peer = other AND a.kind = 5;
    END IF;
    RETURN found;
END
$$;

-- The book's account for what cannot be taken back any more: number 33, opened on first use.
CREATE FUNCTION ledger_open_correction(community bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    closed date := ledger_closed_through(community);
BEGIN
    WITH opened AS (
        INSERT INTO ledger_account (community_id, id, kind) VALUES (community, 33, 7)
        ON CONFLICT DO NOTHING RETURNING community_id, id
    ), limited AS (
        INSERT INTO ledger_limit_change (community_id, account_id, frozen)
        SELECT o.community_id, o.id, false FROM opened o)
    INSERT INTO ledger_balance (community_id, account_id, closed_through)
        SELECT o.community_id, o.id, closed FROM opened o;
    RETURN 33;
END
$$;
