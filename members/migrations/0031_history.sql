-- Who changed what of a person, and when: written by the tables themselves, also where rows are
-- changed in bulk or past the application. Of sensitive columns only that they changed is kept.
CREATE FUNCTION members_author() RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(nullif(current_setting('pghistory.context_metadata', true), ''), '{}')::jsonb
$$;

-- Arguments: the column with the member's key, then the columns whose values are kept.
CREATE FUNCTION members_record_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    -- a variable names columns only if a row has them
    olds jsonb := to_jsonb(OLD);
    news jsonb := CASE TG_OP WHEN 'UPDATE' THEN to_jsonb(NEW) ELSE '{}' END;
    kept text[] := TG_ARGV[1:];
    author jsonb := members_author();
    changed text[];
BEGIN
    IF TG_OP = 'UPDATE' THEN
        SELECT array_agg(key ORDER BY key) INTO changed FROM jsonb_each(news)
            WHERE value IS DISTINCT FROM olds -> key AND key NOT IN ('changed_at', 'changed_by_id')
                AND NOT starts_with(reverse(key), reverse('_index'));
        -- A value that is sealed with a newer key is the same value.
        IF changed IS NULL OR current_setting('members.rotating', true) = 'on' AND NOT EXISTS (
                SELECT FROM unnest(changed) key WHERE NOT starts_with(olds ->> key, '\x')
                    OR NOT starts_with(news ->> key, '\x')) THEN
            RETURN NULL;
        END IF;
    END IF;
    INSERT INTO members_change (member_id, at, about, kind, fields, before, after, by_id, request)
    SELECT (olds ->> TG_ARGV[0])::bigint, clock_timestamp(), TG_TABLE_NAME,
        CASE TG_OP WHEN 'UPDATE' THEN '~' ELSE '-' END, coalesce(changed, '{}'),
        coalesce(jsonb_object_agg(key, olds -> key) FILTER (WHERE key IS NOT NULL), '{}'),
        coalesce(jsonb_object_agg(key, news -> key) FILTER (WHERE news ? key), '{}'),
        coalesce((author ->> 'user')::bigint, (news ->> 'changed_by_id')::bigint),
        coalesce(author ->> 'request', '')
    FROM (SELECT k FROM unnest(kept) k WHERE TG_OP = 'DELETE' OR k = ANY (changed)) AS seen (key);
    RETURN NULL;
END
$$;

-- Of rows that are new, only that they came: the next change tells what stood there before.
CREATE FUNCTION members_record_arrival() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    author jsonb := members_author();
BEGIN
    EXECUTE format(
        'INSERT INTO members_change (member_id, at, about, kind, fields, before, after, by_id, request)
        SELECT %I, clock_timestamp(), %L, ''+'', ''{}'', ''{}'', ''{}'', coalesce($1, %s), $2
        FROM arrived', TG_ARGV[0], TG_TABLE_NAME, TG_ARGV[1])
        USING (author ->> 'user')::bigint, coalesce(author ->> 'request', '');
    RETURN NULL;
END
$$;

-- Keep the history of one more table: members_keep_history('members_kinship', 'member_id', '{…}').
CREATE FUNCTION members_keep_history(t text, owner_column text, kept text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER %I AFTER UPDATE OR DELETE ON %I FOR EACH ROW
        EXECUTE FUNCTION members_record_change(%L, %s)', t || '_changes_are_kept', t, owner_column,
        (SELECT string_agg(quote_literal(k), ', ') FROM unnest(kept) k));
    EXECUTE format('CREATE TRIGGER %I AFTER INSERT ON %I REFERENCING NEW TABLE AS arrived
        FOR EACH STATEMENT EXECUTE FUNCTION members_record_arrival(%L, %L)',
        t || '_arrivals_are_kept', t, owner_column,
        CASE t WHEN 'members_member' THEN 'created_by_id' ELSE 'NULL' END);
END
$$;

SELECT members_keep_history('members_member', 'id',
    ARRAY['name', 'sex', 'birth_date', 'area_id', 'registered_on']);
SELECT members_keep_history('members_memberphone', 'member_id', ARRAY['member_id']);
SELECT members_keep_history('members_volunteer', 'member_id', ARRAY['joined_on', 'skills',
    'guardian_name', 'guardian_relation', 'guardian_consent_on']);
SELECT members_keep_history('members_elder', 'member_id',
    ARRAY['living', 'contact_name', 'contact_relation']);

-- History only grows: rights first, triggers that always fire second. When a person is erased,
-- values are emptied and nothing else.
CREATE FUNCTION members_refuse_rewriting() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.before = '{}' AND NEW.after = '{}'
                AND to_jsonb(NEW) - '{before,after}'::text[] = to_jsonb(OLD) - '{before,after}'::text[]
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% on % is refused: history only grows', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER members_change_only_grows BEFORE UPDATE OR DELETE ON members_change
    FOR EACH ROW EXECUTE FUNCTION members_refuse_rewriting();
ALTER TABLE members_change ENABLE ALWAYS TRIGGER members_change_only_grows;
CREATE TRIGGER members_change_is_kept BEFORE TRUNCATE ON members_change
    FOR EACH STATEMENT EXECUTE FUNCTION members_refuse_rewriting();
ALTER TABLE members_change ENABLE ALWAYS TRIGGER members_change_is_kept;

CREATE FUNCTION members_empty_history(member bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE members_change SET before = '{}', after = '{}' WHERE member_id = member
$$;

REVOKE ALL ON members_change FROM timebank_web, PUBLIC;
GRANT SELECT ON members_change TO timebank_web;
REVOKE ALL ON SEQUENCE members_change_id_seq FROM timebank_web, PUBLIC;
REVOKE ALL ON FUNCTION members_record_change(), members_record_arrival(),
    members_refuse_rewriting(), members_keep_history(text, text, text[]) FROM PUBLIC, timebank_web;
