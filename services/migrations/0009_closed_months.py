from pathlib import Path

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0018_policy_versions"),
        ("members", "0003_member_authors"),
        ("services", "0008_papers_are_kept"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ClosedMonth",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("month", models.DateField()),
                ("figures", models.JSONField()),
            ],
        ),
        migrations.CreateModel(
            name="MonthClosing",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("month", models.DateField(verbose_name="month")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting for a second person"),
                            ("closed", "closed"),
                            ("returned", "returned"),
                            ("withdrawn", "withdrawn"),
                        ],
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                (
                    "reason",
                    models.CharField(
                        blank=True, max_length=500, verbose_name="why it is closed all the same"
                    ),
                ),
                ("left_waiting", models.JSONField(default=dict)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "return_reason",
                    models.CharField(
                        blank=True, max_length=500, verbose_name="why it was returned"
                    ),
                ),
            ],
            options={
                "verbose_name": "closing of a month",
                "verbose_name_plural": "closings of months",
            },
        ),
        migrations.AddField(
            model_name="visit",
            name="counted_on",
            field=models.DateField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="visit",
            name="taken_back_on",
            field=models.DateField(editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name="visit",
            index=models.Index(
                condition=models.Q(("counted_on__isnull", False)),
                fields=["area", "counted_on"],
                name="services_visit_counted_later",
            ),
        ),
        migrations.AddIndex(
            model_name="visit",
            index=models.Index(
                condition=models.Q(("taken_back_on__isnull", False)),
                fields=["area", "taken_back_on"],
                name="services_visit_taken_back",
            ),
        ),
        migrations.AddConstraint(
            model_name="visit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("counted_on__gt", models.F("service_date")),
                        models.Q(
                            ("taken_back_on", None),
                            ("taken_back_on__gt", models.F("counted_on")),
                            _connector="OR",
                        ),
                    ),
                    models.Q(
                        ("counted_on", None),
                        models.Q(
                            ("taken_back_on", None),
                            ("taken_back_on__gt", models.F("service_date")),
                            _connector="OR",
                        ),
                    ),
                    _connector="OR",
                ),
                name="services_visit_counts_on_its_day_or_later",
            ),
        ),
        migrations.AddConstraint(
            model_name="visit",
            constraint=models.CheckConstraint(
                condition=models.Q(("taken_back_on", None), ("state", "reversed"), _connector="OR"),
                name="services_visit_taken_back_only_when_undone",
            ),
        ),
        migrations.AddField(
            model_name="closedmonth",
            name="area",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="members.area"
            ),
        ),
        migrations.AddField(
            model_name="monthclosing",
            name="approver",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="monthclosing",
            name="area",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="members.area",
                verbose_name="community",
            ),
        ),
        migrations.AddField(
            model_name="monthclosing",
            name="author",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="closedmonth",
            name="closing",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="months",
                to="services.monthclosing",
            ),
        ),
        migrations.AddConstraint(
            model_name="monthclosing",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["waiting", "closed"])),
                fields=("area", "month"),
                name="services_monthclosing_is_asked_for_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="monthclosing",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("month", django.db.models.functions.datetime.TruncMonth("month"))
                ),
                name="services_monthclosing_month_is_its_first_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="monthclosing",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("approver__isnull", True),
                    models.Q(("approver", models.F("author")), _negated=True),
                    _connector="OR",
                ),
                name="services_monthclosing_approver_is_not_the_author",
                violation_error_message="No one approves what they entered.",
            ),
        ),
        migrations.AddConstraint(
            model_name="monthclosing",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("left_waiting", {}), models.Q(("reason", ""), _negated=True), _connector="OR"
                ),
                name="services_monthclosing_with_work_left_has_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="monthclosing",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("approver__isnull", True),
                        ("decided_at__isnull", True),
                        ("state", "waiting"),
                    ),
                    models.Q(
                        models.Q(("state", "waiting"), _negated=True), ("decided_at__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="services_monthclosing_decided_says_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="monthclosing",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("approver__isnull", False),
                        ("state", "returned"),
                        models.Q(("return_reason", ""), _negated=True),
                    ),
                    models.Q(models.Q(("state", "returned"), _negated=True), ("return_reason", "")),
                    _connector="OR",
                ),
                name="services_monthclosing_returned_says_who_and_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="closedmonth",
            constraint=models.UniqueConstraint(
                fields=("area", "month"), name="services_closedmonth_is_stored_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="closedmonth",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("month", django.db.models.functions.datetime.TruncMonth("month"))
                ),
                name="services_closedmonth_month_is_its_first_day",
            ),
        ),
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text()),
    ]
