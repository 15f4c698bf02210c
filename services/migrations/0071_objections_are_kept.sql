-- What somebody said is not right stays on record, with its answer: rights first, triggers that
-- always fire second. It is answered once. A merge re-points it; an erasure empties what was said and
-- answered, and a change of keys seals it anew.
CREATE FUNCTION services_keep_objection() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    free text[] := ARRAY['member_id'];
    is_rotating boolean := coalesce(current_setting('members.rotating', true), '') = 'on';
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.state = 'waiting' THEN
            free := free || ARRAY['state', 'outcome', 'answer', 'answered_by_id', 'answered_at'];
        END IF;
        IF is_rotating OR NEW.words = '' THEN
            free := array_append(free, 'words');
        END IF;
        IF is_rotating OR NEW.answer = '' THEN
            free := array_append(free, 'answer');
        END IF;
        IF to_jsonb(OLD) - free = to_jsonb(NEW) - free THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% on % is refused: what was said and answered is kept', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation',
            HINT = 'It is answered once: services.objections.answer.';
END
$$;

-- No one answers for what they entered. A trigger, since no constraint of one row can look at
-- another.
CREATE FUNCTION services_refuse_own_answer() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM services_visit v
            WHERE v.id = NEW.visit_id AND v.entered_by_id = NEW.answered_by_id)
        OR EXISTS (SELECT FROM ledger_transfer t WHERE t.community_id = NEW.area_id
            AND t.journal = NEW.journal AND t.actor = NEW.answered_by_id) THEN
        RAISE EXCEPTION 'no one answers for what they entered'
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER services_objection_only_grows BEFORE UPDATE OR DELETE ON services_objection
    FOR EACH ROW EXECUTE FUNCTION services_keep_objection();
CREATE TRIGGER services_objection_is_kept BEFORE TRUNCATE ON services_objection
    FOR EACH STATEMENT EXECUTE FUNCTION services_keep_objection();
CREATE TRIGGER services_objection_is_answered_by_another
    BEFORE INSERT OR UPDATE OF answered_by_id ON services_objection
    FOR EACH ROW WHEN (NEW.answered_by_id IS NOT NULL)
    EXECUTE FUNCTION services_refuse_own_answer();
CREATE TRIGGER services_objection_names_somebody_who_is_here
    BEFORE INSERT OR UPDATE OF member_id ON services_objection
    FOR EACH ROW EXECUTE FUNCTION members_refuse_who_is_not_here('member_id');
ALTER TABLE services_objection ENABLE ALWAYS TRIGGER services_objection_only_grows;
ALTER TABLE services_objection ENABLE ALWAYS TRIGGER services_objection_is_kept;
ALTER TABLE services_objection ENABLE ALWAYS TRIGGER services_objection_is_answered_by_another;
ALTER TABLE services_objection ENABLE ALWAYS TRIGGER services_objection_names_somebody_who_is_here;

REVOKE DELETE, TRUNCATE, REFERENCES, TRIGGER ON services_objection FROM timebank_web, PUBLIC;
REVOKE ALL ON FUNCTION services_keep_objection(), services_refuse_own_answer()
    FROM PUBLIC, timebank_web;
