-- All on record that bears on a visit. No row when the member is no volunteer. One function, because
-- its statements are planned once for a session and not at every visit: this is the most frequent
-- thing that the application does. VOLATILE, so that each call sees what was committed before it.
CREATE TYPE services_beside AS (
    account bigint, balance bigint, ceiling bigint, frozen boolean, used_that_day bigint,
    used_that_week bigint, twin bigint, is_same_pair_that_day boolean,
    elder_free bigint, hold uuid
);

CREATE FUNCTION services_beside_visit(
    community bigint, the_volunteer bigint, holder uuid, the_elder bigint, day date, the_key uuid
) RETURNS SETOF services_beside
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    monday date := date_trunc('week', day)::date;
    beside services_beside;
BEGIN
    IF NOT EXISTS (SELECT FROM members_volunteer v WHERE v.member_id = the_volunteer) THEN
        RETURN;
    END IF;
    SELECT b.account_id, b.posted, b.ceiling, b.frozen
        INTO beside.account, beside.balance, beside.ceiling, beside.frozen
        FROM ledger_account a
        JOIN ledger_balance b ON b.community_id = a.community_id AND b.account_id = a.id
        WHERE a.community_id = community AND a.holder = services_beside_visit.holder AND a.kind = 1;
    SELECT coalesce(sum(v.bankable_minutes) FILTER (WHERE v.service_date = day AND v.banks), 0),
            coalesce(sum(v.bankable_minutes) FILTER (WHERE v.banks), 0),
            coalesce(bool_or(v.service_date = day AND v.elder_id = the_elder
                AND v.key <> the_key), false)
        INTO beside.used_that_day, beside.used_that_week, beside.is_same_pair_that_day
        FROM (
            SELECT *, state = 'confirmed' AND choice <> 'waive' AS banks FROM services_visit
            WHERE volunteer_id = the_volunteer AND service_date BETWEEN monday AND monday + 6
                AND state IN ('completed', 'confirmed')
        ) v;
    SELECT v.id INTO beside.twin FROM services_visit v WHERE v.key = the_key;
    SELECT sum(b.posted - b.held) INTO beside.elder_free
        FROM members_member e
        JOIN ledger_account a ON a.community_id = community AND a.holder = e.key
        JOIN ledger_balance b ON b.community_id = a.community_id AND b.account_id = a.id
        WHERE e.id = the_elder AND NOT b.frozen AND b.posted > b.held
            AND (a.expires_on IS NULL OR a.expires_on >= day);
    -- What a second person has set aside for this elder and this day, the first of it.
    SELECT r.key INTO beside.hold
        FROM ledger_movementrequest r
        JOIN ledger_hold h ON h.community_id = community AND h.key = r.key
        WHERE r.area_id = community AND r.kind = 'redeem' AND r.state = 'done' AND r."on" = day
            AND coalesce(r.other_id, r.member_id) = the_elder
            AND NOT EXISTS (SELECT FROM ledger_hold_resolution s
                WHERE s.community_id = community AND s.hold_id = h.id)
        ORDER BY r.id LIMIT 1;
    RETURN NEXT beside;
END
$$;

-- The first day from `day` on that is open in the book; without a day, the first open one or NULL.
-- It stays open until the transaction ends: who closes a month waits for those who asked. Ask before
-- balances are locked, as those who close lock them last.
CREATE FUNCTION services_open_day(community bigint, day date) RETURNS date
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('ledger_period', community));
    RETURN (SELECT greatest(day, max(p.closed_through) + 1)
        FROM ledger_period p WHERE p.community_id = community);
END
$$;

-- Books what a visit is worth, if it is still worth that: when nothing has changed since `seen` was
-- read. Returns NULL when it is booked, 'changed', or why the ledger refuses. The volunteer is locked
-- first: two clerks who post at once would both find the same room under the day's cap, and pass it;
-- and whatever else would use the elder's hours waits, as in ledger.spending.lock. A visit that moves
-- nothing comes without kinds.
CREATE FUNCTION services_book_visit(
    community bigint, the_volunteer bigint, holder uuid, the_elder bigint, day date, the_key uuid,
    seen text, kinds smallint[], debits bigint[], credits bigint[], minutes bigint[],
    author bigint, policy bigint, hold uuid
) RETURNS text
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    beside services_beside;
    open_day date;
BEGIN
    PERFORM FROM members_volunteer v WHERE v.member_id = the_volunteer FOR NO KEY UPDATE;
    PERFORM pg_advisory_xact_lock(hashtextextended('ledger_holder ' || e.key, 0))
        FROM members_member e WHERE e.id = the_elder;
    beside := services_beside_visit(community, the_volunteer, holder, the_elder, day, the_key);
    IF beside::text IS DISTINCT FROM seen THEN
        RETURN 'changed';
    END IF;
    IF cardinality(kinds) = 0 THEN
        RETURN NULL;
    END IF;
    open_day := services_open_day(community, day);
    RETURN (SELECT refused FROM ledger_post_journal(community, the_key, kinds, debits, credits,
        minutes, open_day, author, NULL, policy, CASE WHEN open_day > day THEN day END, hold));
END
$$;
