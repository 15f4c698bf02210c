-- What is left of a row when the parts are laid aside that an erasure has just emptied, or a change
-- of keys has sealed anew.
CREATE OR REPLACE FUNCTION members_but_emptied(told jsonb, news jsonb) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT told - coalesce(array_agg(key), '{}') FROM jsonb_each_text(news)
    WHERE key IN ('witness', 'words') AND value = '–' AND told ->> key <> ''
        OR key = 'living' AND value = ''
        OR key = 'age' AND value IS NULL
        OR key IN ('proof_note', 'reason', 'return_reason') AND told ->> key <> '\x'
            AND (value = members_emptied()::text
                OR current_setting('members.rotating', true) = 'on')
$$;

-- As in 0080, but for what is sealed since.
CREATE OR REPLACE FUNCTION members_empty_rights(member bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE members_kinship SET proof_note = members_emptied()
        WHERE member IN (member_id, relative_id) AND proof_note <> '';
    UPDATE members_kinship SET return_reason = members_emptied()
        WHERE member IN (member_id, relative_id) AND return_reason <> '';
    UPDATE members_assessment SET reason = members_emptied()
        WHERE member_id = member AND reason <> '';
    UPDATE members_assessment SET return_reason = members_emptied()
        WHERE member_id = member AND return_reason <> '';
    UPDATE members_assessment SET living = '', age = NULL WHERE member_id = member;
    UPDATE members_consent SET witness = '–' WHERE member_id = member AND witness <> '';
    UPDATE members_look SET words = '–' WHERE member_id = member AND words <> '';
$$;
