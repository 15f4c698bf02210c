from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("members", "0050_sign_in")]
    operations = [
        migrations.RunSQL(
            Path(__file__).with_suffix(".sql").read_text(),
            """
            DROP INDEX members_authenticator_is_one;
            DROP INDEX members_recoverycodes_are_one;
            DROP TRIGGER members_accountevent_only_grows ON members_accountevent;
            DROP TRIGGER members_accountevent_is_kept ON members_accountevent;
            DROP FUNCTION members_refuse_change_of_events();
            GRANT UPDATE, DELETE ON members_accountevent TO timebank_web;
            """,
        )
    ]
