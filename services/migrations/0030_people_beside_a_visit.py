from pathlib import Path

from django.db import migrations

HERE = Path(__file__)
BEFORE = HERE.with_name("0005_beside_a_visit.sql").read_text()
# The function as it was before, without what follows it in its file.
AS_IT_WAS = BEFORE[BEFORE.index("CREATE FUNCTION services_beside_visit") :]
AS_IT_WAS = AS_IT_WAS[: AS_IT_WAS.index("$$;") + 3].replace("CREATE ", "CREATE OR REPLACE ", 1)


class Migration(migrations.Migration):
    dependencies = [
        ("services", "0009_closed_months"),
        ("members", "0042_rules_and_texts"),
    ]
    operations = [
        migrations.RunSQL(
            HERE.with_suffix(".sql").read_text(),
            AS_IT_WAS + "ALTER TYPE services_beside DROP ATTRIBUTE age_a, DROP ATTRIBUTE age_b,"
            " DROP ATTRIBUTE decided, DROP ATTRIBUTE is_need_hidden, DROP ATTRIBUTE kin;",
        )
    ]
