-- What was said and decided about people is kept: rights first, triggers that always fire second.
-- See docs/decisions/0013-rights-of-people.md.

-- Refuses every change but of the columns that the trigger names.
CREATE FUNCTION members_only_changes() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR to_jsonb(OLD) - coalesce(TG_ARGV, '{}')
            IS DISTINCT FROM to_jsonb(NEW) - coalesce(TG_ARGV, '{}') THEN
        RAISE EXCEPTION '% on % is refused: what was said or decided is kept', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation',
                HINT = 'What is different from today on is a new row.';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER members_consent_only_grows BEFORE UPDATE OR DELETE ON members_consent
    FOR EACH ROW EXECUTE FUNCTION members_only_changes();
CREATE TRIGGER members_consent_is_kept BEFORE TRUNCATE ON members_consent
    FOR EACH STATEMENT EXECUTE FUNCTION members_only_changes();
CREATE TRIGGER members_consenttext_only_grows BEFORE UPDATE OR DELETE ON members_consenttext
    FOR EACH ROW EXECUTE FUNCTION members_only_changes();
CREATE TRIGGER members_consenttext_is_kept BEFORE TRUNCATE ON members_consenttext
    FOR EACH STATEMENT EXECUTE FUNCTION members_only_changes();

CREATE TRIGGER members_eligibilityrules_is_approved_once BEFORE UPDATE ON members_eligibilityrules
    FOR EACH ROW WHEN (OLD.approver_id IS NULL AND OLD.author_id IS NOT NULL)
    EXECUTE FUNCTION members_only_changes('approver_id', 'approved_at');
CREATE TRIGGER members_eligibilityrules_is_never_edited BEFORE UPDATE ON members_eligibilityrules
    FOR EACH ROW WHEN (OLD.approver_id IS NOT NULL OR OLD.author_id IS NULL)
    EXECUTE FUNCTION members_only_changes();
CREATE TRIGGER members_eligibilityrules_is_never_deleted BEFORE DELETE ON members_eligibilityrules
    FOR EACH ROW EXECUTE FUNCTION members_only_changes();
CREATE TRIGGER members_eligibilityrules_is_kept BEFORE TRUNCATE ON members_eligibilityrules
    FOR EACH STATEMENT EXECUTE FUNCTION members_only_changes();

CREATE TRIGGER members_assessment_is_decided_once BEFORE UPDATE ON members_assessment
    FOR EACH ROW WHEN (OLD.state = 'waiting') EXECUTE FUNCTION
    members_only_changes('state', 'approved_by_id', 'decided_at', 'return_reason');
CREATE TRIGGER members_assessment_stays_as_decided BEFORE UPDATE ON members_assessment
    FOR EACH ROW WHEN (OLD.state <> 'waiting') EXECUTE FUNCTION members_only_changes();
CREATE TRIGGER members_assessment_is_never_deleted BEFORE DELETE ON members_assessment
    FOR EACH ROW EXECUTE FUNCTION members_only_changes();
CREATE TRIGGER members_assessment_is_kept BEFORE TRUNCATE ON members_assessment
    FOR EACH STATEMENT EXECUTE FUNCTION members_only_changes();

-- A column that the database computes is empty in NEW before it is written.
CREATE TRIGGER members_kinship_is_decided_once BEFORE UPDATE ON members_kinship
    FOR EACH ROW WHEN (OLD.state = 'waiting') EXECUTE FUNCTION
    members_only_changes('inverse', 'state', 'confirmed_by_id', 'decided_at', 'return_reason');
CREATE TRIGGER members_kinship_ends_once BEFORE UPDATE ON members_kinship
    FOR EACH ROW WHEN (OLD.state = 'confirmed' AND OLD.ended_on IS NULL) EXECUTE FUNCTION
    members_only_changes('inverse', 'ended_on', 'ended_by_id');
CREATE TRIGGER members_kinship_stays_as_it_ended BEFORE UPDATE ON members_kinship
    FOR EACH ROW WHEN (OLD.state = 'returned' OR OLD.state = 'confirmed' AND OLD.ended_on IS NOT NULL)
    EXECUTE FUNCTION members_only_changes('inverse');
CREATE TRIGGER members_kinship_is_never_deleted BEFORE DELETE ON members_kinship
    FOR EACH ROW EXECUTE FUNCTION members_only_changes();
CREATE TRIGGER members_kinship_is_kept BEFORE TRUNCATE ON members_kinship
    FOR EACH STATEMENT EXECUTE FUNCTION members_only_changes();

-- An agent acts by the elder's own word.
CREATE FUNCTION members_agent_has_a_consent() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM members_consent c WHERE c.id = NEW.consent_id
            AND c.member_id = NEW.member_id AND c.purpose = 'agent' AND c.act = 'given') THEN
        RAISE EXCEPTION 'an agent needs the consent of the elder in whose name they act'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'members_agent_has_a_consent';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER members_agent_has_a_consent BEFORE INSERT ON members_agent
    FOR EACH ROW EXECUTE FUNCTION members_agent_has_a_consent();
CREATE TRIGGER members_agent_is_revoked_once BEFORE UPDATE ON members_agent
    FOR EACH ROW WHEN (OLD.revoked_at IS NULL)
    EXECUTE FUNCTION members_only_changes('revoked_at', 'revoked_by_id');
CREATE TRIGGER members_agent_stays_revoked BEFORE UPDATE ON members_agent
    FOR EACH ROW WHEN (OLD.revoked_at IS NOT NULL) EXECUTE FUNCTION members_only_changes();
CREATE TRIGGER members_agent_is_never_deleted BEFORE DELETE ON members_agent
    FOR EACH ROW EXECUTE FUNCTION members_only_changes();
CREATE TRIGGER members_agent_is_kept BEFORE TRUNCATE ON members_agent
    FOR EACH STATEMENT EXECUTE FUNCTION members_only_changes();

DO $$
DECLARE
    guard record;
BEGIN
    FOR guard IN SELECT tgname, tgrelid::regclass AS kept FROM pg_trigger
        WHERE NOT tgisinternal AND tgrelid IN ('members_consent'::regclass,
            'members_consenttext'::regclass, 'members_eligibilityrules'::regclass,
            'members_assessment'::regclass, 'members_kinship'::regclass, 'members_agent'::regclass)
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', guard.kept, guard.tgname);
    END LOOP;
END
$$;

REVOKE UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON members_consent, members_consenttext
    FROM timebank_web, PUBLIC;
REVOKE DELETE, TRUNCATE, REFERENCES, TRIGGER
    ON members_eligibilityrules, members_assessment, members_kinship, members_agent
    FROM timebank_web, PUBLIC;
REVOKE ALL ON FUNCTION members_only_changes(), members_agent_has_a_consent()
    FROM PUBLIC, timebank_web;
