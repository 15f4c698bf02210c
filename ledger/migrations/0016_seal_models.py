import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0015_seals"),
    ]

    operations = [
        migrations.CreateModel(
            name="Block",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "community_id",
                        "n",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("n", models.BigIntegerField()),
                ("algorithm", models.SmallIntegerField()),
                ("version", models.SmallIntegerField()),
                ("size", models.IntegerField()),
                ("total", models.BigIntegerField()),
                ("first_transfer", models.BigIntegerField()),
                ("last_transfer", models.BigIntegerField()),
                (
                    "transfer_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
                ("leaves", models.BinaryField()),
                ("root", models.BinaryField()),
                ("prev", models.BinaryField()),
                ("hash", models.BinaryField()),
                ("sealed_at", models.DateTimeField()),
            ],
            options={
                "db_table": "ledger_block",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("text", models.TextField()),
                (
                    "communities",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
                (
                    "blocks",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
                ("made_at", models.DateTimeField()),
            ],
            options={
                "db_table": "ledger_checkpoint",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="CheckpointSignature",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "checkpoint_id",
                        "name",
                        "key_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.TextField()),
                ("key_id", models.BinaryField()),
                ("signature", models.BinaryField()),
                ("added_at", models.DateTimeField()),
            ],
            options={
                "db_table": "ledger_checkpoint_signature",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Verification",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("finished_at", models.DateTimeField()),
                ("transfers", models.BigIntegerField()),
                ("faults", models.IntegerField()),
            ],
            options={
                "db_table": "ledger_verification",
                "managed": False,
            },
        ),
    ]
