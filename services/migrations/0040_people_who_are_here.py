from django.db import migrations

ONLY_WHO_IS_HERE = """
CREATE TRIGGER services_visit_names_people_who_are_here
    BEFORE INSERT OR UPDATE OF volunteer_id, elder_id ON services_visit
    FOR EACH ROW EXECUTE FUNCTION members_refuse_who_is_not_here('volunteer_id', 'elder_id');
"""


class Migration(migrations.Migration):
    dependencies = [("services", "0030_people_beside_a_visit"), ("members", "0071_who_is_here")]
    operations = [migrations.RunSQL(ONLY_WHO_IS_HERE)]
