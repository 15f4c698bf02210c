-- What was done to a staff account stays on record: rights first, triggers that always fire second.
CREATE FUNCTION members_refuse_change_of_events() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: what was done to an account is kept', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER members_accountevent_only_grows BEFORE UPDATE OR DELETE ON members_accountevent
    FOR EACH ROW EXECUTE FUNCTION members_refuse_change_of_events();
ALTER TABLE members_accountevent ENABLE ALWAYS TRIGGER members_accountevent_only_grows;
CREATE TRIGGER members_accountevent_is_kept BEFORE TRUNCATE ON members_accountevent
    FOR EACH STATEMENT EXECUTE FUNCTION members_refuse_change_of_events();
ALTER TABLE members_accountevent ENABLE ALWAYS TRIGGER members_accountevent_is_kept;
REVOKE UPDATE, DELETE, TRUNCATE ON members_accountevent FROM timebank_web;

-- Two pages that set an app up at once leave one of them.
CREATE UNIQUE INDEX members_authenticator_is_one ON otp_totp_totpdevice (user_id);
CREATE UNIQUE INDEX members_recoverycodes_are_one ON otp_static_staticdevice (user_id);
