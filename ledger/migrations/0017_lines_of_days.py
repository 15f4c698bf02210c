from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ledger", "0016_seal_models")]
    operations = [
        migrations.RunSQL(
            Path(__file__).with_suffix(".sql").read_text(),
            """
            DROP FUNCTION ledger_lines_of_days(bigint, bigint, date, bigint, date, bigint);
            DROP FUNCTION ledger_list_by_day(bigint);
            DROP TABLE ledger_by_day, ledger_listed;
            """,
        )
    ]
