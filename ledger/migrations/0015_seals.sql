-- Seals: transfers drained from the outbox into blocks, a chain of blocks for each community, and
-- checkpoints over the heads of all chains, which are signed and leave the house.

-- A transfer's leaf: SHA-256 over 0x00, the version of these bytes and fixed-width big-endian
-- fields; dates and times are days and microseconds since 2000-01-01 UTC. A column that is added
-- later belongs to the next version, in a function of its own: this one never changes, and golden
-- files under tests/ledger/golden keep it so.
CREATE FUNCTION ledger_leaf_v1(t ledger_transfer) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT sha256('\x0001'::bytea
        || int8send(t.community_id) || int8send(t.id) || uuid_send(t.journal)
        || int2send(t.leg) || int2send(t.kind)
        || int8send(t.debit) || int8send(t.debit_seq) || int8send(t.debit_after)
        || int8send(t.credit) || int8send(t.credit_seq) || int8send(t.credit_after)
        || int8send(t.amount) || date_send(t.effective_on) || timestamptz_send(t.recorded_at)
        || int8send(t.actor)
        -- which of the four that follow are there: a missing one is 0, as is a 0
        || int2send((CASE WHEN t.approver IS NULL THEN 0 ELSE 1 END
            + CASE WHEN t.policy IS NULL THEN 0 ELSE 2 END
            + CASE WHEN t.reverses IS NULL THEN 0 ELSE 4 END
            + CASE WHEN t.relates_to IS NULL THEN 0 ELSE 8 END)::smallint)
        || int8send(coalesce(t.approver, 0)) || int8send(coalesce(t.policy, 0))
        || int8send(coalesce(t.reverses, 0)) || date_send(coalesce(t.relates_to, '2000-01-01')))
$$;

-- The root of RFC 6962 over hashes of 32 bytes in a row. Joining neighbors level by level, with the
-- last of an odd level carried up, is the RFC's tree.
CREATE FUNCTION ledger_merkle_root(level bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    n int := length(level) / 32;
BEGIN
    IF n = 0 THEN
        RETURN sha256('');
    END IF;
    WHILE n > 1 LOOP
        level := (SELECT string_agg(
                    sha256('\x01'::bytea || substr(level, 64 * i + 1, 64)), '' ORDER BY i)
                FROM generate_series(0, n / 2 - 1) i)
            || substr(level, n / 2 * 64 + 1);
        n := (n + 1) / 2;
    END LOOP;
    RETURN level;
END
$$;

CREATE FUNCTION ledger_block_hash(
    community bigint, n bigint, prev bytea, total bigint, root bytea
) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT sha256('\x02'::bytea || int8send(community) || int8send(n) || prev || int8send(total)
        || root)
$$;

-- The leaves of a block lie in it, 40 bytes a transfer and no index: as rows of their own they
-- would be 160. `total` is the number of leaves of the community up to here. Algorithm 1 is SHA-256.
CREATE TABLE ledger_block (
    community_id bigint NOT NULL,
    n bigint NOT NULL,
    algorithm smallint NOT NULL DEFAULT 1,
    version smallint NOT NULL,
    size int NOT NULL,
    total bigint NOT NULL,
    first_transfer bigint NOT NULL,
    last_transfer bigint NOT NULL,
    transfer_ids bigint[] NOT NULL,
    leaves bytea NOT NULL,
    root bytea NOT NULL,
    prev bytea NOT NULL,
    hash bytea NOT NULL,
    sealed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT ledger_block_has_one_number PRIMARY KEY (community_id, n),
    CONSTRAINT ledger_block_has_a_leaf_for_each_transfer CHECK (
        size > 0 AND cardinality(transfer_ids) = size AND length(leaves) = 32 * size),
    CONSTRAINT ledger_block_hash_covers_the_block CHECK (
        hash = ledger_block_hash(community_id, n, prev, total, root))
);
-- Hashes do not compress; ids might, but are read by verification from end to end.
ALTER TABLE ledger_block ALTER transfer_ids SET STORAGE EXTERNAL, ALTER leaves SET STORAGE EXTERNAL;
CREATE INDEX ledger_block_by_transfer ON ledger_block (community_id, last_transfer, n);

-- A signed text over the heads of all communities' chains: block blocks[i] of communities[i].
CREATE TABLE ledger_checkpoint (
    number bigint NOT NULL,
    text text NOT NULL,
    communities bigint[] NOT NULL,
    blocks bigint[] NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT ledger_checkpoint_has_one_number PRIMARY KEY (number),
    CONSTRAINT ledger_checkpoint_has_a_block_for_each_community CHECK (
        number > 0 AND cardinality(communities) = cardinality(blocks)
        AND cardinality(communities) > 0)
);
CREATE TABLE ledger_checkpoint_signature (
    checkpoint bigint NOT NULL,
    name text NOT NULL,
    key_id bytea NOT NULL,
    signature bytea NOT NULL,
    added_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT ledger_checkpoint_signature_is_one_for_a_key
        PRIMARY KEY (checkpoint, name, key_id),
    CONSTRAINT ledger_checkpoint_signature_is_of_a_checkpoint
        FOREIGN KEY (checkpoint) REFERENCES ledger_checkpoint (number),
    CONSTRAINT ledger_checkpoint_signature_is_ed25519 CHECK (
        length(key_id) = 4 AND length(signature) = 64)
);

-- That the whole ledger was recomputed, and what came of it.
CREATE TABLE ledger_verification (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    finished_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    transfers bigint NOT NULL,
    faults int NOT NULL,
    CONSTRAINT ledger_verification_has_one_id PRIMARY KEY (id),
    CONSTRAINT ledger_verification_counts CHECK (transfers >= 0 AND faults >= 0)
);

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['ledger_block', 'ledger_checkpoint', 'ledger_checkpoint_signature',
            'ledger_verification'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I
            FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change()', t || '_only_grows', t);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I', t, t || '_only_grows');
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I
            FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()', t || '_is_kept', t);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I', t, t || '_is_kept');
        EXECUTE format('REVOKE ALL ON %I FROM timebank_web, PUBLIC', t);
        EXECUTE format('GRANT SELECT ON %I TO timebank_web', t);
    END LOOP;
END
$$;
REVOKE ALL ON SEQUENCE ledger_verification_id_seq FROM timebank_web, PUBLIC;

-- An outbox row goes once its transfer has a leaf, and in no other way.
CREATE FUNCTION ledger_refuse_unsealed() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT d.community_id, d.transfer_id FROM drained d
        EXCEPT
        SELECT b.community_id, unnest(b.transfer_ids)
        FROM (SELECT x.community_id, min(x.transfer_id) AS first FROM drained x GROUP BY 1) s
        JOIN ledger_block b ON b.community_id = s.community_id AND b.last_transfer >= s.first)
    THEN
        RAISE EXCEPTION 'DELETE on ledger_unsealed is refused: the ledger only grows'
            USING ERRCODE = 'restrict_violation', HINT = 'ledger_seal drains it.';
    END IF;
    RETURN NULL;
END
$$;
DROP TRIGGER ledger_unsealed_only_grows ON ledger_unsealed;
CREATE TRIGGER ledger_unsealed_is_never_updated BEFORE UPDATE ON ledger_unsealed
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
ALTER TABLE ledger_unsealed ENABLE ALWAYS TRIGGER ledger_unsealed_is_never_updated;
CREATE TRIGGER ledger_unsealed_goes_when_it_is_sealed AFTER DELETE ON ledger_unsealed
    REFERENCING OLD TABLE AS drained
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_unsealed();
ALTER TABLE ledger_unsealed ENABLE ALWAYS TRIGGER ledger_unsealed_goes_when_it_is_sealed;

-- One pass: at most `most` transfers, into one block for each of their communities; returns how
-- many. Of two passes at once the second leaves it to the first.
--
-- Ready is what was written by transactions below the horizon: whatever is sealed later was written
-- later. Numbers at or above the next transaction's are of another server, from which this database
-- was restored: what a dump holds was committed, so they are ready too.
--
-- The horizon is asked anew by each statement, so the ids are collected by one. Without hash and
-- merge joins, since a pass must never read the whole book, whatever is known of the outbox' size.
CREATE FUNCTION ledger_seal(most int DEFAULT 16384) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    b record;
    head ledger_block;
    root bytea;
    sealed bigint[] := '{}';
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('ledger_seal', 0)) THEN
        RETURN 0;
    END IF;
    FOR b IN
        SELECT r.community_id, array_agg(t.id ORDER BY t.id) AS ids,
            string_agg(ledger_leaf_v1(t), '' ORDER BY t.id) AS leaves
        FROM (SELECT u.community_id, u.transfer_id
            FROM pg_current_snapshot() s, ledger_unsealed u
            WHERE u.xid < pg_snapshot_xmin(s) OR u.xid >= pg_snapshot_xmax(s)
            ORDER BY u.transfer_id LIMIT most) r
        JOIN ledger_transfer t ON t.community_id = r.community_id AND t.id = r.transfer_id
        GROUP BY r.community_id ORDER BY r.community_id
    LOOP
        SELECT * INTO head FROM ledger_block x
            WHERE x.community_id = b.community_id ORDER BY x.n DESC LIMIT 1;
        IF NOT FOUND THEN
            head.n := 0;
            head.total := 0;
            head.hash := decode(repeat('00', 32), 'hex');
        END IF;
        root := ledger_merkle_root(b.leaves);
        INSERT INTO ledger_block (community_id, n, version, size, total, first_transfer,
                last_transfer, transfer_ids, leaves, root, prev, hash)
            VALUES (b.community_id, head.n + 1, 1, cardinality(b.ids),
                head.total + cardinality(b.ids), b.ids[1], b.ids[cardinality(b.ids)], b.ids,
                b.leaves, root, head.hash, ledger_block_hash(b.community_id, head.n + 1, head.hash,
                    head.total + cardinality(b.ids), root));
        sealed := sealed || b.ids;
    END LOOP;
    DELETE FROM ledger_unsealed WHERE transfer_id = ANY (sealed);
    RETURN cardinality(sealed);
END
$$;

-- Keeps a checkpoint whose third line is the root over those blocks; its leaves are their hashes.
CREATE FUNCTION ledger_keep_checkpoint(
    number bigint, text text, communities bigint[], blocks bigint[]
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF split_part(text, E'\n', 3) IS DISTINCT FROM (
        SELECT encode(ledger_merkle_root(
            string_agg(sha256('\x00'::bytea || b.hash), '' ORDER BY h.o)), 'base64')
        FROM unnest(communities, blocks) WITH ORDINALITY AS h (community, n, o)
        JOIN ledger_block b ON b.community_id = h.community AND b.n = h.n)
    THEN
        RAISE EXCEPTION 'the checkpoint is not of these blocks'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO ledger_checkpoint (number, text, communities, blocks)
        VALUES (number, text, communities, blocks);
END
$$;

-- The same signature again is harmless.
CREATE FUNCTION ledger_keep_signature(
    checkpoint bigint, name text, key_id bytea, signature bytea
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO ledger_checkpoint_signature (checkpoint, name, key_id, signature)
        VALUES (checkpoint, name, key_id, signature)
        ON CONFLICT ON CONSTRAINT ledger_checkpoint_signature_is_one_for_a_key DO NOTHING
$$;

CREATE FUNCTION ledger_keep_verification(transfers bigint, faults int) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO ledger_verification (transfers, faults) VALUES (transfers, faults)
$$;

DO $$
DECLARE
    f regprocedure;
BEGIN
    FOR f IN SELECT oid FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proname IN (
            'ledger_leaf_v1', 'ledger_merkle_root', 'ledger_block_hash', 'ledger_refuse_unsealed',
            'ledger_seal', 'ledger_keep_checkpoint', 'ledger_keep_signature',
            'ledger_keep_verification') LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC, timebank_web', f);
    END LOOP;
    FOR f IN SELECT oid FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proname IN (
            'ledger_seal', 'ledger_keep_checkpoint', 'ledger_keep_signature',
            'ledger_keep_verification') LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO timebank_web', f);
    END LOOP;
END
$$;
