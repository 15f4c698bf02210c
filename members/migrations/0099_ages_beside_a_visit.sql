-- As in 0042, but the two ages are asked of the rules themselves: a function that returns their row
-- costs more than all else here.
CREATE OR REPLACE FUNCTION members_beside_visit(the_volunteer bigint, the_elder bigint, day date)
RETURNS members_beside
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    beside members_beside;
BEGIN
    SELECT r.age_a, r.age_b INTO beside.age_a, beside.age_b
        FROM members_member e JOIN members_area here ON here.id = e.area_id,
            members_eligibilityrules r LEFT JOIN members_area a ON a.id = r.area_id
        WHERE e.id = the_elder AND r.effective_from <= day
            AND (r.author_id IS NULL OR r.approver_id IS NOT NULL)
            AND (r.area_id IS NULL OR starts_with(here.path, a.path))
        ORDER BY a.path DESC NULLS LAST, r.effective_from DESC LIMIT 1;
    SELECT CASE WHEN a.result <> a.computed AND a.review_due_on >= day THEN a.result END
        INTO beside.decided
        FROM members_assessment a
        WHERE a.member_id = the_elder AND a.state = 'settled' AND a.assessed_on <= day
        ORDER BY a.assessed_on DESC, a.id DESC LIMIT 1;
    SELECT c.act = 'withdrawn' INTO beside.is_need_hidden
        FROM members_consent c WHERE c.member_id = the_elder AND c.purpose = 'sensitive'
        ORDER BY c.id DESC LIMIT 1;
    SELECT k.inverse INTO beside.kin FROM members_kinship k
        WHERE k.member_id = the_elder AND k.relative_id = the_volunteer
            AND k.state = 'confirmed' AND (k.ended_on IS NULL OR k.ended_on > day)
        ORDER BY k.id DESC LIMIT 1;
    IF beside.kin IS NULL THEN
        SELECT k.relation INTO beside.kin FROM members_kinship k
            WHERE k.member_id = the_volunteer AND k.relative_id = the_elder
                AND k.state = 'confirmed' AND (k.ended_on IS NULL OR k.ended_on > day)
            ORDER BY k.id DESC LIMIT 1;
    END IF;
    RETURN beside;
END
$$;
