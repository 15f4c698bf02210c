-- All on record that bears on a visit, read once its volunteer is locked: two clerks who post at
-- once would both find the same room under the day's cap, and pass it. No row when the member is no
-- volunteer. One function, because its statements are planned once for a session and not at every
-- visit: this is the most frequent thing that the application does.
CREATE FUNCTION services_beside_visit(
    community bigint, the_volunteer bigint, holder uuid, the_elder bigint, day date, the_key uuid,
    OUT account bigint, OUT balance bigint, OUT ceiling bigint, OUT frozen boolean,
    OUT used_that_day bigint, OUT used_that_week bigint, OUT twin bigint,
    OUT is_same_pair_that_day boolean
) RETURNS SETOF record
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    monday date := date_trunc('week', day)::date;
BEGIN
    PERFORM FROM members_volunteer v WHERE v.member_id = the_volunteer FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT b.account_id, b.posted, b.ceiling, b.frozen INTO account, balance, ceiling, frozen
        FROM ledger_account a
        JOIN ledger_balance b ON b.community_id = a.community_id AND b.account_id = a.id
        WHERE a.community_id = community AND a.holder = services_beside_visit.holder AND a.kind = 1;
    SELECT coalesce(sum(v.bankable_minutes) FILTER (WHERE v.service_date = day AND v.banks), 0),
            coalesce(sum(v.bankable_minutes) FILTER (WHERE v.banks), 0),
            coalesce(bool_or(v.service_date = day AND v.elder_id = the_elder
                AND v.key <> the_key), false)
        INTO used_that_day, used_that_week, is_same_pair_that_day
        FROM (
            SELECT *, state = 'confirmed' AND choice <> 'waive' AS banks FROM services_visit
            WHERE volunteer_id = the_volunteer AND service_date BETWEEN monday AND monday + 6
                AND state IN ('completed', 'confirmed')
        ) v;
    SELECT v.id INTO twin FROM services_visit v WHERE v.key = the_key;
    RETURN NEXT;
END
$$;
