-- An erasure takes out the words in which something of the person was said or decided, and what an
-- assessment was computed from. Days, relations, acts, rules and who decided stay, as hours rest on
-- them. A dash stands where a text was, so that it can be seen that there was one.

-- What is left of a row when the parts that an erasure has just emptied are laid aside.
CREATE FUNCTION members_but_emptied(told jsonb, news jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT told - coalesce(array_agg(key), '{}') FROM jsonb_each(news)
    WHERE key IN ('proof_note', 'reason', 'return_reason', 'witness', 'words') AND value = '"–"'
        AND told ->> key <> ''
        OR key = 'living' AND value = '""'
        OR key = 'age' AND value = 'null'
$$;

-- As in 0041, but for what an erasure empties.
CREATE OR REPLACE FUNCTION members_only_changes() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    olds jsonb;
    news jsonb;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        olds := to_jsonb(OLD) - coalesce(TG_ARGV, '{}');
        news := to_jsonb(NEW) - coalesce(TG_ARGV, '{}');
        IF members_but_emptied(olds, news) = members_but_emptied(news, news) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% on % is refused: what was said or decided is kept', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation',
            HINT = 'What is different from today on is a new row.';
END
$$;

-- As in 0013, but for the words of the reason.
CREATE OR REPLACE FUNCTION members_refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF members_but_emptied(to_jsonb(OLD), to_jsonb(NEW))
                = members_but_emptied(to_jsonb(NEW), to_jsonb(NEW)) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% on % is refused: the log of looks only grows', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

-- The web role may not change consents and looks at all; this it may, of one member.
CREATE FUNCTION members_empty_rights(member bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE members_kinship SET proof_note = '–'
        WHERE member IN (member_id, relative_id) AND proof_note <> '';
    UPDATE members_kinship SET return_reason = '–'
        WHERE member IN (member_id, relative_id) AND return_reason <> '';
    UPDATE members_assessment SET reason = '–' WHERE member_id = member AND reason <> '';
    UPDATE members_assessment SET return_reason = '–'
        WHERE member_id = member AND return_reason <> '';
    UPDATE members_assessment SET living = '', age = NULL WHERE member_id = member;
    UPDATE members_consent SET witness = '–' WHERE member_id = member AND witness <> '';
    UPDATE members_look SET words = '–' WHERE member_id = member AND words <> '';
$$;
