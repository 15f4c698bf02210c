-- Posting many legs in a few statements: journals, batches, reversals.

-- In plpgsql, whose statements are planned once for a session: each of these runs at every posting.
CREATE FUNCTION ledger_lock(community bigint, accounts bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    PERFORM FROM ledger_balance b
        WHERE b.community_id = community AND b.account_id = ANY (accounts)
        ORDER BY b.account_id FOR NO KEY UPDATE;
END
$$;

-- Heads of striped accounts replaced by the stripe of this connection.
CREATE FUNCTION ledger_striped(accounts bigint[]) RETURNS bigint[]
LANGUAGE plpgsql STABLE AS $$
BEGIN
    FOR i IN 1 .. cardinality(accounts) LOOP
        IF accounts[i] IN (1, 17) THEN
            accounts[i] := accounts[i] + pg_backend_pid() % 16;
        END IF;
    END LOOP;
    RETURN accounts;
END
$$;

-- Writes legs whose balances are locked and whose keys are free, as if posted one after the other:
-- all of them, or none and the first that is refused. Legs are numbered within their key.
CREATE FUNCTION ledger_write(
    community bigint, keys uuid[], kinds smallint[], debits bigint[], credits bigint[],
    amounts bigint[], days date[], originals bigint[], actor bigint, approver bigint,
    policy bigint, OUT transfer_ids bigint[], OUT refused text, OUT refused_key uuid
)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    WITH entry AS MATERIALIZED (
        SELECT s.o, s.account, s.change, b.account_id, b.held, b.floor, b.ceiling, b.frozen,
            b.seq + row_number() OVER w AS seq,
            (b.posted + sum(s.change) OVER w)::bigint AS after
        FROM (
            SELECT u.o, u.account, -u.amount AS change
            FROM unnest(debits, amounts) WITH ORDINALITY AS u (account, amount, o)
            UNION ALL SELECT u.o, u.account, u.amount
            FROM unnest(credits, amounts) WITH ORDINALITY AS u (account, amount, o)
        ) s LEFT JOIN ledger_balance b
            ON b.community_id = community AND b.account_id = s.account
        WINDOW w AS (PARTITION BY s.account ORDER BY s.o)
    ), line AS MATERIALIZED (
        SELECT e.o, row_number() OVER (PARTITION BY keys[e.o] ORDER BY e.o) AS leg,
            min(e.seq) FILTER (WHERE e.change < 0) AS debit_seq,
            min(e.after) FILTER (WHERE e.change < 0) AS debit_after,
            min(e.seq) FILTER (WHERE e.change > 0) AS credit_seq,
            min(e.after) FILTER (WHERE e.change > 0) AS credit_after
        FROM entry e GROUP BY e.o
    ), objection AS (
        SELECT e.o, e.account, CASE
            WHEN e.account_id IS NULL THEN 'missing_account'
            WHEN e.frozen THEN 'frozen'
            WHEN e.change < 0 AND e.after - e.held < e.floor THEN 'floor'
            WHEN e.change > 0 AND e.after > e.ceiling THEN 'ceiling'
        END AS code
        FROM entry e
    ), first_objection AS MATERIALIZED (
        SELECT f.code, keys[f.o] AS key FROM objection f
        WHERE f.code IS NOT NULL ORDER BY f.o, f.account LIMIT 1
    ), written AS (
        INSERT INTO ledger_transfer (community_id, journal, leg, kind, debit, debit_seq,
            debit_after, credit, credit_seq, credit_after, amount, effective_on, actor, approver,
            policy, reverses)
        SELECT community, keys[l.o], l.leg, kinds[l.o], debits[l.o], l.debit_seq, l.debit_after,
            credits[l.o], l.credit_seq, l.credit_after, amounts[l.o], days[l.o], actor, approver,
            policy, originals[l.o]
        FROM line l
        WHERE NOT EXISTS (SELECT FROM first_objection)
        ORDER BY l.o
        RETURNING id
    ), unsealed AS (
        INSERT INTO ledger_unsealed (community_id, transfer_id)
        SELECT community, w.id FROM written w
    ), moved AS (
        UPDATE ledger_balance b SET posted = e.after, seq = e.seq
        FROM (SELECT DISTINCT ON (x.account) x.account, x.after, x.seq FROM entry x
            ORDER BY x.account, x.seq DESC) e
        WHERE b.community_id = community AND b.account_id = e.account
            AND NOT EXISTS (SELECT FROM first_objection)
    )
    SELECT (SELECT array_agg(w.id ORDER BY w.id) FROM written w), f.code, f.key
        INTO transfer_ids, refused, refused_key
        FROM (SELECT) AS always LEFT JOIN first_objection f ON true;
END
$$;

-- What the legs of a journal say, in order; see ledger_content.
CREATE FUNCTION ledger_contents(
    kinds smallint[], debits bigint[], credits bigint[], amounts bigint[], effective_on date
) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT jsonb_agg(ledger_content(u.k, u.d, u.c, u.a, effective_on, NULL) ORDER BY u.o)
    FROM unnest(kinds, debits, credits, amounts) WITH ORDINALITY AS u (k, d, c, a, o)
$$;

-- Posts all legs of one journal or none. Returns their transfers, whether they were there before,
-- or why the journal is refused; a refusal is kept against the key.
CREATE FUNCTION ledger_post_journal(
    community bigint, key uuid, kinds smallint[], debits bigint[], credits bigint[],
    amounts bigint[], effective_on date, actor bigint, approver bigint DEFAULT NULL,
    policy bigint DEFAULT NULL,
    OUT transfer_ids bigint[], OUT was_there boolean, OUT refused text
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    n int := cardinality(kinds);
    d_seq bigint;
    d_after bigint;
    c_seq bigint;
    c_after bigint;
    is_debited boolean;
    fresh bigint;
BEGIN
    IF n = 0 OR n <> ALL (ARRAY[cardinality(debits), cardinality(credits), cardinality(amounts)])
    THEN
        RAISE EXCEPTION 'a journal needs legs, each of them complete'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM pg_advisory_xact_lock(uuid_hash_extended(key, 0));
    debits := ledger_striped(debits);
    credits := ledger_striped(credits);
    PERFORM ledger_lock(community, debits || credits);
    was_there := EXISTS (
            SELECT FROM ledger_transfer t
            WHERE t.community_id = community AND t.journal = key AND t.leg = 1)
        OR EXISTS (
            SELECT FROM ledger_refusal r WHERE r.community_id = community AND r.journal = key);
    IF was_there THEN
        SELECT o.transfer_ids, o.refused INTO transfer_ids, refused
            FROM ledger_outcome(community, key,
                ledger_contents(kinds, debits, credits, amounts, effective_on)) o;
        RETURN;
    END IF;
    BEGIN  -- what a refused leg's forerunners have done is taken back with this block
        FOR i IN 1 .. n LOOP
            UPDATE ledger_balance b SET posted = b.posted - amounts[i], seq = b.seq + 1
                WHERE b.community_id = community AND b.account_id = debits[i] AND NOT b.frozen
                    AND (b.floor IS NULL OR b.posted - b.held - amounts[i] >= b.floor)
                RETURNING b.seq, b.posted INTO d_seq, d_after;
            is_debited := FOUND;
            UPDATE ledger_balance b SET posted = b.posted + amounts[i], seq = b.seq + 1
                WHERE b.community_id = community AND b.account_id = credits[i] AND NOT b.frozen
                    AND (b.ceiling IS NULL OR b.posted + amounts[i] <= b.ceiling)
                RETURNING b.seq, b.posted INTO c_seq, c_after;
            IF NOT (is_debited AND FOUND) THEN  -- of two objections, the lower account's counts
                refused := CASE WHEN is_debited OR NOT FOUND AND credits[i] < debits[i]
                    THEN ledger_objection(community, credits[i], amounts[i])
                    ELSE ledger_objection(community, debits[i], -amounts[i]) END;
                RAISE EXCEPTION 'refused' USING ERRCODE = 'TB001';
            END IF;
            INSERT INTO ledger_transfer (community_id, journal, leg, kind, debit, debit_seq,
                    debit_after, credit, credit_seq, credit_after, amount, effective_on, actor,
                    approver, policy)
                VALUES (community, key, i, kinds[i], debits[i], d_seq, d_after, credits[i], c_seq,
                    c_after, amounts[i], effective_on, actor, approver, policy)
                RETURNING id INTO fresh;
            INSERT INTO ledger_unsealed (community_id, transfer_id) VALUES (community, fresh);
            transfer_ids[i] := fresh;
        END LOOP;
    EXCEPTION WHEN SQLSTATE 'TB001' THEN
        transfer_ids := NULL;
        INSERT INTO ledger_refusal (community_id, journal, code, content, actor)
            VALUES (community, key, refused, ledger_contents(
                kinds, debits, credits, amounts, effective_on), actor);
    END;
END
$$;

-- Posts many journals, given leg by leg in order, all or none; returns how many were not there
-- yet. A refusal raises TB001 with the code as its message and the key as its detail, and is not
-- kept: the caller takes the journal out, or mends it, and sends the rest again.
-- A writer of the same key at the same time makes it fail with a unique violation: send it again.
CREATE FUNCTION ledger_post_batch(
    community bigint, keys uuid[], kinds smallint[], debits bigint[], credits bigint[],
    amounts bigint[], effective_on date[], actor bigint, approver bigint DEFAULT NULL,
    policy bigint DEFAULT NULL
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    known uuid[];
    refused text;
    refused_key uuid;
BEGIN
    debits := ledger_striped(debits);
    credits := ledger_striped(credits);
    PERFORM ledger_lock(community, debits || credits);
    SELECT array_agg(DISTINCT k.journal) INTO known FROM (
        SELECT t.journal FROM ledger_transfer t
            WHERE t.community_id = community AND t.journal = ANY (keys)
        UNION ALL
        SELECT r.journal FROM ledger_refusal r
            WHERE r.community_id = community AND r.journal = ANY (keys)) k;
    IF known IS NOT NULL THEN
        SELECT o.refused, given.key INTO refused, refused_key
            FROM (SELECT u.key, min(u.o) AS o, jsonb_agg(
                        ledger_content(u.k, u.d, u.c, u.a, u.e, NULL) ORDER BY u.o) AS content
                FROM unnest(keys, kinds, debits, credits, amounts, effective_on) WITH ORDINALITY
                    AS u (key, k, d, c, a, e, o)
                WHERE u.key = ANY (known) GROUP BY u.key) given,
            ledger_outcome(community, given.key, given.content) o
            WHERE o.refused IS NOT NULL ORDER BY given.o LIMIT 1;
        SELECT array_agg(u.key ORDER BY o), array_agg(u.k ORDER BY o), array_agg(u.d ORDER BY o),
                array_agg(u.c ORDER BY o), array_agg(u.a ORDER BY o), array_agg(u.e ORDER BY o)
            INTO keys, kinds, debits, credits, amounts, effective_on
            FROM unnest(keys, kinds, debits, credits, amounts, effective_on) WITH ORDINALITY
                AS u (key, k, d, c, a, e, o)
            WHERE u.key <> ALL (known);
    END IF;
    IF refused IS NULL AND cardinality(keys) > 0 THEN
        SELECT w.refused, w.refused_key INTO refused, refused_key
            FROM ledger_write(community, keys, kinds, debits, credits, amounts, effective_on,
                NULL, actor, approver, policy) w;
    END IF;
    IF refused IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'TB001', MESSAGE = refused, DETAIL = refused_key::text;
    END IF;
    RETURN (SELECT count(DISTINCT k) FROM unnest(keys) k);
END
$$;

-- Mirrors all legs of a journal, the last one first, exactly once: of several reversals one wins
-- and the others are refused with already_reversed. The same key again returns the first result.
CREATE FUNCTION ledger_reverse(
    community bigint, original uuid, key uuid, effective_on date, actor bigint,
    approver bigint DEFAULT NULL,
    OUT transfer_ids bigint[], OUT was_there boolean, OUT refused text
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    kinds smallint[];
    debits bigint[];
    credits bigint[];
    amounts bigint[];
    originals bigint[];
    policy bigint;
    content jsonb;
    n int;
BEGIN
    PERFORM pg_advisory_xact_lock(uuid_hash_extended(key, 0));
    PERFORM pg_advisory_xact_lock(uuid_hash_extended(original, 0));
    SELECT array_agg(5::smallint), array_agg(t.credit ORDER BY t.leg DESC),
            array_agg(t.debit ORDER BY t.leg DESC), array_agg(t.amount ORDER BY t.leg DESC),
            array_agg(t.id ORDER BY t.leg DESC), min(t.policy), jsonb_agg(ledger_content(
                5::smallint, t.credit, t.debit, t.amount, ledger_reverse.effective_on, t.id) ORDER BY t.leg DESC)
        INTO kinds, debits, credits, amounts, originals, policy, content
        FROM ledger_transfer t WHERE t.community_id = community AND t.journal = original;
    IF originals IS NULL THEN
        RAISE EXCEPTION 'there is no journal % to reverse', original USING ERRCODE = 'TB002';
    END IF;
    SELECT o.transfer_ids, o.refused INTO transfer_ids, refused
        FROM ledger_outcome(community, key, content) o;
    was_there := FOUND;
    IF was_there THEN
        RETURN;
    END IF;
    n := cardinality(originals);
    IF EXISTS (SELECT FROM ledger_transfer t
            WHERE t.community_id = community AND t.reverses = ANY (originals)) THEN
        refused := 'already_reversed';
    ELSE
        PERFORM ledger_lock(community, debits || credits);
        SELECT w.transfer_ids, w.refused INTO transfer_ids, refused
            FROM ledger_write(community, array_fill(key, ARRAY[n]), kinds, debits, credits,
                amounts, array_fill(effective_on, ARRAY[n]), originals, actor, approver,
                policy) w;
    END IF;
    IF refused IS NOT NULL THEN
        INSERT INTO ledger_refusal (community_id, journal, code, content, actor)
            VALUES (community, key, refused, content, actor);
    END IF;
END
$$;
