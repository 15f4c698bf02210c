"""Room for notes of visits and reasons, beside what still is in plain."""

from pathlib import Path

from django.db import migrations

from members.sealing import room

HERE = Path(__file__)
KEPT = HERE.with_name("0008_papers_are_kept.sql").read_text()
# What 0008 says of it, for going back.
BEGIN = KEPT.index(" FUNCTION services_refuse_rewriting")
BEFORE = f"CREATE OR REPLACE{KEPT[BEGIN : KEPT.index('$$;', BEGIN) + 3]}"


class Migration(migrations.Migration):
    dependencies = [
        ("services", "0071_objections_are_kept"),
        ("members", "0102_no_words_in_plain"),
    ]
    operations = [
        migrations.RunSQL(HERE.with_suffix(".sql").read_text(), BEFORE),
        migrations.RemoveConstraint("visit", "services_visit_returned_says_who_when_and_why"),
        migrations.RemoveConstraint(
            "certificate", "services_certificate_withdrawn_says_who_when_and_why"
        ),
        *room("visit", "note", 500),
        *room("visit", "return_reason", 500),
        *room("certificate", "withdraw_reason", 500),
    ]
