-- All that bears on a visit, the mark of it, and the version of the rules that it falls under: what
-- is read before a visit is judged. A function, because its statements are planned once for a session.
CREATE FUNCTION services_read_beside(
    community bigint, the_volunteer bigint, holder uuid, the_elder uuid, day date, the_key uuid
) RETURNS TABLE (beside services_beside, mark text, policy bigint)
LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    elder bigint := (SELECT m.id FROM members_member m WHERE m.key = the_elder);
BEGIN
    FOR beside IN SELECT b.* FROM services_beside_visit(
            community, the_volunteer, holder, elder, day, the_key) b LOOP
        mark := beside::text;
        policy := (SELECT p.id FROM ledger_policy_in_force(community, day) p);
        RETURN NEXT;
    END LOOP;
END
$$;

-- The same sum as before, without a plan for each row: nearly always there is nothing to add.
CREATE OR REPLACE FUNCTION services_total(numbers jsonb) RETURNS integer
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog AS $$
BEGIN
    IF numbers = '{}' THEN
        RETURN 0;
    END IF;
    RETURN (SELECT coalesce(sum(value::integer), 0) FROM jsonb_each_text(numbers));
END
$$;

-- Books the hours of a visit and writes the visit down, or neither: see services_book_visit. `written`
-- are its columns by name; those that it does not name are NULL.
CREATE FUNCTION services_log_visit(
    community bigint, the_volunteer bigint, holder uuid, the_elder bigint, day date, the_key uuid,
    seen text, kinds smallint[], debits bigint[], credits bigint[], minutes bigint[],
    author bigint, policy bigint, hold uuid, written jsonb,
    OUT refused text, OUT pk bigint
)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    refused := services_book_visit(community, the_volunteer, holder, the_elder, day, the_key,
        seen, kinds, debits, credits, minutes, author, policy, hold);
    IF refused IS NULL THEN
        pk := nextval('services_visit_id_seq');
        INSERT INTO services_visit SELECT r.* FROM jsonb_populate_record(
            NULL::services_visit, written || jsonb_build_object('id', pk)) r;
    END IF;
END
$$;
