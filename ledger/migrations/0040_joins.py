from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ledger", "0019_pool_floor_and_holds")]
    operations = [migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text())]
