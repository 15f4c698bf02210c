from pathlib import Path

from django.db import migrations

HERE = Path(__file__)
NAMED = HERE.with_name("0020_named_sealed.sql").read_text()
READ = HERE.with_name("0050_one_read.sql").read_text()
BESIDE = HERE.with_name("0030_people_beside_a_visit.sql").read_text()
BEFORE = (
    "DROP FUNCTION services_read_visit;"
    + BESIDE[BESIDE.index("CREATE OR REPLACE") :]
    + NAMED[NAMED.index("CREATE FUNCTION") :]
    + READ[READ.index("CREATE FUNCTION") : READ.index("$$;") + 3]
)


class Migration(migrations.Migration):
    dependencies = [
        ("services", "0078_rules_of_a_visit"),
        ("members", "0099_ages_beside_a_visit"),
        ("ledger", "0052_rules_of_a_row"),
    ]
    operations = [migrations.RunSQL(HERE.with_suffix(".sql").read_text(), BEFORE)]
