-- What is on record of the two people decides a visit's worth too: it stands in `services_beside`,
-- and so is read, compared and protected with the rest (docs/decisions/0010).
ALTER TYPE services_beside
    ADD ATTRIBUTE age_a smallint, ADD ATTRIBUTE age_b smallint, ADD ATTRIBUTE decided text,
    ADD ATTRIBUTE is_need_hidden boolean, ADD ATTRIBUTE kin text;

-- As in 0010, but for the lines before RETURN NEXT.
CREATE OR REPLACE FUNCTION services_beside_visit(
    community bigint, the_volunteer bigint, holder uuid, the_elder bigint, day date, the_key uuid
) RETURNS SETOF services_beside
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    monday date := date_trunc('week', day)::date;
    beside services_beside;
    people members_beside;
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
    people := members_beside_visit(the_volunteer, the_elder, day);
    beside.age_a := people.age_a;
    beside.age_b := people.age_b;
    beside.decided := people.decided;
    beside.is_need_hidden := coalesce(people.is_need_hidden, false);
    beside.kin := people.kin;
    RETURN NEXT beside;
END
$$;
