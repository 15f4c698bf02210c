-- The policy of an area on a day: the nearest area's, then its latest version; no row when none.
-- In plpgsql, whose statements are planned once for a session.
CREATE FUNCTION ledger_policy_in_force(area bigint, day date) RETURNS SETOF ledger_policy
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY SELECT p.*
        FROM members_area here, ledger_policy p LEFT JOIN members_area a ON a.id = p.area_id
        WHERE here.id = area AND p.effective_from <= day
            AND (p.area_id IS NULL OR starts_with(here.path, a.path))
        ORDER BY a.path DESC NULLS LAST, p.effective_from DESC LIMIT 1;
END
$$;
