from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("services", "0005_beside_a_visit"),
        ("members", "0003_member_authors"),
    ]
    operations = [
        migrations.RunSQL(
            Path(__file__).with_suffix(".sql").read_text(), "DROP FUNCTION services_named"
        )
    ]
