"""Room for the sealed rows of registers, beside what still is in plain."""

from django.db import migrations, models

from members.models.encrypted import EncryptedJSONField

BOUND = ("batch_id", "sheet", "number")
TOLD = {"written": dict, "understood": dict, "details": dict, "warnings": list}


def _renamed():
    for name, default in TOLD.items():
        # With a default, so that going back can add the column to rows that are there.
        plain = models.JSONField(default=default)
        yield migrations.AlterField("registerrow", name, plain)
        yield migrations.RenameField("registerrow", name, f"{name}_plain")
        # Blank, so that it can be added to rows that are there; 0023 says what it is.
        room = EncryptedJSONField(default=default, bound_to=BOUND)
        yield migrations.AddField("registerrow", name, room)


class Migration(migrations.Migration):
    dependencies = [("services", "0020_named_sealed")]
    operations = [
        *_renamed(),
        migrations.AddField("registerrow", "named", models.JSONField(default=list)),
        migrations.AddField("registerrow", "day", models.DateField(null=True, blank=True)),
        migrations.AlterField(
            "registerbatch", "file", models.FileField(blank=True, upload_to="registers/%Y/")
        ),
    ]
