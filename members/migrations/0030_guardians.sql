-- Nobody under 14 is a volunteer (DOMAIN, section 1). Age stands on another table and changes with
-- the day, so no constraint can say it.
CREATE FUNCTION members_refuse_children() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    born date;
    today date;
BEGIN
    IF TG_TABLE_NAME = 'members_volunteer' THEN
        SELECT birth_date INTO born FROM members_member WHERE id = NEW.member_id FOR SHARE;
    ELSIF EXISTS (SELECT FROM members_volunteer WHERE member_id = NEW.id) THEN
        born := NEW.birth_date;
    END IF;
    today := (now() AT TIME ZONE 'Asia/Shanghai')::date;
    IF extract(year FROM age(today::timestamp, born::timestamp)) < 14 THEN
        RAISE EXCEPTION 'members_volunteer_is_14_or_older: a volunteer is 14 or older'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'members_volunteer_is_14_or_older';
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION members_refuse_children() FROM PUBLIC, timebank_web;
CREATE TRIGGER members_volunteer_is_14_or_older AFTER INSERT OR UPDATE OF member_id
    ON members_volunteer FOR EACH ROW EXECUTE FUNCTION members_refuse_children();
ALTER TABLE members_volunteer ENABLE ALWAYS TRIGGER members_volunteer_is_14_or_older;
CREATE TRIGGER members_member_who_volunteers_is_14_or_older AFTER UPDATE OF birth_date
    ON members_member FOR EACH ROW WHEN (NEW.birth_date IS DISTINCT FROM OLD.birth_date)
    EXECUTE FUNCTION members_refuse_children();
ALTER TABLE members_member ENABLE ALWAYS TRIGGER members_member_who_volunteers_is_14_or_older;
