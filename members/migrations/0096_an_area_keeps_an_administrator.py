from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("members", "0095_merges_are_kept")]
    operations = [
        migrations.RunSQL(
            Path(__file__).with_suffix(".sql").read_text(),
            """
            DROP TRIGGER members_area_keeps_an_administrator ON members_staffrole;
            DROP TRIGGER members_area_keeps_an_administrator ON members_user;
            DROP FUNCTION members_keep_an_administrator();
            """,
        )
    ]
