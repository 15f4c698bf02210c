from pathlib import Path

from django.db import migrations, models

PARTS = ("limits", "limits_of_journals")


class Migration(migrations.Migration):
    dependencies = [("ledger", "0018_policy_versions")]
    operations = [
        migrations.AddIndex(
            model_name="policy",
            index=models.Index(
                fields=["area"],
                name="ledger_policy_with_pool_floor",
                condition=models.Q(pool_floor__isnull=False),
            ),
        ),
        *(
            migrations.RunSQL((Path(__file__).parent / f"0019_{part}.sql").read_text())
            for part in PARTS
        ),
    ]
