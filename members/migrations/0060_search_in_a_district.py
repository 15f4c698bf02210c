from django.db import migrations

# Everybody is listed once more, in the district of their community.
LIST = """
    INSERT INTO members_searchterm (member_id, area_id, term, is_volunteer, is_elder)
    SELECT t.member_id, district.id, t.term, t.is_volunteer, t.is_elder
    FROM members_searchterm AS t
        JOIN members_area AS area ON area.id = t.area_id
        JOIN members_area AS district
            ON district.path = split_part(area.path, '/', 1) || '/' AND district.id <> area.id
    ON CONFLICT DO NOTHING
"""
UNLIST = """
    DELETE FROM members_searchterm
    WHERE area_id IN (SELECT id FROM members_area WHERE parent_id IS NULL)
        AND (member_id, area_id) NOT IN (SELECT id, area_id FROM members_member)
"""


class Migration(migrations.Migration):
    dependencies = [("members", "0051_events_are_kept")]
    operations = [migrations.RunSQL(LIST, UNLIST)]
