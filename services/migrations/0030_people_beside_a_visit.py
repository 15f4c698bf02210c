from pathlib import Path

from django.db import migrations

HERE = Path(__file__)
BEFORE = HERE.with_name("0010_pool_and_home.sql").read_text()
# The function as it was before, without what follows it in its file.
AS_IT_WAS = BEFORE[BEFORE.index("CREATE OR REPLACE FUNCTION services_beside_visit") :]
AS_IT_WAS = AS_IT_WAS[: AS_IT_WAS.index("$$;") + 3]


class Migration(migrations.Migration):
    dependencies = [
        ("services", "0010_pool_and_home"),
        ("members", "0042_rules_and_texts"),
    ]
    operations = [
        migrations.RunSQL(
            HERE.with_suffix(".sql").read_text(),
            AS_IT_WAS + "ALTER TYPE services_beside DROP ATTRIBUTE age_a, DROP ATTRIBUTE age_b,"
            " DROP ATTRIBUTE decided, DROP ATTRIBUTE is_need_hidden, DROP ATTRIBUTE kin;",
        )
    ]
