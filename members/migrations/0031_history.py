from pathlib import Path

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0030_guardians"),
    ]

    operations = [
        migrations.CreateModel(
            name="Change",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("about", models.CharField(max_length=60)),
                (
                    "kind",
                    models.CharField(
                        choices=[("+", "added"), ("~", "changed"), ("-", "removed")], max_length=1
                    ),
                ),
                (
                    "fields",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=60), size=None
                    ),
                ),
                ("before", models.JSONField()),
                ("after", models.JSONField()),
                ("request", models.CharField(blank=True, max_length=40)),
                (
                    "by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="changes",
                        to="members.member",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(
            Path(__file__).with_suffix(".sql").read_text(),
            """
            DROP FUNCTION members_record_change() CASCADE;
            DROP FUNCTION members_record_arrival() CASCADE;
            DROP FUNCTION members_keep_history(text, text, text[]);
            DROP FUNCTION members_empty_history(bigint);
            DROP FUNCTION members_author();
            DROP FUNCTION members_refuse_rewriting() CASCADE;
            """,
        ),
    ]
