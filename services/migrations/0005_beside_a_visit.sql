-- All on record that bears on a visit. No row when the member is no volunteer. One function, because
-- its statements are planned once for a session and not at every visit: this is the most frequent
-- thing that the application does. VOLATILE, so that each call sees what was committed before it.
CREATE TYPE services_beside AS (
    account bigint, balance bigint, ceiling bigint, frozen boolean, used_that_day bigint,
    used_that_week bigint, twin bigint, is_same_pair_that_day boolean
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
    RETURN NEXT beside;
END
$$;

-- Books what a visit is worth, if it is still worth that: when nothing has changed since `seen` was
-- read. Returns NULL when it is booked, 'changed', or why the ledger refuses. The volunteer is locked
-- first: two clerks who post at once would both find the same room under the day's cap, and pass it.
-- A visit that moves nothing comes without kinds.
CREATE FUNCTION services_book_visit(
    community bigint, the_volunteer bigint, holder uuid, the_elder bigint, day date, the_key uuid,
    seen text, kinds smallint[], debits bigint[], credits bigint[], minutes bigint[], author bigint,
    policy bigint
) RETURNS text
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    beside services_beside;
BEGIN
    PERFORM FROM members_volunteer v WHERE v.member_id = the_volunteer FOR NO KEY UPDATE;
    beside := services_beside_visit(community, the_volunteer, holder, the_elder, day, the_key);
    IF beside::text IS DISTINCT FROM seen THEN
        RETURN 'changed';
    END IF;
    IF cardinality(kinds) = 0 THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT refused FROM ledger_post_journal(community, the_key, kinds, debits, credits,
        minutes, day, author, NULL, policy));
END
$$;
