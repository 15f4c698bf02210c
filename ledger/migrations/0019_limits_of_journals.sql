-- Journals, batches and reversals within the limits of 0019_limits.sql.

-- Posts all legs of one journal or none. Returns their transfers, whether they were there before,
-- or why the journal is refused; a refusal is kept against the key.
--
-- With the key of a hold, that is resolved first: its minutes are free for the legs, those which are
-- not drawn are free again. The first leg from an account of the hold draws on what is held there,
-- and on no more (more_than_held); a further one draws on free hours. A hold that was resolved
-- before refuses the journal.
CREATE OR REPLACE FUNCTION ledger_post_journal(
    community bigint, key uuid, kinds smallint[], debits bigint[], credits bigint[],
    amounts bigint[], effective_on date, actor bigint, approver bigint DEFAULT NULL,
    policy bigint DEFAULT NULL, relates_to date DEFAULT NULL, hold uuid DEFAULT NULL,
    OUT transfer_ids bigint[], OUT was_there boolean, OUT refused text
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    n int := cardinality(kinds);
    held_accounts bigint[];
    d_seq bigint;
    d_after bigint;
    c_seq bigint;
    c_after bigint;
    is_debited boolean;
    fresh bigint;
    taken bigint;
    room bigint;  -- what the pool may still give; null without a limit
BEGIN
    IF n = 0 OR n <> ALL (ARRAY[cardinality(debits), cardinality(credits), cardinality(amounts)])
    THEN
        RAISE EXCEPTION 'a journal needs legs, each of them complete'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM pg_advisory_xact_lock(uuid_hash_extended(key, 0));
    debits := ledger_striped(debits);
    credits := ledger_striped(credits);
    IF hold IS NOT NULL THEN
        held_accounts := ledger_held_accounts(community, hold);
    END IF;
    taken := ledger_taken_from_pool(debits, credits, amounts);
    IF taken > 0 THEN
        room := ledger_pool_lock(community);
    END IF;
    PERFORM ledger_lock(community, debits || credits || held_accounts);
    was_there := EXISTS (
            SELECT FROM ledger_transfer t
            WHERE t.community_id = community AND t.journal = key AND t.leg = 1)
        OR EXISTS (
            SELECT FROM ledger_refusal r WHERE r.community_id = community AND r.journal = key);
    IF was_there THEN
        SELECT o.transfer_ids, o.refused INTO transfer_ids, refused
            FROM ledger_outcome(community, key,
                ledger_contents(kinds, debits, credits, amounts,
                    coalesce(relates_to, effective_on))) o;
        RETURN;
    END IF;
    BEGIN  -- what a refused leg's forerunners have done is taken back with this block
        IF taken > room THEN
            refused := 'pool_floor';
            RAISE EXCEPTION 'refused' USING ERRCODE = 'TB001';
        END IF;
        IF hold IS NOT NULL THEN
            refused := ledger_resolve(community, hold, 1::smallint, key, actor, debits, amounts);
            IF refused IS NOT NULL THEN
                RAISE EXCEPTION 'refused' USING ERRCODE = 'TB001';
            END IF;
        END IF;
        FOR i IN 1 .. n LOOP
            UPDATE ledger_balance b SET posted = b.posted - amounts[i], seq = b.seq + 1
                WHERE b.community_id = community AND b.account_id = debits[i] AND NOT b.frozen
                    AND (b.closed_through IS NULL OR b.closed_through < effective_on)
                    AND (b.floor IS NULL OR b.posted - b.held - amounts[i] >= b.floor)
                RETURNING b.seq, b.posted INTO d_seq, d_after;
            is_debited := FOUND;
            UPDATE ledger_balance b SET posted = b.posted + amounts[i], seq = b.seq + 1
                WHERE b.community_id = community AND b.account_id = credits[i] AND NOT b.frozen
                    AND (b.closed_through IS NULL OR b.closed_through < effective_on)
                    AND (b.ceiling IS NULL OR b.posted + amounts[i] <= b.ceiling)
                RETURNING b.seq, b.posted INTO c_seq, c_after;
            IF NOT (is_debited AND FOUND) THEN  -- of two objections, the lower account's counts
                refused := CASE WHEN is_debited OR NOT FOUND AND credits[i] < debits[i]
                    THEN ledger_objection(community, credits[i], amounts[i], effective_on)
                    ELSE ledger_objection(community, debits[i], -amounts[i], effective_on) END;
                RAISE EXCEPTION 'refused' USING ERRCODE = 'TB001';
            END IF;
            INSERT INTO ledger_transfer (community_id, journal, leg, kind, debit, debit_seq,
                    debit_after, credit, credit_seq, credit_after, amount, effective_on, actor,
                    approver, policy, relates_to)
                VALUES (community, key, i, kinds[i], debits[i], d_seq, d_after, credits[i], c_seq,
                    c_after, amounts[i], effective_on, actor, approver, policy, relates_to)
                RETURNING id INTO fresh;
            INSERT INTO ledger_unsealed (community_id, transfer_id) VALUES (community, fresh);
            transfer_ids[i] := fresh;
        END LOOP;
    EXCEPTION WHEN SQLSTATE 'TB001' THEN
        transfer_ids := NULL;
        INSERT INTO ledger_refusal (community_id, journal, code, content, actor)
            VALUES (community, key, refused, ledger_contents(kinds, debits, credits, amounts,
                coalesce(relates_to, effective_on)), actor);
    END;
END
$$;

-- Posts many journals, given leg by leg in order, all or none; returns how many were not there
-- yet. A refusal raises TB001 with the code as its message and the key as its detail, and is not
-- kept: the caller takes the journal out, or mends it, and sends the rest again.
-- A writer of the same key at the same time makes it fail with a unique violation: send it again.
CREATE OR REPLACE FUNCTION ledger_post_batch(
    community bigint, keys uuid[], kinds smallint[], debits bigint[], credits bigint[],
    amounts bigint[], effective_on date[], actor bigint, approver bigint DEFAULT NULL,
    policy bigint DEFAULT NULL, relates_to date[] DEFAULT NULL
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    known uuid[];
    refused text;
    refused_key uuid;
    room bigint;
BEGIN
    debits := ledger_striped(debits);
    credits := ledger_striped(credits);
    IF ledger_taken_from_pool(debits, credits, amounts) IS NOT NULL THEN
        room := ledger_pool_lock(community);
    END IF;
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
                        ledger_content(u.k, u.d, u.c, u.a, coalesce(relates_to[u.o], u.e), NULL)
                        ORDER BY u.o) AS content
                FROM unnest(keys, kinds, debits, credits, amounts, effective_on) WITH ORDINALITY
                    AS u (key, k, d, c, a, e, o)
                WHERE u.key = ANY (known) GROUP BY u.key) given,
            ledger_outcome(community, given.key, given.content) o
            WHERE o.refused IS NOT NULL ORDER BY given.o LIMIT 1;
        SELECT array_agg(u.key ORDER BY o), array_agg(u.k ORDER BY o), array_agg(u.d ORDER BY o),
                array_agg(u.c ORDER BY o), array_agg(u.a ORDER BY o), array_agg(u.e ORDER BY o),
                array_agg(relates_to[u.o] ORDER BY o)
            INTO keys, kinds, debits, credits, amounts, effective_on, relates_to
            FROM unnest(keys, kinds, debits, credits, amounts, effective_on) WITH ORDINALITY
                AS u (key, k, d, c, a, e, o)
            WHERE u.key <> ALL (known);
    END IF;
    IF refused IS NULL AND room IS NOT NULL THEN  -- the first journal that the pool cannot pay
        SELECT 'pool_floor', j.key INTO refused, refused_key
            FROM (SELECT g.key, g.o, g.taken, sum(g.taken) OVER (ORDER BY g.o) AS so_far
                FROM (SELECT u.key, min(u.o) AS o, sum(ledger_taken(u.d, u.c, u.a)) AS taken
                    FROM unnest(keys, debits, credits, amounts) WITH ORDINALITY
                        AS u (key, d, c, a, o)
                    GROUP BY u.key) g) j
            WHERE j.taken > 0 AND j.so_far > room ORDER BY j.o LIMIT 1;
    END IF;
    IF refused IS NULL AND cardinality(keys) > 0 THEN
        SELECT w.refused, w.refused_key INTO refused, refused_key
            FROM ledger_write(community, keys, kinds, debits, credits, amounts, effective_on,
                NULL, actor, approver, policy, relates_to) w;
    END IF;
    IF refused IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'TB001', MESSAGE = refused, DETAIL = refused_key::text;
    END IF;
    RETURN (SELECT count(DISTINCT k) FROM unnest(keys) k);
END
$$;

-- Mirrors all legs of a journal, the last one first, exactly once: of several reversals one wins
-- and the others are refused with already_reversed. The same key again returns the first result.
--
-- A journal that moved hours between two books is mirrored in both, or in none. With
-- `made_up_under`, what the accounts lack by now comes from the book's correction account first, as
-- a journal under that key: hours that were spent cannot be taken from the member any more.
CREATE OR REPLACE FUNCTION ledger_reverse(
    community bigint, original uuid, key uuid, effective_on date, actor bigint,
    approver bigint DEFAULT NULL, relates_to date DEFAULT NULL, made_up_under uuid DEFAULT NULL,
    OUT transfer_ids bigint[], OUT was_there boolean, OUT refused text
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    originals bigint[];
    ends bigint[];
    content jsonb;
    books bigint[] := ARRAY[community];
    book bigint;
    written bigint[];
    taken bigint;
    room bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(uuid_hash_extended(key, 0));
    PERFORM pg_advisory_xact_lock(uuid_hash_extended(original, 0));
    SELECT array_agg(t.id), jsonb_agg(ledger_content(5::smallint, t.credit, t.debit, t.amount,
                coalesce(ledger_reverse.relates_to, ledger_reverse.effective_on), t.id)
                ORDER BY t.leg DESC)
        INTO originals, content
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
    SELECT books || array_agg(DISTINCT a.peer) INTO books
        FROM ledger_transfer t JOIN ledger_account a ON a.community_id = t.community_id
            AND a.id IN (t.debit, t.credit) AND a.kind = 5
        WHERE t.community_id = community AND t.journal = original;
    -- Of the pool's accounts only those of this book: what moves between books passes none.
    SELECT ledger_taken_from_pool(array_agg(t.credit), array_agg(t.debit), array_agg(t.amount))
        INTO taken
        FROM ledger_transfer t WHERE t.community_id = community AND t.journal = original;
    IF taken > 0 THEN
        room := ledger_pool_lock(community);
    END IF;
    BEGIN
        IF EXISTS (SELECT FROM ledger_transfer t
                WHERE t.community_id = community AND t.reverses = ANY (originals)) THEN
            refused := 'already_reversed';
            RAISE EXCEPTION 'refused' USING ERRCODE = 'TB001';
        END IF;
        IF taken > room THEN
            refused := 'pool_floor';
            RAISE EXCEPTION 'refused' USING ERRCODE = 'TB001';
        END IF;
        FOR book IN SELECT b FROM unnest(books) b WHERE b IS NOT NULL ORDER BY b LOOP
            SELECT array_agg(t.debit) || array_agg(t.credit) INTO ends
                FROM ledger_transfer t WHERE t.community_id = book AND t.journal = original;
            IF made_up_under IS NOT NULL THEN
                ends := ends || ledger_open_correction(book);
            END IF;
            PERFORM ledger_lock(book, ends);
        END LOOP;
        FOR book IN SELECT b FROM unnest(books) b WHERE b IS NOT NULL ORDER BY b LOOP
            SELECT m.transfer_ids, m.refused INTO written, refused
                FROM ledger_mirror(book, original, key, effective_on, actor, approver, relates_to,
                    made_up_under) m;
            IF refused IS NOT NULL THEN
                RAISE EXCEPTION 'refused' USING ERRCODE = 'TB001';
            END IF;
            IF book = community THEN
                transfer_ids := written;
            END IF;
        END LOOP;
    EXCEPTION WHEN SQLSTATE 'TB001' THEN
        transfer_ids := NULL;
        INSERT INTO ledger_refusal (community_id, journal, code, content, actor)
            VALUES (community, key, refused, content, actor);
    END;
END
$$;

REVOKE ALL ON FUNCTION ledger_taken(bigint, bigint, bigint),
    ledger_taken_from_pool(bigint[], bigint[], bigint[]), ledger_pool_room(bigint),
    ledger_pool_lock(bigint), ledger_refuse_more_than_held() FROM PUBLIC, timebank_web;
GRANT EXECUTE ON FUNCTION ledger_pool_room(bigint), ledger_pool_lock(bigint) TO timebank_web;
