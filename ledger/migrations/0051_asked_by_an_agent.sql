-- Who is no member of the staff asks for their own hours, or by an agency that lets them ask: one
-- that is not revoked, of an elder whose last word is a yes. A trigger, since no constraint of one row
-- can look at another. Its name comes after that of ledger_movementrequest_names_people_who_are_here,
-- which waits for whoever writes down a word of the elder; a revocation is waited for here.
CREATE FUNCTION ledger_request_is_asked_by_who_may() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    asking bigint := (SELECT u.member_id FROM members_user u WHERE u.id = NEW.author_id);
BEGIN
    IF NEW.agency_id IS NULL AND (asking IS NULL OR asking = NEW.member_id) THEN
        RETURN NEW;
    END IF;
    PERFORM FROM members_agent a WHERE a.id = NEW.agency_id AND a.agent_id = asking
        AND a.member_id = NEW.member_id AND 'ask' = ANY (a.scopes) AND a.revoked_at IS NULL FOR SHARE;
    IF NOT FOUND OR 'given' IS DISTINCT FROM (
            SELECT c.act FROM members_consent c
            WHERE c.member_id = NEW.member_id AND c.purpose = 'agent' ORDER BY c.id DESC LIMIT 1) THEN
        RAISE EXCEPTION 'hours are asked for by the member, by staff, or by an agent who may'
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER ledger_movementrequest_of_an_agent_who_may
    BEFORE INSERT OR UPDATE OF author_id, agency_id ON ledger_movementrequest
    FOR EACH ROW EXECUTE FUNCTION ledger_request_is_asked_by_who_may();
REVOKE ALL ON FUNCTION ledger_request_is_asked_by_who_may() FROM PUBLIC, timebank_web;
