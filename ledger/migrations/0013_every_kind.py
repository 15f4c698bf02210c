from pathlib import Path

from django.db import migrations

PARTS = ("posting", "journals", "holds", "books")


class Migration(migrations.Migration):
    dependencies = [("ledger", "0012_kinds_and_holds")]
    operations = [
        migrations.RunSQL((Path(__file__).parent / f"0013_{part}.sql").read_text())
        for part in PARTS
    ]
