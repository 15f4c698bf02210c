-- What must hold of every row, in one CHECK of a table: PostgreSQL parses the text of each CHECK again
-- for each statement, which took more than a third of a posting (docs/decisions/0021). A rule is broken
-- where its case is true, and is refused under its own name.
CREATE FUNCTION ledger_transfer_is_sound(t ledger_transfer) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    broken CONSTANT text := CASE
        WHEN t.debit = t.credit THEN 'moves_between_two_accounts'
        WHEN t.amount <= 0 THEN 'amount_is_positive'
        WHEN t.approver = t.actor THEN 'approver_is_not_the_author'
        WHEN (t.kind = 5) <> (t.reverses IS NOT NULL) THEN 'only_a_reversal_reverses'
        WHEN t.relates_to >= t.effective_on THEN 'relates_to_an_earlier_day'
        WHEN t.debit > 1000000000000 AND NOT (t.kind IN (5, 9, 11, 13)
            OR t.kind = 6 AND t.credit <= 16 OR t.kind = 15 AND t.credit > 1000000000000)
            THEN 'given_hours_are_not_given_on'
        WHEN t.kind = 15 AND NOT (t.debit > 1000 AND t.credit > 1000
            AND (t.debit > 1000000000000) = (t.credit > 1000000000000))
            THEN 'joins_accounts_of_one_source'
    END;
BEGIN
    IF broken IS NULL THEN
        RETURN true;
    END IF;
    RAISE EXCEPTION 'a transfer breaks the rule "ledger_transfer_%"', broken USING
        ERRCODE = 'check_violation', TABLE = 'ledger_transfer', CONSTRAINT = 'ledger_transfer_' || broken;
END
$$;
ALTER TABLE ledger_transfer
    ADD CONSTRAINT ledger_transfer_is_sound CHECK (ledger_transfer_is_sound(ledger_transfer.*)),
    DROP CONSTRAINT ledger_transfer_moves_between_two_accounts,
    DROP CONSTRAINT ledger_transfer_amount_is_positive,
    DROP CONSTRAINT ledger_transfer_approver_is_not_the_author,
    DROP CONSTRAINT ledger_transfer_only_a_reversal_reverses,
    DROP CONSTRAINT ledger_transfer_relates_to_an_earlier_day,
    DROP CONSTRAINT ledger_transfer_given_hours_are_not_given_on,
    DROP CONSTRAINT ledger_transfer_joins_accounts_of_one_source;

CREATE FUNCTION ledger_balance_is_sound(b ledger_balance) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    broken CONSTANT text := CASE
        WHEN b.posted - b.held < b.floor THEN 'available_is_not_below_floor'
        WHEN b.posted > b.ceiling THEN 'posted_is_not_above_ceiling'
        WHEN b.held < 0 THEN 'held_is_not_negative'
    END;
BEGIN
    IF broken IS NULL THEN
        RETURN true;
    END IF;
    RAISE EXCEPTION 'a balance breaks the rule "ledger_balance_%"', broken USING
        ERRCODE = 'check_violation', TABLE = 'ledger_balance', CONSTRAINT = 'ledger_balance_' || broken;
END
$$;
ALTER TABLE ledger_balance
    ADD CONSTRAINT ledger_balance_is_sound CHECK (ledger_balance_is_sound(ledger_balance.*)),
    DROP CONSTRAINT ledger_balance_available_is_not_below_floor,
    DROP CONSTRAINT ledger_balance_posted_is_not_above_ceiling,
    DROP CONSTRAINT ledger_balance_held_is_not_negative;

-- Which version of the rules: to ask for it alone is cheap, a whole row of it is wide.
CREATE FUNCTION ledger_policy_id_in_force(area bigint, day date) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN (SELECT p.id
        FROM members_area here, ledger_policy p LEFT JOIN members_area a ON a.id = p.area_id
        WHERE here.id = area AND p.effective_from <= day AND p.state = 'approved'
            AND (p.area_id IS NULL OR starts_with(here.path, a.path))
        ORDER BY a.path DESC NULLS LAST, p.effective_from DESC LIMIT 1);
END
$$;
CREATE OR REPLACE FUNCTION ledger_policy_in_force(area bigint, day date) RETURNS SETOF ledger_policy
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY SELECT p.* FROM ledger_policy p WHERE p.id = ledger_policy_id_in_force(area, day);
END
$$;

REVOKE ALL ON FUNCTION ledger_transfer_is_sound(ledger_transfer), ledger_balance_is_sound(ledger_balance),
    ledger_policy_id_in_force(bigint, date) FROM PUBLIC, timebank_web;
GRANT EXECUTE ON FUNCTION ledger_policy_id_in_force(bigint, date) TO timebank_web;
