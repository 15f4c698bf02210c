from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("services", "0070_objections"), ("members", "0071_who_is_here")]
    operations = [
        migrations.RunSQL(
            Path(__file__).with_suffix(".sql").read_text(),
            """
            DROP TRIGGER services_objection_only_grows ON services_objection;
            DROP TRIGGER services_objection_is_kept ON services_objection;
            DROP TRIGGER services_objection_is_answered_by_another ON services_objection;
            DROP TRIGGER services_objection_names_somebody_who_is_here ON services_objection;
            DROP FUNCTION services_keep_objection();
            DROP FUNCTION services_refuse_own_answer();
            """,
        )
    ]
