from pathlib import Path

from django.db import migrations, models

from members.models.encrypted import EncryptedField, is_sealed


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0013_looks"),
    ]

    operations = [
        migrations.AddField(
            model_name="volunteer",
            name="guardian_consent_on",
            field=models.DateField(
                blank=True, null=True, verbose_name="guardian's consent signed on"
            ),
        ),
        migrations.AddField(
            model_name="volunteer",
            name="guardian_name",
            field=models.CharField(blank=True, max_length=60, verbose_name="guardian"),
        ),
        migrations.AddField(
            model_name="volunteer",
            name="guardian_phone",
            field=EncryptedField(blank=True, max_length=20, verbose_name="guardian's phone"),
        ),
        migrations.AddField(
            model_name="volunteer",
            name="guardian_relation",
            field=models.CharField(blank=True, max_length=40, verbose_name="guardian's relation"),
        ),
        migrations.AddConstraint(
            model_name="volunteer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("guardian_consent_on", None),
                        ("guardian_name", ""),
                        ("guardian_relation", ""),
                    ),
                    models.Q(
                        models.Q(("guardian_name", ""), _negated=True),
                        models.Q(("guardian_relation", ""), _negated=True),
                        models.Q(("guardian_consent_on", None), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="members_volunteer_guardian_is_told_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="volunteer",
            constraint=is_sealed("guardian_phone", "members_volunteer_guardian_phone_is_sealed"),
        ),
        migrations.RunSQL(
            Path(__file__).with_suffix(".sql").read_text(),
            """
            DROP TRIGGER members_member_who_volunteers_is_14_or_older ON members_member;
            DROP TRIGGER members_volunteer_is_14_or_older ON members_volunteer;
            DROP FUNCTION members_refuse_children();
            """,
        ),
    ]
