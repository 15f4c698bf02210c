-- No area loses its last administrator who can sign in, at that area or above it: see staffing.py.
-- Deferred, so that one may follow another within a transaction, whatever comes first.
CREATE FUNCTION members_keep_an_administrator() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    left_by bigint[];
BEGIN
    IF TG_TABLE_NAME = 'members_staffrole' THEN
        left_by := ARRAY[OLD.area_id];
    ELSE
        SELECT array_agg(area_id) INTO left_by FROM members_staffrole
            WHERE user_id = OLD.id AND role = 'administrator';
    END IF;
    IF left_by IS NULL THEN
        RETURN NULL;
    END IF;
    -- One commit at a time: the next one sees what this one has left.
    PERFORM pg_advisory_xact_lock(hashtextextended('members_keep_an_administrator', 0));
    IF EXISTS (
        SELECT FROM members_area a WHERE a.id = ANY (left_by) AND NOT EXISTS (
            SELECT FROM members_staffrole r
            JOIN members_area above ON above.id = r.area_id
            JOIN members_user u ON u.id = r.user_id
            WHERE r.role = 'administrator' AND u.is_active AND starts_with(a.path, above.path))
    ) THEN
        RAISE EXCEPTION 'members_area_keeps_an_administrator: an area would have none'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'members_area_keeps_an_administrator',
                HINT = 'Make somebody else an administrator first.';
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION members_keep_an_administrator() FROM PUBLIC, timebank_web;
CREATE CONSTRAINT TRIGGER members_area_keeps_an_administrator
    AFTER UPDATE OR DELETE ON members_staffrole DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.role = 'administrator')
    EXECUTE FUNCTION members_keep_an_administrator();
ALTER TABLE members_staffrole ENABLE ALWAYS TRIGGER members_area_keeps_an_administrator;
CREATE CONSTRAINT TRIGGER members_area_keeps_an_administrator
    AFTER UPDATE ON members_user DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.is_active AND NOT NEW.is_active)
    EXECUTE FUNCTION members_keep_an_administrator();
ALTER TABLE members_user ENABLE ALWAYS TRIGGER members_area_keeps_an_administrator;
