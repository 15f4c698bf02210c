from pathlib import Path

from django.db import migrations

HERE = Path(__file__)
BEFORE = HERE.with_name("0006_named_in_a_form.sql")


class Migration(migrations.Migration):
    dependencies = [
        ("services", "0009_closed_months"),
        ("members", "0012_nothing_in_plain"),
    ]
    operations = [
        migrations.RunSQL(
            HERE.with_suffix(".sql").read_text(),
            "DROP FUNCTION services_named;\n" + BEFORE.read_text(),
        )
    ]
