-- Visits of closed months. See docs/decisions/0009-month-closing.md.

-- A visit that is confirmed after its month was closed counts on the first open day; one that is
-- undone after it was counted in a closed month is taken off on the first open day. A trigger, since
-- no figure of a closed month may depend on which program wrote the visit.
CREATE FUNCTION services_place_visit() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    counted date;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        NEW.counted_on := OLD.counted_on;
        NEW.taken_back_on := OLD.taken_back_on;
        IF NEW.state = OLD.state THEN
            RETURN NEW;
        END IF;
    END IF;
    IF NEW.state = 'confirmed' THEN
        NEW.counted_on := nullif(services_open_day(NEW.area_id, NEW.service_date),
            NEW.service_date);
    ELSIF TG_OP = 'UPDATE' AND NEW.state = 'reversed' AND OLD.state = 'confirmed' THEN
        counted := coalesce(OLD.counted_on, OLD.service_date);
        NEW.taken_back_on := nullif(services_open_day(NEW.area_id, counted), counted);
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER services_visit_is_placed
    BEFORE INSERT OR UPDATE OF state, counted_on, taken_back_on ON services_visit
    FOR EACH ROW EXECUTE FUNCTION services_place_visit();

-- Stored figures only grow, by rights first and by triggers that always fire second.
CREATE FUNCTION services_closed_month_never_changes() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: a closed month never changes', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation',
            HINT = 'A correction counts in the month in which it is recorded.';
END
$$;
CREATE FUNCTION services_only_for_a_closed_month() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM ledger_period p WHERE p.community_id = NEW.area_id
            AND p.closed_through >= NEW.month + interval '1 month - 1 day') THEN
        RAISE EXCEPTION 'figures are stored for a month that is closed in the ledger'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER services_closedmonth_only_grows BEFORE UPDATE OR DELETE ON services_closedmonth
    FOR EACH ROW EXECUTE FUNCTION services_closed_month_never_changes();
ALTER TABLE services_closedmonth ENABLE ALWAYS TRIGGER services_closedmonth_only_grows;
CREATE TRIGGER services_closedmonth_is_kept BEFORE TRUNCATE ON services_closedmonth
    FOR EACH STATEMENT EXECUTE FUNCTION services_closed_month_never_changes();
ALTER TABLE services_closedmonth ENABLE ALWAYS TRIGGER services_closedmonth_is_kept;
CREATE TRIGGER services_closedmonth_is_of_a_closed_month BEFORE INSERT ON services_closedmonth
    FOR EACH ROW EXECUTE FUNCTION services_only_for_a_closed_month();
ALTER TABLE services_closedmonth ENABLE ALWAYS TRIGGER services_closedmonth_is_of_a_closed_month;
CREATE TRIGGER services_monthclosing_is_decided_once BEFORE UPDATE ON services_monthclosing
    FOR EACH ROW WHEN (OLD.state <> 'waiting') EXECUTE FUNCTION services_closed_month_never_changes();
ALTER TABLE services_monthclosing ENABLE ALWAYS TRIGGER services_monthclosing_is_decided_once;
CREATE TRIGGER services_monthclosing_is_never_deleted BEFORE DELETE ON services_monthclosing
    FOR EACH ROW EXECUTE FUNCTION services_closed_month_never_changes();
ALTER TABLE services_monthclosing ENABLE ALWAYS TRIGGER services_monthclosing_is_never_deleted;
REVOKE UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON services_closedmonth
    FROM timebank_web, PUBLIC;
