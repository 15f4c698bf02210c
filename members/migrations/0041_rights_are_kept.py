from pathlib import Path

from django.db import migrations

KEPT = ("consent", "consenttext", "eligibilityrules", "assessment", "kinship", "agent")
UNDO = """
    DO $$
    DECLARE
        guard record;
    BEGIN
        FOR guard IN SELECT tgname, tgrelid::regclass AS kept FROM pg_trigger
            WHERE NOT tgisinternal AND tgrelid::regclass::text = ANY (ARRAY[{tables}]) LOOP
            EXECUTE format('DROP TRIGGER %I ON %s', guard.tgname, guard.kept);
        END LOOP;
    END
    $$;
    DROP FUNCTION members_only_changes();
    DROP FUNCTION members_agent_has_a_consent();
    GRANT UPDATE, DELETE ON {names} TO timebank_web;
"""


class Migration(migrations.Migration):
    dependencies = [("members", "0040_rights_of_people")]
    operations = [
        migrations.RunSQL(
            Path(__file__).with_suffix(".sql").read_text(),
            UNDO.format(
                tables=", ".join(f"'members_{name}'" for name in KEPT),
                names=", ".join(f"members_{name}" for name in KEPT),
            ),
        )
    ]
