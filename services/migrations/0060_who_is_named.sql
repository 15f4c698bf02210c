-- The rule of members_refuse_who_is_not_here, with a visit's columns by name: to take them out of the
-- row as JSON costs more than to insert it. The rows of the people are locked in one order for all, and
-- read as they are when the lock is there.
CREATE FUNCTION services_refuse_who_is_not_here() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    named bigint[] := ARRAY[NEW.volunteer_id, NEW.elder_id];
    standing text;
BEGIN
    IF TG_OP = 'UPDATE' THEN  -- who was named before may be gone
        named := ARRAY[nullif(NEW.volunteer_id, OLD.volunteer_id), nullif(NEW.elder_id, OLD.elder_id)];
    END IF;
    FOR standing IN SELECT m.standing FROM members_member m WHERE m.id = ANY (named)
            ORDER BY m.id FOR KEY SHARE LOOP
        IF standing <> 'here' THEN
            RAISE EXCEPTION 'a member who is not on record any more is named'
                USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
        END IF;
    END LOOP;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER services_visit_names_people_who_are_here
    BEFORE INSERT OR UPDATE OF volunteer_id, elder_id ON services_visit
    FOR EACH ROW EXECUTE FUNCTION services_refuse_who_is_not_here();
