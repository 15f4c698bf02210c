"""Room for the words in which something is said of a person, beside what still is in plain."""

from pathlib import Path

from django.db import migrations

from members.sealing import room

HERE = Path(__file__)
# What 0080 says of it, for going back.
BEFORE = """
CREATE OR REPLACE FUNCTION members_but_emptied(told jsonb, news jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT told - coalesce(array_agg(key), '{}') FROM jsonb_each(news)
    WHERE key IN ('proof_note', 'reason', 'return_reason', 'witness', 'words') AND value = '"–"'
        AND told ->> key <> ''
        OR key = 'living' AND value = '""'
        OR key = 'age' AND value = 'null'
$$;
DROP FUNCTION members_emptied;
"""


class Migration(migrations.Migration):
    dependencies = [("members", "0099_ages_beside_a_visit")]
    operations = [
        migrations.RunSQL(HERE.with_suffix(".sql").read_text(), BEFORE),
        migrations.RemoveConstraint(
            "assessment", "members_assessment_against_the_rules_has_a_reason"
        ),
        migrations.RemoveConstraint("assessment", "members_assessment_returned_says_who_and_why"),
        migrations.RemoveConstraint("kinship", "members_kinship_has_a_proof"),
        migrations.RemoveConstraint("kinship", "members_kinship_is_returned_with_a_reason"),
        migrations.RemoveConstraint("merge", "members_merge_is_returned_with_a_reason"),
        migrations.RemoveConstraint("merge", "members_merge_says_how_it_is_known"),
        *room("assessment", "reason", 500),
        *room("assessment", "return_reason", 500),
        *room("kinship", "proof_note", 200),
        *room("kinship", "return_reason", 500),
        *room("merge", "reason", 500),
        *room("merge", "return_reason", 500),
        *room("datarequest", "hours_words", 200),
    ]
