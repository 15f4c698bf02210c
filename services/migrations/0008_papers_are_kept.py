from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("services", "0007_papers")]
    operations = [
        migrations.RunSQL(
            Path(__file__).with_suffix(".sql").read_text(),
            """
            DROP TRIGGER services_certificate_is_not_rewritten ON services_certificate;
            DROP TRIGGER services_certificate_is_not_deleted ON services_certificate;
            DROP TRIGGER services_certificate_is_kept ON services_certificate;
            DROP TRIGGER services_statementprint_only_grows ON services_statementprint;
            DROP TRIGGER services_statementprint_is_kept ON services_statementprint;
            DROP FUNCTION services_refuse_change();
            DROP FUNCTION services_refuse_rewriting();
            """,
        )
    ]
