import datetime

from django.db import migrations


def fill(apps, schema_editor):
    Policy = apps.get_model("ledger", "Policy")
    Policy.objects.using(schema_editor.connection.alias).create(
        effective_from=datetime.date(2018, 1, 1)
    )


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_initial")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
