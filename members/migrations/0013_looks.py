import uuid
from pathlib import Path

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("members", "0012_nothing_in_plain")]
    operations = [
        migrations.CreateModel(
            name="Look",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("subject", models.CharField(blank=True, max_length=200, verbose_name="file")),
                (
                    "at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="time"),
                ),
                (
                    "fields",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        size=None,
                        verbose_name="what was seen",
                    ),
                ),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("call", "to call or to visit the person"),
                            ("papers", "to fill in papers for the person"),
                            ("check", "to check or to correct what is on record"),
                            ("emergency", "an emergency"),
                            ("export", "sent out as a file"),
                            ("other", "something else"),
                        ],
                        max_length=9,
                        verbose_name="reason",
                    ),
                ),
                ("words", models.CharField(blank=True, max_length=200, verbose_name="in words")),
                ("page", models.CharField(max_length=60, verbose_name="page")),
                (
                    "area",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.area",
                        verbose_name="community",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="looks",
                        to="members.member",
                        verbose_name="member",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who looked",
                    ),
                ),
            ],
            options={
                "verbose_name": "look at masked values",
                "verbose_name_plural": "looks at masked values",
                "indexes": [
                    models.Index(fields=["member", "-at"], name="members_look_by_member"),
                    models.Index(fields=["area", "-at"], name="members_look_by_area"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("member__isnull", False), ("subject", "")),
                            models.Q(
                                ("member__isnull", True), models.Q(("subject", ""), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="members_look_is_at_a_member_or_a_file",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("fields", []), _negated=True),
                        name="members_look_says_what_was_seen",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("purpose", "other"), _negated=True),
                            models.Q(("words", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="members_look_something_else_is_said_in_words",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            Path(__file__).with_suffix(".sql").read_text(),
            "DROP FUNCTION members_refuse_change CASCADE",
        ),
    ]
