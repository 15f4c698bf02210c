from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    """Not to be taken back: what an erasure has emptied stays empty."""

    dependencies = [("members", "0071_who_is_here")]
    operations = [migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text())]
