-- What stands in a sealed column where an erasure has taken a text out: `encryption.EMPTIED`.
CREATE FUNCTION members_emptied() RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
    SELECT decode(repeat('00', 61), 'hex')
$$;

-- As in 0080, but for what is being sealed until 0102.
CREATE OR REPLACE FUNCTION members_but_emptied(told jsonb, news jsonb) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT told - coalesce(array_agg(key), '{}') FROM jsonb_each(news)
    WHERE key IN ('witness', 'words') AND value = '"–"' AND told ->> key <> ''
        OR key = 'living' AND value = '""'
        OR key = 'age' AND value = 'null'
        OR key IN ('proof_note', 'reason', 'return_reason', 'proof_note_plain', 'reason_plain',
            'return_reason_plain') AND current_setting('members.rotating', true) = 'on'
$$;
