-- As in 0030, but the hold is only looked for where something was approved for that day.
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
    IF EXISTS (
        SELECT FROM ledger_movementrequest r
        WHERE r.area_id = community AND r.kind = 'redeem' AND r.state = 'done' AND r."on" = day
            AND coalesce(r.other_id, r.member_id) = the_elder
    ) THEN
        SELECT r.key INTO beside.hold
            FROM ledger_movementrequest r
            JOIN ledger_hold h ON h.community_id = community AND h.key = r.key
            WHERE r.area_id = community AND r.kind = 'redeem' AND r.state = 'done' AND r."on" = day
                AND coalesce(r.other_id, r.member_id) = the_elder
                AND NOT EXISTS (SELECT FROM ledger_hold_resolution s
                    WHERE s.community_id = community AND s.hold_id = h.id)
            ORDER BY r.id LIMIT 1;
    END IF;
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

-- The category and the people that a visit's form names, a row for the elder and one for the volunteer,
-- each with what a visit has to know of community and elder profile; NULLs where nothing is known.
-- Income and capability as they are stored, sealed for the row of `elder_key`. On the volunteer's row,
-- where all of the visit is named, the facts beside it as text, and the version of the rules that it
-- falls under. One function: the statement that asks is planned anew each time, and wide rows of several
-- functions, joined, cost it as much as to read them.
CREATE FUNCTION services_read_visit(
    the_volunteer uuid, the_elder uuid, asked text, day date, the_key uuid
) RETURNS TABLE (
    category text, name_zh text, name_en text, usual_minutes smallint, is_bankable boolean,
    is_urgent boolean,
    member bigint, key uuid, number text, area_id bigint, name text, birth_date date,
    area bigint, code text, path text,
    elder bigint, elder_key uuid, member_id bigint, living text, income bytea, capability bytea,
    mark text, policy bigint
)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    person uuid;
    visited bigint;
BEGIN
    SELECT c.code, c.name_zh, c.name_en, c.usual_minutes, c.is_bankable, c.is_urgent
        INTO category, name_zh, name_en, usual_minutes, is_bankable, is_urgent
        FROM services_category c WHERE c.code = asked;
    FOREACH person IN ARRAY ARRAY[the_elder, the_volunteer] LOOP
        SELECT m.id, m.key, m.number, m.area_id, m.name, m.birth_date, a.id, a.code, a.path,
                e.id, e.key, e.member_id, e.living, e.income, e.capability
            INTO member, key, number, area_id, name, birth_date, area, code, path,
                elder, elder_key, member_id, living, income, capability
            FROM members_member m
            JOIN members_area a ON a.id = m.area_id
            LEFT JOIN members_elder e ON e.member_id = m.id
            WHERE m.key = person;
        IF key = the_elder THEN
            visited := member;
        END IF;
        IF key = the_volunteer AND visited IS NOT NULL AND day IS NOT NULL AND the_key IS NOT NULL THEN
            SELECT b::text INTO mark
                FROM services_beside_visit(area_id, member, key, visited, day, the_key) b;
            policy := ledger_policy_id_in_force(area_id, day);
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;
DROP FUNCTION services_named, services_read_beside;
