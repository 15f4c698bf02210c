from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("members", "0098_devices_ended_by_staff")]
    operations = [migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text())]
