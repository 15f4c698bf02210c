-- Two more facts beside a visit: the community to which the volunteer belongs at this moment, as
-- they may move while a visit is logged, and what the public pool may still give.
--
-- All on record that bears on a visit. No row when the member is no volunteer. One function, because
-- its statements are planned once for a session and not at every visit: this is the most frequent
-- thing that the application does. VOLATILE, so that each call sees what was committed before it.
ALTER TYPE services_beside ADD ATTRIBUTE home bigint, ADD ATTRIBUTE pool_room bigint;

CREATE OR REPLACE FUNCTION services_beside_visit(
    community bigint, the_volunteer bigint, holder uuid, the_elder bigint, day date, the_key uuid
) RETURNS SETOF services_beside
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    monday date := date_trunc('week', day)::date;
    beside services_beside;
BEGIN
    SELECT m.area_id INTO beside.home FROM members_volunteer v
        JOIN members_member m ON m.id = v.member_id WHERE v.member_id = the_volunteer;
    IF NOT FOUND THEN
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
    -- More than a day is as good as all: far from the limit nobody's facts change by others' visits.
    beside.pool_room := least(1440, ledger_pool_room(community));
    RETURN NEXT beside;
END
$$;

-- Books what a visit is worth, if it is still worth that: when nothing has changed since `seen` was
-- read. Returns NULL when it is booked, 'changed', or why the ledger refuses. The volunteer is locked
-- first: two clerks who post at once would both find the same room under the day's cap, and pass it;
-- and whatever else would use the elder's hours waits, as in ledger.spending.lock. A visit that moves
-- nothing comes without kinds.
CREATE OR REPLACE FUNCTION services_book_visit(
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
    IF cardinality(kinds) > 0 THEN  -- in this order, as everywhere: closed months, then the pool
        open_day := services_open_day(community, day);
        PERFORM ledger_pool_lock(community);
    END IF;
    beside := services_beside_visit(community, the_volunteer, holder, the_elder, day, the_key);
    IF beside::text IS DISTINCT FROM seen THEN
        RETURN 'changed';
    END IF;
    IF cardinality(kinds) = 0 THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT refused FROM ledger_post_journal(community, the_key, kinds, debits, credits,
        minutes, open_day, author, NULL, policy, CASE WHEN open_day > day THEN day END, hold));
END
$$;
