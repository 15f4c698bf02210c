-- Posting, as in 0006 and 0007, which knows of closed days, of the true day of a late entry and of
-- holds. The new texts of all functions that these touch.
--
-- The content of a posting, by which a resend is told, has the true day: sent again after its
-- month was closed, a posting finds its first result.
DROP FUNCTION ledger_post;
DROP FUNCTION ledger_settle;
DROP FUNCTION ledger_objection;
DROP FUNCTION ledger_write;
DROP FUNCTION ledger_post_journal;
DROP FUNCTION ledger_post_batch;
DROP FUNCTION ledger_reverse;

-- What became of a key before: no row, or its transfers, or why it was refused.
CREATE OR REPLACE FUNCTION ledger_outcome(
    community bigint, key uuid, content jsonb, OUT transfer_ids bigint[], OUT refused text
) RETURNS SETOF record
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    first_content jsonb;
BEGIN
    SELECT array_agg(t.id ORDER BY t.leg), jsonb_agg(ledger_content(
            t.kind, t.debit, t.credit, t.amount, coalesce(t.relates_to, t.effective_on), t.reverses)
            ORDER BY t.leg)
        INTO transfer_ids, first_content
        FROM ledger_transfer t WHERE t.community_id = community AND t.journal = key;
    IF transfer_ids IS NULL THEN
        SELECT r.code, r.content INTO refused, first_content
            FROM ledger_refusal r WHERE r.community_id = community AND r.journal = key;
        IF NOT FOUND THEN
            RETURN;
        END IF;
    END IF;
    IF first_content <> content THEN
        transfer_ids := NULL;
        refused := 'key_reused';
    END IF;
    RETURN NEXT;
END
$$;

-- Why a change cannot be made to an account, under its lock; null when nothing stands against it.
CREATE FUNCTION ledger_objection(
    community bigint, account bigint, change bigint, day date
) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    b ledger_balance;
BEGIN
    SELECT * INTO b FROM ledger_balance
        WHERE community_id = community AND account_id = account FOR NO KEY UPDATE;
    RETURN CASE
        WHEN NOT FOUND THEN 'missing_account'
        WHEN b.frozen THEN 'frozen'
        WHEN day <= b.closed_through THEN 'closed'
        WHEN change < 0 AND b.posted - b.held + change < b.floor THEN 'floor'
        WHEN change > 0 AND b.posted + change > b.ceiling THEN 'ceiling'
    END;
END
$$;

-- Posts one leg as a journal of its own. `debit` or `credit` may be the head of a striped
-- account (1 issuance, 17 pool): the function picks the stripe of this connection.
-- Returns the transfer, whether it was there before, or why it is refused (floor, ceiling,
-- frozen, closed, missing_account, key_reused).
--
-- The good path looks nothing up but refusals: a resend meets the row that is there.
CREATE FUNCTION ledger_post(
    community bigint, key uuid, kind smallint, debit bigint, credit bigint, amount bigint,
    effective_on date, actor bigint, approver bigint DEFAULT NULL, policy bigint DEFAULT NULL,
    relates_to date DEFAULT NULL,
    OUT transfer_id bigint, OUT was_there boolean, OUT refused text
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    d_seq bigint;
    d_after bigint;
    c_seq bigint;
    c_after bigint;
BEGIN
    was_there := pg_advisory_xact_lock(uuid_hash_extended(key, 0)) IS NULL;
    was_there := EXISTS (
        SELECT FROM ledger_refusal r WHERE r.community_id = community AND r.journal = key);
    IF NOT was_there THEN
        IF debit = 1 OR debit = 17 THEN
            debit := debit + pg_backend_pid() % 16;
        END IF;
        IF credit = 1 OR credit = 17 THEN
            credit := credit + pg_backend_pid() % 16;
        END IF;
        IF debit < credit THEN
            UPDATE ledger_balance SET posted = posted - amount, seq = seq + 1
                WHERE community_id = community AND account_id = debit
                    AND NOT frozen AND (closed_through IS NULL OR closed_through < effective_on)
                    AND (floor IS NULL OR posted - held - amount >= floor)
                RETURNING seq, posted INTO d_seq, d_after;
        END IF;
        UPDATE ledger_balance SET posted = posted + amount, seq = seq + 1
            WHERE community_id = community AND account_id = credit
                AND NOT frozen AND (closed_through IS NULL OR closed_through < effective_on)
                AND (ceiling IS NULL OR posted + amount <= ceiling)
            RETURNING seq, posted INTO c_seq, c_after;
        IF debit >= credit THEN
            UPDATE ledger_balance SET posted = posted - amount, seq = seq + 1
                WHERE community_id = community AND account_id = debit
                    AND NOT frozen AND (closed_through IS NULL OR closed_through < effective_on)
                    AND (floor IS NULL OR posted - held - amount >= floor)
                RETURNING seq, posted INTO d_seq, d_after;
        END IF;

        IF d_seq IS NOT NULL AND c_seq IS NOT NULL THEN
            INSERT INTO ledger_transfer (community_id, journal, leg, kind,
                    debit, debit_seq, debit_after, credit, credit_seq, credit_after,
                    amount, effective_on, actor, approver, policy, relates_to)
                VALUES (community, key, 1, kind,
                    debit, d_seq, d_after, credit, c_seq, c_after,
                    amount, effective_on, actor, approver, policy, relates_to)
                ON CONFLICT ON CONSTRAINT ledger_transfer_leg_of_a_journal_is_posted_once
                DO NOTHING
                RETURNING id INTO transfer_id;
            IF FOUND THEN
                INSERT INTO ledger_unsealed (community_id, transfer_id)
                    VALUES (community, transfer_id);
                RETURN;
            END IF;
        END IF;
        -- Take the movements back; a savepoint for it would cost every posting.
        UPDATE ledger_balance SET posted = posted + amount, seq = seq - 1
            WHERE community_id = community AND account_id = debit AND d_seq IS NOT NULL;
        UPDATE ledger_balance SET posted = posted - amount, seq = seq - 1
            WHERE community_id = community AND account_id = credit AND c_seq IS NOT NULL;
    END IF;
    SELECT o.transfer_id, o.was_there, o.refused INTO transfer_id, was_there, refused
        FROM ledger_settle(community, key, kind, debit, credit, amount, effective_on,
            actor, approver, policy, relates_to) o;
END
$$;

-- What ledger_post returns when it could not post: the first outcome of the key, or the refusal
-- that is kept from now on. Posts after all when what stood against it has gone meanwhile.
CREATE FUNCTION ledger_settle(
    community bigint, key uuid, kind smallint, debit bigint, credit bigint, amount bigint,
    effective_on date, actor bigint, approver bigint, policy bigint, relates_to date,
    OUT transfer_id bigint, OUT was_there boolean, OUT refused text
)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    content jsonb := jsonb_build_array(
        ledger_content(kind, debit, credit, amount, coalesce(relates_to, effective_on), NULL));
BEGIN
    SELECT o.transfer_ids[1], o.refused INTO transfer_id, refused
        FROM ledger_outcome(community, key, content) o;
    was_there := FOUND;
    IF was_there THEN
        RETURN;
    END IF;
    IF amount IS NULL OR effective_on IS NULL THEN
        RAISE EXCEPTION 'a transfer needs an amount and a day' USING ERRCODE = 'not_null_violation';
    END IF;
    refused := coalesce(  -- locked in ascending order, like everywhere
        ledger_objection(community, least(debit, credit),
            CASE WHEN debit < credit THEN -amount ELSE amount END, effective_on),
        ledger_objection(community, greatest(debit, credit),
            CASE WHEN debit < credit THEN amount ELSE -amount END, effective_on));
    IF refused IS NULL THEN
        SELECT p.transfer_id, p.was_there, p.refused INTO transfer_id, was_there, refused
            FROM ledger_post(community, key, kind, debit, credit, amount, effective_on,
                actor, approver, policy, relates_to) p;
    ELSE
        INSERT INTO ledger_refusal (community_id, journal, code, content, actor)
            VALUES (community, key, refused, content, actor);
    END IF;
END
$$;
