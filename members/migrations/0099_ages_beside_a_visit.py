from pathlib import Path

from django.db import migrations

HERE = Path(__file__)
RULES = HERE.with_name("0042_rules_and_texts.sql").read_text()
BEFORE = RULES[RULES.index(" FUNCTION members_beside_visit") :]


class Migration(migrations.Migration):
    dependencies = [("members", "0098_devices_ended_by_staff")]
    operations = [
        migrations.RunSQL(HERE.with_suffix(".sql").read_text(), f"CREATE OR REPLACE{BEFORE}")
    ]
