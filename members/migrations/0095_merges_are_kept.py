from django.db import migrations, models

# The right to change them is gone since 0071; triggers that always fire come second.
KEPT = """
    CREATE TRIGGER members_mergedrow_only_grows BEFORE UPDATE OR DELETE ON members_mergedrow
        FOR EACH ROW EXECUTE FUNCTION members_only_changes();
    ALTER TABLE members_mergedrow ENABLE ALWAYS TRIGGER members_mergedrow_only_grows;
    CREATE TRIGGER members_mergedrow_is_kept BEFORE TRUNCATE ON members_mergedrow
        FOR EACH STATEMENT EXECUTE FUNCTION members_only_changes();
    ALTER TABLE members_mergedrow ENABLE ALWAYS TRIGGER members_mergedrow_is_kept;
"""


class Migration(migrations.Migration):
    dependencies = [("members", "0090_looks_of_agents")]

    operations = [
        migrations.AddConstraint(
            model_name="merge",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("undone_by", None),
                    models.Q(
                        models.Q(("undone_by", models.F("author")), _negated=True),
                        models.Q(("undone_by", models.F("approver")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="members_merge_is_undone_by_a_third",
                violation_error_message=(
                    "You entered or approved this merge. A third colleague takes it back."
                ),
            ),
        ),
        migrations.RunSQL(
            KEPT,
            """
            DROP TRIGGER members_mergedrow_only_grows ON members_mergedrow;
            DROP TRIGGER members_mergedrow_is_kept ON members_mergedrow;
            """,
        ),
    ]
