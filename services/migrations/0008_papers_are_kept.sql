-- What was handed out on paper stays on record: rights first, triggers that always fire second.
-- Of a certificate only its withdrawal is added, once; a print is never changed at all.
CREATE FUNCTION services_refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: papers that were handed out are kept', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation',
            HINT = 'A certificate is withdrawn: services.papers.certificates.withdraw.';
END
$$;
CREATE FUNCTION services_refuse_rewriting() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    withdrawal text[] := ARRAY['withdrawn_by_id', 'withdrawn_at', 'withdraw_reason'];
BEGIN
    IF OLD.withdrawn_at IS NOT NULL OR NEW.withdrawn_at IS NULL
            OR to_jsonb(OLD) - withdrawal <> to_jsonb(NEW) - withdrawal THEN
        RAISE EXCEPTION '% on % is refused: a certificate stays as it was issued', TG_OP,
            TG_TABLE_NAME USING ERRCODE = 'restrict_violation',
            HINT = 'It is withdrawn once: services.papers.certificates.withdraw.';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER services_certificate_is_not_rewritten BEFORE UPDATE ON services_certificate
    FOR EACH ROW EXECUTE FUNCTION services_refuse_rewriting();
ALTER TABLE services_certificate ENABLE ALWAYS TRIGGER services_certificate_is_not_rewritten;
CREATE TRIGGER services_certificate_is_not_deleted BEFORE DELETE ON services_certificate
    FOR EACH ROW EXECUTE FUNCTION services_refuse_change();
ALTER TABLE services_certificate ENABLE ALWAYS TRIGGER services_certificate_is_not_deleted;
CREATE TRIGGER services_certificate_is_kept BEFORE TRUNCATE ON services_certificate
    FOR EACH STATEMENT EXECUTE FUNCTION services_refuse_change();
ALTER TABLE services_certificate ENABLE ALWAYS TRIGGER services_certificate_is_kept;

CREATE TRIGGER services_statementprint_only_grows BEFORE UPDATE OR DELETE ON services_statementprint
    FOR EACH ROW EXECUTE FUNCTION services_refuse_change();
ALTER TABLE services_statementprint ENABLE ALWAYS TRIGGER services_statementprint_only_grows;
CREATE TRIGGER services_statementprint_is_kept BEFORE TRUNCATE ON services_statementprint
    FOR EACH STATEMENT EXECUTE FUNCTION services_refuse_change();
ALTER TABLE services_statementprint ENABLE ALWAYS TRIGGER services_statementprint_is_kept;

REVOKE UPDATE, DELETE, TRUNCATE ON services_certificate, services_statementprint FROM timebank_web;
GRANT UPDATE (withdrawn_by_id, withdrawn_at, withdraw_reason) ON services_certificate TO timebank_web;
