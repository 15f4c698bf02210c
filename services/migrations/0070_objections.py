import django.db.models.deletion
import members.models.encrypted
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0080_words_of_the_erased"),
        ("services", "0061_labels"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Objection",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("journal", models.UUIDField(editable=False, null=True)),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("not_there", "I was not there"),
                            ("time", "The time is wrong"),
                            ("person", "The other person is wrong"),
                            ("other", "Something else"),
                        ],
                        max_length=9,
                        verbose_name="what is not right",
                    ),
                ),
                (
                    "words",
                    members.models.encrypted.EncryptedField(
                        blank=True, bound_to=("key",), max_length=500, verbose_name="in their words"
                    ),
                ),
                ("entered_at", models.DateTimeField(verbose_name="said on")),
                ("due_on", models.DateField(verbose_name="to be answered by")),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "being checked"), ("answered", "answered")],
                        default="waiting",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[("right", "It was right"), ("mended", "It is mended")],
                        max_length=6,
                        verbose_name="what was found",
                    ),
                ),
                (
                    "answer",
                    members.models.encrypted.EncryptedField(
                        blank=True, bound_to=("key",), max_length=500, verbose_name="answer"
                    ),
                ),
                ("answered_at", models.DateTimeField(null=True, verbose_name="answered on")),
                (
                    "answered_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "area",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.area",
                        verbose_name="community",
                    ),
                ),
                (
                    "entered_by",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="objections",
                        to="members.member",
                        verbose_name="member",
                    ),
                ),
                (
                    "visit",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="objections",
                        to="services.visit",
                    ),
                ),
            ],
            options={
                "verbose_name": "objection",
                "verbose_name_plural": "objections",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["area", "entered_at"],
                        name="services_objection_waiting",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("journal__isnull", False), ("visit__isnull", True)),
                            models.Q(("journal__isnull", True), ("visit__isnull", False)),
                            _connector="OR",
                        ),
                        name="services_objection_is_about_a_visit_or_a_booking",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "waiting")),
                        fields=("member", "area", "visit", "journal"),
                        name="services_objection_to_a_line_waits_once",
                        nulls_distinct=False,
                        violation_error_message="This line is being checked already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("reason__in", ["not_there", "time", "person", "other"])
                        ),
                        name="services_objection_says_what_is_not_right",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("answer", ""),
                                ("outcome", ""),
                                ("state", "waiting"),
                                ("answered_at__isnull", True),
                                ("answered_by__isnull", True),
                            ),
                            models.Q(
                                ("outcome__in", ["right", "mended"]),
                                ("state", "answered"),
                                ("answered_at__isnull", False),
                                ("answered_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="services_objection_is_answered_whole_or_not_at_all",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Func(
                                models.F("words"),
                                function="members_is_sealed",
                                output_field=models.BooleanField(),
                            )
                        ),
                        name="services_objection_words_is_sealed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Func(
                                models.F("answer"),
                                function="members_is_sealed",
                                output_field=models.BooleanField(),
                            )
                        ),
                        name="services_objection_answer_is_sealed",
                    ),
                ],
            },
        ),
    ]
