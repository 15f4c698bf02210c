-- As before, but income and capability are handed out as they are stored: sealed, with the key of
-- the row for which they were.
DROP FUNCTION services_named;
CREATE FUNCTION services_named(keys uuid[], asked text)
RETURNS TABLE (
    category text, name_zh text, name_en text, usual_minutes smallint, is_bankable boolean,
    is_urgent boolean,
    member bigint, key uuid, number text, area_id bigint, name text, birth_date date,
    area bigint, code text, path text,
    elder bigint, elder_key uuid, member_id bigint, living text, income bytea, capability bytea
)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY SELECT c.code::text, c.name_zh::text, c.name_en::text, c.usual_minutes,
            c.is_bankable, c.is_urgent, m.id, m.key, m.number::text, m.area_id, m.name::text,
            m.birth_date, a.id, a.code::text, a.path::text, e.id, e.key, e.member_id,
            e.living::text, e.income, e.capability
        FROM (SELECT) AS always
        LEFT JOIN services_category c ON c.code = asked
        LEFT JOIN members_member m ON m.key = ANY (keys)
        LEFT JOIN members_area a ON a.id = m.area_id
        LEFT JOIN members_elder e ON e.member_id = m.id;
END
$$;
