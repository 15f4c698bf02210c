-- As in 0008, but that a change of keys seals the reason anew.
CREATE OR REPLACE FUNCTION services_refuse_rewriting() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    withdrawal text[] := ARRAY['withdrawn_by_id', 'withdrawn_at', 'withdraw_reason'];
BEGIN
    IF current_setting('members.rotating', true) = 'on'
            AND OLD.withdraw_reason <> '' AND NEW.withdraw_reason <> ''
            AND to_jsonb(OLD) - 'withdraw_reason' = to_jsonb(NEW) - 'withdraw_reason' THEN
        RETURN NEW;
    END IF;
    IF OLD.withdrawn_at IS NOT NULL OR NEW.withdrawn_at IS NULL
            OR to_jsonb(OLD) - withdrawal <> to_jsonb(NEW) - withdrawal THEN
        RAISE EXCEPTION '% on % is refused: a certificate stays as it was issued', TG_OP,
            TG_TABLE_NAME USING ERRCODE = 'restrict_violation',
            HINT = 'It is withdrawn once: services.papers.certificates.withdraw.';
    END IF;
    RETURN NEW;
END
$$;

GRANT UPDATE (withdraw_reason) ON services_certificate TO timebank_web;
