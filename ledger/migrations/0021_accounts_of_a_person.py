from django.db import migrations


class Migration(migrations.Migration):
    """Who has moved has a time account in several books: found without looking into each."""

    dependencies = [("ledger", "0020_grandchildren")]
    operations = [
        migrations.RunSQL(
            "CREATE INDEX ledger_account_by_person ON ledger_account (holder) WHERE kind = 1",
            "DROP INDEX ledger_account_by_person",
        )
    ]
