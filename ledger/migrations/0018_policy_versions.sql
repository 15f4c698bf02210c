-- Only approved versions are in force.
CREATE OR REPLACE FUNCTION ledger_policy_in_force(area bigint, day date) RETURNS SETOF ledger_policy
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY SELECT p.*
        FROM members_area here, ledger_policy p LEFT JOIN members_area a ON a.id = p.area_id
        WHERE here.id = area AND p.effective_from <= day AND p.state = 'approved'
            AND (p.area_id IS NULL OR starts_with(here.path, a.path))
        ORDER BY a.path DESC NULLS LAST, p.effective_from DESC LIMIT 1;
END
$$;

-- A version is decided once and otherwise never edited: what a posting names stays what it was.
CREATE FUNCTION ledger_policy_refuse_edit() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    decided text[] := ARRAY['state', 'approver_id', 'decided_at', 'return_reason'];
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.state = 'waiting'
            AND to_jsonb(NEW) - decided = to_jsonb(OLD) - decided THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% on a version of the rules is refused', TG_OP
        USING ERRCODE = 'restrict_violation', HINT = 'A change is a new version from a day on.';
END
$$;
CREATE TRIGGER ledger_policy_is_never_edited BEFORE UPDATE OR DELETE ON ledger_policy
    FOR EACH ROW EXECUTE FUNCTION ledger_policy_refuse_edit();
ALTER TABLE ledger_policy ENABLE ALWAYS TRIGGER ledger_policy_is_never_edited;
CREATE TRIGGER ledger_policy_is_kept BEFORE TRUNCATE ON ledger_policy
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
ALTER TABLE ledger_policy ENABLE ALWAYS TRIGGER ledger_policy_is_kept;
REVOKE ALL ON FUNCTION ledger_policy_refuse_edit() FROM PUBLIC, timebank_web;
