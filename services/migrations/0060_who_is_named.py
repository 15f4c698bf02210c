from pathlib import Path

from django.db import migrations

AS_BEFORE = """
    CREATE OR REPLACE TRIGGER services_visit_names_people_who_are_here
        BEFORE INSERT OR UPDATE OF volunteer_id, elder_id ON services_visit
        FOR EACH ROW EXECUTE FUNCTION members_refuse_who_is_not_here('volunteer_id', 'elder_id');
    DROP FUNCTION services_refuse_who_is_not_here();
"""


class Migration(migrations.Migration):
    dependencies = [("services", "0050_one_read")]
    operations = [
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text(), AS_BEFORE),
    ]
