-- What the pool may give at most, and what a hold is charged with at most: docs/decisions/0017.
--
-- The pool is sixteen accounts, and a limit over all of them queues those who pay from it on one
-- lock of the book. It is therefore taken only where a policy sets a limit; elsewhere posting asks
-- one small index whether any does.
--
-- Locks in one order for all: what a holder's hours are used for, closed months, the key, the
-- original, the hold, the pool, balances in ascending order.

ALTER TABLE ledger_refusal DROP CONSTRAINT ledger_refusal_code_is_known;
ALTER TABLE ledger_refusal ADD CONSTRAINT ledger_refusal_code_is_known CHECK (
    code IN ('floor', 'ceiling', 'frozen', 'missing_account', 'already_reversed', 'closed',
        'already_resolved', 'held', 'not_frozen', 'pool_floor', 'more_than_held'));

-- What one leg takes from the pool, negative when it brings something.
CREATE FUNCTION ledger_taken(debit bigint, credit bigint, amount bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT CASE WHEN debit BETWEEN 17 AND 32 THEN amount ELSE 0 END
        - CASE WHEN credit BETWEEN 17 AND 32 THEN amount ELSE 0 END
$$;

-- What all legs together take from the pool; null where no policy limits any.
CREATE FUNCTION ledger_taken_from_pool(debits bigint[], credits bigint[], amounts bigint[])
RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM ledger_policy p WHERE p.pool_floor IS NOT NULL) THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT sum(ledger_taken(u.d, u.c, u.a)) FROM unnest(debits, credits, amounts)
        AS u (d, c, a));
END
$$;

-- What the pool of a book may still give by the policy in force today; null without a limit. All of
-- China has one time.
CREATE FUNCTION ledger_pool_room(community bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    lowest bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM ledger_policy p WHERE p.pool_floor IS NOT NULL) THEN
        RETURN NULL;
    END IF;
    SELECT p.pool_floor INTO lowest FROM ledger_policy_in_force(
        community, (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date) p;
    IF lowest IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT greatest(0, coalesce(sum(b.posted), 0) - lowest) FROM ledger_balance b
        WHERE b.community_id = community AND b.account_id BETWEEN 17 AND 32);
END
$$;

-- The same, while nobody else takes anything from the pool until the transaction ends. To be asked
-- before balances are locked. What others bring meanwhile may be missing: that errs on the safe side.
CREATE FUNCTION ledger_pool_lock(community bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF ledger_pool_room(community) IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('ledger_pool', community));
    RETURN ledger_pool_room(community);
END
$$;

-- Posts one leg as a journal of its own. `debit` or `credit` may be the head of a striped
-- account (1 issuance, 17 pool): the function picks the stripe of this connection.
-- Returns the transfer, whether it was there before, or why it is refused (floor, ceiling,
-- frozen, closed, missing_account, pool_floor, key_reused).
--
-- The good path looks nothing up but refusals: a resend meets the row that is there.
CREATE OR REPLACE FUNCTION ledger_post(
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
    is_short boolean;
BEGIN
    was_there := pg_advisory_xact_lock(uuid_hash_extended(key, 0)) IS NULL;
    was_there := EXISTS (
        SELECT FROM ledger_refusal r WHERE r.community_id = community AND r.journal = key);
    is_short := debit BETWEEN 17 AND 32 AND credit NOT BETWEEN 17 AND 32
        AND ledger_pool_lock(community) < amount;
    IF NOT was_there AND is_short IS NOT TRUE THEN
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
CREATE OR REPLACE FUNCTION ledger_settle(
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
            CASE WHEN debit < credit THEN amount ELSE -amount END, effective_on),
        CASE WHEN debit BETWEEN 17 AND 32 AND credit NOT BETWEEN 17 AND 32
            AND ledger_pool_lock(community) < amount THEN 'pool_floor' END);
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

-- Resolves a hold whose accounts are locked; already_resolved when somebody was first. Of a charge
-- each account keeps on record how much of its hold the first leg from it draws: more_than_held when
-- that is more than was set aside.
CREATE OR REPLACE FUNCTION ledger_resolve(
    community bigint, hold uuid, kind smallint, key uuid, actor bigint,
    debits bigint[] DEFAULT '{}', amounts bigint[] DEFAULT '{}'
) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM ledger_hold h JOIN ledger_hold_resolution r
            ON r.community_id = h.community_id AND r.hold_id = h.id
            WHERE h.community_id = community AND h.key = hold) THEN
        RETURN 'already_resolved';
    END IF;
    IF EXISTS (SELECT FROM ledger_hold h
            WHERE h.community_id = community AND h.key = hold
                AND amounts[array_position(debits, h.account_id)] > h.amount) THEN
        RETURN 'more_than_held';
    END IF;
    INSERT INTO ledger_hold_resolution (community_id, hold_id, kind, amount, journal, actor)
        SELECT community, h.id, ledger_resolve.kind,
            coalesce(amounts[array_position(debits, h.account_id)], 0), ledger_resolve.key,
            ledger_resolve.actor
        FROM ledger_hold h WHERE h.community_id = community AND h.key = hold ORDER BY h.leg;
    UPDATE ledger_balance b SET held = b.held - h.amount FROM ledger_hold h
        WHERE h.community_id = community AND h.key = hold
            AND b.community_id = community AND b.account_id = h.account_id;
    RETURN NULL;
END
$$;

-- Whatever function writes it: no hold is charged with more than it holds.
CREATE FUNCTION ledger_refuse_more_than_held() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.amount > (SELECT h.amount FROM ledger_hold h
            WHERE h.community_id = NEW.community_id AND h.id = NEW.hold_id) THEN
        RAISE EXCEPTION 'a hold is charged with what it holds at most' USING
            ERRCODE = 'check_violation', TABLE = 'ledger_hold_resolution',
            CONSTRAINT = 'ledger_hold_resolution_charges_what_is_held';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER ledger_hold_resolution_charges_what_is_held BEFORE INSERT ON ledger_hold_resolution
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_more_than_held();
ALTER TABLE ledger_hold_resolution
    ENABLE ALWAYS TRIGGER ledger_hold_resolution_charges_what_is_held;
