from django.db import migrations

from members.models.encrypted import is_sealed

TOLD = ("written", "understood", "details", "warnings")


class Migration(migrations.Migration):
    dependencies = [("services", "0022_seal_rows")]
    operations = [
        *(migrations.RemoveField("registerrow", f"{name}_plain") for name in TOLD),
        *(
            migrations.AddConstraint(
                "registerrow", is_sealed(name, f"services_registerrow_{name}_is_sealed")
            )
            for name in TOLD
        ),
    ]
