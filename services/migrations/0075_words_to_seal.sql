-- As in 0008, but for what is being sealed until 0077.
CREATE OR REPLACE FUNCTION services_refuse_rewriting() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    sealing text[] := ARRAY['withdraw_reason', 'withdraw_reason_plain'];
    withdrawal text[] := sealing || ARRAY['withdrawn_by_id', 'withdrawn_at'];
BEGIN
    IF current_setting('members.rotating', true) = 'on'
            AND to_jsonb(OLD) - sealing = to_jsonb(NEW) - sealing THEN
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
