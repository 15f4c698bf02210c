from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0017_lines_of_days"),
        ("members", "0003_member_authors"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="policy",
            name="ledger_policy_has_one_version_a_day",
        ),
        migrations.AddField(
            model_name="policy",
            name="approver",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="policy",
            name="based_on",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="ledger.policy",
            ),
        ),
        migrations.AddField(
            model_name="policy",
            name="decided_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="policy",
            name="return_reason",
            field=models.CharField(
                blank=True, editable=False, max_length=500, verbose_name="why it was returned"
            ),
        ),
        migrations.AddField(
            model_name="policy",
            name="state",
            field=models.CharField(
                choices=[
                    ("waiting", "waiting for a second person"),
                    ("approved", "approved"),
                    ("returned", "returned"),
                    ("withdrawn", "withdrawn"),
                ],
                default="approved",
                editable=False,
                max_length=9,
                verbose_name="state",
            ),
        ),
        migrations.AddField(
            model_name="policy",
            name="two_close_months",
            field=models.BooleanField(
                default=True, verbose_name="closing a month needs a second person"
            ),
        ),
        migrations.AddConstraint(
            model_name="policy",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["waiting", "approved"])),
                fields=("area", "effective_from"),
                name="ledger_policy_has_one_version_a_day",
                nulls_distinct=False,
                violation_error_message="There is a version from that day on already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="policy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("approver__isnull", True),
                    models.Q(("approver", models.F("author")), _negated=True),
                    _connector="OR",
                ),
                name="ledger_policy_approver_is_not_the_author",
                violation_error_message="No one approves what they entered.",
            ),
        ),
        migrations.AddConstraint(
            model_name="policy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "approved"), _negated=True),
                    ("author__isnull", True),
                    ("approver__isnull", False),
                    _connector="OR",
                ),
                name="ledger_policy_of_a_person_is_approved_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="policy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("approver__isnull", True),
                        ("decided_at__isnull", True),
                        ("state", "waiting"),
                    ),
                    models.Q(("author__isnull", True), ("state", "approved")),
                    models.Q(
                        models.Q(("state", "waiting"), _negated=True), ("decided_at__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="ledger_policy_decided_says_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="policy",
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
                name="ledger_policy_returned_says_who_and_why",
            ),
        ),
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text()),
    ]
