-- Opening accounts, and their limits.

-- One account for each holder, opened when it is not there yet, and the book's stripes with the
-- first of them. A member never owes hours: floor 0. Issuance and pool may run below zero.
CREATE FUNCTION ledger_open_accounts(community bigint, holders uuid[], ceiling bigint)
RETURNS TABLE (holder uuid, id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
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
        INSERT INTO ledger_balance (community_id, account_id)
            SELECT community_id, id FROM opened;
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
    INSERT INTO ledger_balance (community_id, account_id, floor, ceiling)
        SELECT community_id, id, 0, ledger_open_accounts.ceiling FROM opened;
    RETURN QUERY SELECT a.holder, a.id FROM ledger_account a
        WHERE a.community_id = community AND a.holder = ANY (holders) AND a.kind = 1;
END
$$;

-- Sets all limits of an account and keeps who did it. Limits that what is posted breaks already
-- are refused by the constraints of ledger_balance.
CREATE FUNCTION ledger_set_limits(
    community bigint, account bigint, floor bigint, ceiling bigint, frozen boolean, actor bigint
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    UPDATE ledger_balance SET floor = ledger_set_limits.floor,
            ceiling = ledger_set_limits.ceiling, frozen = ledger_set_limits.frozen
        WHERE community_id = community AND account_id = account;
    INSERT INTO ledger_limit_change (community_id, account_id, floor, ceiling, frozen, actor)
        VALUES (community, account, ledger_set_limits.floor, ledger_set_limits.ceiling,
            ledger_set_limits.frozen, ledger_set_limits.actor);
END
$$;
