from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("services", "0023_no_row_in_plain"),
        ("ledger", "0019_pool_floor_and_holds"),
    ]
    operations = [migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text())]
