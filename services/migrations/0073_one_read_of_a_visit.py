from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("services", "0072_rules_of_a_visit"),
        ("members", "0099_ages_beside_a_visit"),
        ("ledger", "0052_rules_of_a_row"),
    ]
    operations = [migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text())]
