from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("services", "0004_registers_sheets_and_revision"),
        ("ledger", "0014_movement_requests"),
    ]
    operations = [
        migrations.RunSQL(
            Path(__file__).with_suffix(".sql").read_text(),
            "DROP FUNCTION services_book_visit; DROP FUNCTION services_beside_visit;"
            "DROP FUNCTION services_open_day;"
            "DROP TYPE services_beside",
        )
    ]
