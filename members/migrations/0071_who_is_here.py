from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("members", "0070_requests_and_merges")]
    operations = [migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text())]
