-- What must hold of every visit by itself, in one CHECK: see ledger_transfer_is_sound. A rule is broken
-- where its case is true, and is refused under its own name.
CREATE FUNCTION services_visit_is_sound(v services_visit) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    broken CONSTANT text := CASE
        WHEN v.volunteer_id = v.elder_id THEN 'volunteer_is_not_the_elder'
        WHEN v.approved_by_id = v.entered_by_id THEN 'approver_is_not_the_author'
        WHEN v.returned_by_id = v.entered_by_id THEN 'returner_is_not_the_author'
        WHEN v.served_minutes NOT BETWEEN 1 AND 1440 THEN 'served_minutes_are_of_one_day'
        WHEN v.bankable_minutes > v.served_minutes
            OR v.banked_minutes NOT BETWEEN 0 AND v.bankable_minutes
            THEN 'banks_at_most_what_was_served'
        WHEN v.served_minutes <> v.banked_minutes + services_total(v.not_banked)
            THEN 'every_minute_not_banked_has_a_reason'
        WHEN v.banked_minutes <> 0 AND v.journal IS NULL AND v.state IN ('confirmed', 'reversed')
            THEN 'banked_minutes_have_a_journal'
        WHEN (v.started_at IS NULL) <> (v.ended_at IS NULL) OR v.ended_at <= v.started_at
            THEN 'start_and_end_are_set_together'
        WHEN v.counted_on <= v.service_date
            OR v.taken_back_on <= coalesce(v.counted_on, v.service_date)
            THEN 'counts_on_its_day_or_later'
        WHEN v.state = 'confirmed' AND v.confirmed_at IS NULL THEN 'confirmed_has_its_time'
        WHEN v.state <> 'reversed' AND v.taken_back_on IS NOT NULL
            THEN 'taken_back_only_when_undone'
        WHEN (v.state = 'reversed') <> (v.reversed_by_id IS NOT NULL)
            OR (v.state = 'reversed') <> (v.reversed_at IS NOT NULL)
            THEN 'reversed_names_who_and_when'
        WHEN (v.state = 'returned') <> (v.returned_by_id IS NOT NULL)
            OR (v.state = 'returned') <> (v.returned_at IS NOT NULL)
            OR (v.state = 'returned') <> (v.return_reason <> '')
            THEN 'returned_says_who_when_and_why'
    END;
BEGIN
    IF broken IS NULL THEN
        RETURN true;
    END IF;
    RAISE EXCEPTION 'a visit breaks the rule "services_visit_%"', broken USING
        ERRCODE = 'check_violation', TABLE = 'services_visit', CONSTRAINT = 'services_visit_' || broken;
END
$$;
ALTER TABLE services_visit
    ADD CONSTRAINT services_visit_is_sound CHECK (services_visit_is_sound(services_visit.*));
