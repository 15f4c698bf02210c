from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ledger", "0051_asked_by_an_agent")]
    operations = [migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text())]
