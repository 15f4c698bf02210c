-- What concerns whole books: hours that move to another one, accounts that are closed; and what the
-- application may call.

-- Moves a holder's own hours, earned or given to them, to the book of another community: out over the
-- clearing account here, in over the one there, both under one key, or neither. The two clearing
-- accounts are therefore always opposite. `debits` and `credits` side by side; what the pool has
-- granted stays.
--
-- Balances are locked in the order of (community, account). A refusal is kept in the book that the
-- hours would have left.
CREATE FUNCTION ledger_move(
    community bigint, destination bigint, key uuid, debits bigint[], credits bigint[],
    amounts bigint[], effective_on date, actor bigint, approver bigint DEFAULT NULL,
    policy bigint DEFAULT NULL, relates_to date DEFAULT NULL,
    OUT transfer_ids bigint[], OUT was_there boolean, OUT refused text
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    n int := cardinality(amounts);
    clearing_here bigint;
    clearing_there bigint;
    outward smallint[] := array_fill(11::smallint, ARRAY[n]);
    inward smallint[] := array_fill(12::smallint, ARRAY[n]);
    keys uuid[] := array_fill(key, ARRAY[n]);
    days date[] := array_fill(effective_on, ARRAY[n]);
    true_days date[] := array_fill(relates_to, ARRAY[n]);
    content jsonb;
BEGIN
    IF n = 0 OR community = destination OR EXISTS (
            SELECT FROM unnest(debits, credits) AS u (here, there)
            LEFT JOIN ledger_account a ON a.community_id = community AND a.id = u.here
            LEFT JOIN ledger_account b ON b.community_id = destination AND b.id = u.there
            WHERE a.holder <> b.holder OR a.kind NOT IN (1, 6) OR a.kind <> b.kind) THEN
        RAISE EXCEPTION 'hours move between two books, from a holder to the same'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM pg_advisory_xact_lock(uuid_hash_extended(key, 0));
    IF community < destination THEN
        clearing_here := ledger_open_clearing(community, destination);
    END IF;
    clearing_there := ledger_open_clearing(destination, community);
    clearing_here := coalesce(clearing_here, ledger_open_clearing(community, destination));
    content := ledger_contents(outward, debits, array_fill(clearing_here, ARRAY[n]), amounts,
        coalesce(relates_to, effective_on));
    SELECT o.transfer_ids, o.refused INTO transfer_ids, refused
        FROM ledger_outcome(community, key, content) o;
    was_there := FOUND;
    IF NOT was_there AND EXISTS (SELECT FROM ledger_transfer t
            WHERE t.community_id = destination AND t.journal = key) THEN
        was_there := true;
        refused := 'key_reused';
    END IF;
    IF was_there THEN
        RETURN;
    END IF;
    IF community < destination THEN
        PERFORM ledger_lock(community, debits || clearing_here);
    END IF;
    PERFORM ledger_lock(destination, credits || clearing_there);
    PERFORM ledger_lock(community, debits || clearing_here);
    BEGIN
        SELECT w.transfer_ids, w.refused INTO transfer_ids, refused
            FROM ledger_write(community, keys, outward, debits,
                array_fill(clearing_here, ARRAY[n]), amounts, days, NULL, actor, approver,
                policy, true_days) w;
        IF refused IS NULL THEN
            SELECT w.refused INTO refused
                FROM ledger_write(destination, keys, inward,
                    array_fill(clearing_there, ARRAY[n]), credits, amounts, days, NULL, actor,
                    approver, policy, true_days) w;
        END IF;
        IF refused IS NOT NULL THEN
            RAISE EXCEPTION 'refused' USING ERRCODE = 'TB001';
        END IF;
    EXCEPTION WHEN SQLSTATE 'TB001' THEN
        transfer_ids := NULL;
        INSERT INTO ledger_refusal (community_id, journal, code, content, actor)
            VALUES (community, key, refused, content, actor);
    END;
END
$$;

-- Empties the accounts of a holder, which are frozen before and stay so: what is theirs goes to
-- `heir` (an account, or 17 for the pool), what the pool has granted goes back to it. Refused while
-- an account is not frozen (not_frozen) or minutes are held (held). An empty account leaves no
-- transfers.
CREATE FUNCTION ledger_close_accounts(
    community bigint, key uuid, holder uuid, heir bigint, effective_on date, actor bigint,
    approver bigint DEFAULT NULL, policy bigint DEFAULT NULL, relates_to date DEFAULT NULL,
    OUT transfer_ids bigint[], OUT was_there boolean, OUT refused text
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    meant jsonb := jsonb_build_array('closure', holder, heir,
        coalesce(relates_to, effective_on));
    pool bigint := (ledger_striped(ARRAY[17]::bigint[]))[1];
    target bigint := (ledger_striped(ARRAY[heir]))[1];
    own bigint[];
    debits bigint[];
    credits bigint[];
    amounts bigint[];
    n int;
BEGIN
    PERFORM pg_advisory_xact_lock(uuid_hash_extended(key, 0));
    SELECT array_agg(t.id ORDER BY t.leg), CASE WHEN bool_and(t.kind = 13
                AND coalesce(t.relates_to, t.effective_on)
                    = coalesce(ledger_close_accounts.relates_to, ledger_close_accounts.effective_on)
                AND a.holder = ledger_close_accounts.holder
                AND (a.kind = 4 OR ledger_family(t.credit) = heir))
            THEN NULL ELSE 'key_reused' END
        INTO transfer_ids, refused
        FROM ledger_transfer t
        JOIN ledger_account a ON a.community_id = t.community_id AND a.id = t.debit
        WHERE t.community_id = community AND t.journal = key;
    was_there := transfer_ids IS NOT NULL;
    IF NOT was_there THEN
        SELECT CASE WHEN r.content = meant THEN r.code ELSE 'key_reused' END INTO refused
            FROM ledger_refusal r WHERE r.community_id = community AND r.journal = key;
        was_there := FOUND;
    END IF;
    IF was_there THEN
        IF refused IS NOT NULL THEN
            transfer_ids := NULL;
        END IF;
        RETURN;
    END IF;
    SELECT array_agg(a.id) INTO own FROM ledger_account a
        WHERE a.community_id = community AND a.holder = ledger_close_accounts.holder;
    PERFORM ledger_lock(community, own || pool || target);
    SELECT CASE WHEN bool_or(NOT b.frozen) THEN 'not_frozen'
            WHEN bool_or(b.held > 0) THEN 'held' END,
            array_agg(b.account_id ORDER BY b.account_id) FILTER (WHERE b.posted > 0),
            array_agg(CASE a.kind WHEN 4 THEN pool ELSE target END ORDER BY b.account_id)
                FILTER (WHERE b.posted > 0),
            array_agg(b.posted ORDER BY b.account_id) FILTER (WHERE b.posted > 0)
        INTO refused, debits, credits, amounts
        FROM ledger_balance b
        JOIN ledger_account a ON a.community_id = b.community_id AND a.id = b.account_id
        WHERE b.community_id = community AND b.account_id = ANY (own);
    n := cardinality(amounts);
    IF refused IS NULL AND n > 0 THEN
        UPDATE ledger_balance b SET frozen = false
            WHERE b.community_id = community AND b.account_id = ANY (own);
        SELECT w.transfer_ids, w.refused INTO transfer_ids, refused
            FROM ledger_write(community, array_fill(key, ARRAY[n]),
                array_fill(13::smallint, ARRAY[n]), debits, credits, amounts,
                array_fill(effective_on, ARRAY[n]), NULL, actor, approver, policy,
                array_fill(relates_to, ARRAY[n])) w;
        UPDATE ledger_balance b SET frozen = true
            WHERE b.community_id = community AND b.account_id = ANY (own);
    END IF;
    IF refused IS NOT NULL THEN
        INSERT INTO ledger_refusal (community_id, journal, code, content, actor)
            VALUES (community, key, refused, meant, actor);
    END IF;
END
$$;

-- What the application may call: the verbs and the reads, none of what they are made of.
DO $$
DECLARE
    f regprocedure;
BEGIN
    FOR f IN SELECT oid FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'ledger\_%' LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC, timebank_web', f);
    END LOOP;
    FOR f IN SELECT oid FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proname IN (
            'ledger_post', 'ledger_post_journal', 'ledger_post_batch', 'ledger_reverse',
            'ledger_move', 'ledger_close_accounts', 'ledger_reserve', 'ledger_release',
            'ledger_expire_holds', 'ledger_open_accounts', 'ledger_open_gifted',
            'ledger_open_grants', 'ledger_set_limits', 'ledger_close_period',
            'ledger_last_closed_day', 'ledger_roll_up', 'ledger_as_recorded',
            'ledger_as_effective', 'ledger_family', 'ledger_policy_in_force') LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO timebank_web', f);
    END LOOP;
END
$$;
