-- The log of looks only grows: rights first, triggers that always fire second.
CREATE FUNCTION members_refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the log of looks only grows', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER members_look_only_grows BEFORE UPDATE OR DELETE ON members_look
    FOR EACH ROW EXECUTE FUNCTION members_refuse_change();
ALTER TABLE members_look ENABLE ALWAYS TRIGGER members_look_only_grows;
CREATE TRIGGER members_look_is_kept BEFORE TRUNCATE ON members_look
    FOR EACH STATEMENT EXECUTE FUNCTION members_refuse_change();
ALTER TABLE members_look ENABLE ALWAYS TRIGGER members_look_is_kept;
REVOKE UPDATE, DELETE, TRUNCATE ON members_look FROM timebank_web;
