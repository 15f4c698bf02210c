-- Holds: minutes set aside on accounts until they are charged, released or expire, each once.
--
-- Locks in one order for all: the key, the hold's key, balances in ascending order. A hold is what
-- may be refused; what is held can be charged as long as the account is not frozen.

-- The accounts of a hold, once nobody else can resolve it until the transaction ends.
CREATE FUNCTION ledger_held_accounts(community bigint, hold uuid) RETURNS bigint[]
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    accounts bigint[];
BEGIN
    PERFORM pg_advisory_xact_lock(uuid_hash_extended(hold, 0));
    SELECT array_agg(h.account_id) INTO accounts FROM ledger_hold h
        WHERE h.community_id = community AND h.key = hold;
    IF accounts IS NULL THEN
        RAISE EXCEPTION 'there is no hold %', hold USING ERRCODE = 'TB002';
    END IF;
    RETURN accounts;
END
$$;

-- Resolves a hold whose accounts are locked; already_resolved when somebody was first. Of a charge
-- each account keeps on record how much of its hold the legs draw.
CREATE FUNCTION ledger_resolve(
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
    INSERT INTO ledger_hold_resolution (community_id, hold_id, kind, amount, journal, actor)
        SELECT community, h.id, ledger_resolve.kind, least(h.amount, coalesce(
                (SELECT sum(u.amount) FROM unnest(debits, amounts) AS u (account, amount)
                WHERE u.account = h.account_id), 0)), ledger_resolve.key, ledger_resolve.actor
        FROM ledger_hold h WHERE h.community_id = community AND h.key = hold ORDER BY h.leg;
    UPDATE ledger_balance b SET held = b.held - h.amount FROM ledger_hold h
        WHERE h.community_id = community AND h.key = hold
            AND b.community_id = community AND b.account_id = h.account_id;
    RETURN NULL;
END
$$;

-- Sets minutes aside, `accounts` and `amounts` side by side in the order in which they are to be
-- drawn, all or none. Returns the holds, whether they were there before, or why not: floor, frozen,
-- missing_account, key_reused. A refusal is kept against the key.
CREATE FUNCTION ledger_reserve(
    community bigint, key uuid, accounts bigint[], amounts bigint[], expires_at timestamptz,
    actor bigint, approver bigint DEFAULT NULL, policy bigint DEFAULT NULL,
    OUT hold_ids bigint[], OUT was_there boolean, OUT refused text
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    content jsonb := jsonb_build_array('hold', accounts, amounts);
    first_content jsonb;
BEGIN
    IF cardinality(accounts) = 0 OR cardinality(accounts) <> cardinality(amounts) THEN
        RAISE EXCEPTION 'a hold needs accounts, each with its minutes'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM pg_advisory_xact_lock(uuid_hash_extended(key, 0));
    SELECT array_agg(h.id ORDER BY h.leg), jsonb_build_array('hold',
            array_agg(h.account_id ORDER BY h.leg), array_agg(h.amount ORDER BY h.leg))
        INTO hold_ids, first_content
        FROM ledger_hold h WHERE h.community_id = community AND h.key = ledger_reserve.key;
    IF hold_ids IS NULL THEN
        SELECT r.code, r.content INTO refused, first_content
            FROM ledger_refusal r WHERE r.community_id = community AND r.journal = key;
    END IF;
    was_there := hold_ids IS NOT NULL OR refused IS NOT NULL;
    IF was_there THEN
        IF first_content <> content THEN
            hold_ids := NULL;
            refused := 'key_reused';
        END IF;
        RETURN;
    END IF;
    PERFORM ledger_lock(community, accounts);
    FOR i IN 1 .. cardinality(accounts) LOOP
        refused := ledger_objection(community, accounts[i], -amounts[i], NULL);
        EXIT WHEN refused IS NOT NULL;
    END LOOP;
    IF refused IS NOT NULL THEN
        INSERT INTO ledger_refusal (community_id, journal, code, content, actor)
            VALUES (community, key, refused, content, actor);
        RETURN;
    END IF;
    WITH written AS (
        INSERT INTO ledger_hold (community_id, key, leg, account_id, amount, expires_at, actor,
            approver, policy)
        SELECT community, ledger_reserve.key, u.o, u.account, u.amount, ledger_reserve.expires_at,
            ledger_reserve.actor, ledger_reserve.approver, ledger_reserve.policy
        FROM unnest(accounts, amounts) WITH ORDINALITY AS u (account, amount, o)
        ORDER BY u.o RETURNING id
    )
    SELECT array_agg(w.id ORDER BY w.id) INTO hold_ids FROM written w;
    UPDATE ledger_balance b SET held = b.held + u.amount
        FROM unnest(accounts, amounts) AS u (account, amount)
        WHERE b.community_id = community AND b.account_id = u.account;
END
$$;

-- Frees all minutes of a hold. The same key again returns the first result, any other is refused
-- with already_resolved.
CREATE FUNCTION ledger_release(
    community bigint, hold uuid, key uuid, actor bigint, OUT was_there boolean, OUT refused text
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(uuid_hash_extended(key, 0));
    PERFORM ledger_lock(community, ledger_held_accounts(community, hold));
    was_there := EXISTS (
        SELECT FROM ledger_hold h JOIN ledger_hold_resolution r
            ON r.community_id = h.community_id AND r.hold_id = h.id
        WHERE h.community_id = community AND h.key = hold AND r.kind = 2
            AND r.journal = ledger_release.key);
    IF NOT was_there THEN
        refused := ledger_resolve(community, hold, 2::smallint, key, actor);
    END IF;
END
$$;

-- Frees the minutes of all holds that have expired by `at`, or by now when that is earlier; returns
-- how many. What somebody resolves at this moment is left to them: the next run looks again.
CREATE FUNCTION ledger_expire_holds(at timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    h record;
    done bigint := 0;
BEGIN
    FOR h IN SELECT x.community_id, x.id, x.key, x.account_id, x.amount FROM ledger_hold x
            WHERE x.expires_at <= least(at, clock_timestamp()) AND NOT EXISTS (
                SELECT FROM ledger_hold_resolution r
                WHERE r.community_id = x.community_id AND r.hold_id = x.id)
            ORDER BY x.community_id, x.account_id, x.id LOOP
        CONTINUE WHEN NOT pg_try_advisory_xact_lock(uuid_hash_extended(h.key, 0));
        PERFORM ledger_lock(h.community_id, ARRAY[h.account_id]);
        INSERT INTO ledger_hold_resolution (community_id, hold_id, kind, amount, actor)
            VALUES (h.community_id, h.id, 3, 0, 0) ON CONFLICT DO NOTHING;
        IF FOUND THEN
            UPDATE ledger_balance b SET held = b.held - h.amount
                WHERE b.community_id = h.community_id AND b.account_id = h.account_id;
            done := done + 1;
        END IF;
    END LOOP;
    RETURN done;
END
$$;
