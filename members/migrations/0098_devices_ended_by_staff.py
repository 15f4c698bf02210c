from django.db import migrations, models

KINDS = [
    ("second_factor_added", "second factor set up"),
    ("second_factor_removed", "second factor removed"),
    ("new_recovery_codes", "new recovery codes made"),
    ("recovery_code_used", "signed in with a recovery code"),
    ("password_given", "a first password given"),
    ("signed_out", "signed out everywhere"),
    ("disabled_unused", "disabled, as not used for long"),
    ("disabled", "disabled"),
    ("enabled", "enabled"),
    ("device_ended", "signed out on a device, by staff"),
]


class Migration(migrations.Migration):
    dependencies = [("members", "0097_second_factors_and_drafts")]

    operations = [
        migrations.AlterField(
            model_name="accountevent",
            name="kind",
            field=models.CharField(choices=KINDS, max_length=24, verbose_name="what"),
        ),
        migrations.AddConstraint(
            model_name="accountevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "device_ended"), _negated=True),
                    models.Q(
                        ("by__isnull", False),
                        ("reason__in", ["lost", "changed", "others", "asked"]),
                        models.Q(("by", models.F("user")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="members_accountevent_device_is_ended_for_a_reason_by_staff",
            ),
        ),
    ]
