-- New work names people who are on record: nobody who asked to be erased, and no record that was
-- merged into another. A trigger, since no constraint of one row can look at another. The rows of the
-- people are locked for it, in one order for all: whoever merges holds them, and is waited for.
-- Its arguments are the columns that name a member.
CREATE FUNCTION members_refuse_who_is_not_here() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    told jsonb := to_jsonb(NEW);
    before jsonb := CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) ELSE '{}' END;
    named bigint[];
BEGIN
    SELECT array_agg((told ->> c)::bigint) INTO named FROM unnest(TG_ARGV) c
        WHERE told ->> c IS DISTINCT FROM before ->> c;
    PERFORM FROM members_member m WHERE m.id = ANY (named) ORDER BY m.id FOR KEY SHARE;
    IF EXISTS (SELECT FROM members_member m WHERE m.id = ANY (named) AND m.standing <> 'here') THEN
        RAISE EXCEPTION 'a member who is not on record any more is named'
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
    END IF;
    RETURN NEW;
END
$$;

-- Which rows a merge has moved is history.
REVOKE UPDATE, DELETE, TRUNCATE ON members_mergedrow FROM timebank_web, PUBLIC;
