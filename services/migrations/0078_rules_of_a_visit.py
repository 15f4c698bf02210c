from pathlib import Path

from django.db import migrations, models

RULES = (
    "banks_at_most_what_was_served",
    "served_minutes_are_of_one_day",
    "volunteer_is_not_the_elder",
    "approver_is_not_the_author",
    "start_and_end_are_set_together",
    "confirmed_has_its_time",
    "reversed_names_who_and_when",
    "counts_on_its_day_or_later",
    "taken_back_only_when_undone",
    "returned_says_who_when_and_why",
    "returner_is_not_the_author",
    "banked_minutes_have_a_journal",
    "every_minute_not_banked_has_a_reason",
)


class Migration(migrations.Migration):
    dependencies = [("services", "0077_no_words_in_plain")]
    operations = [
        migrations.RunSQL(
            Path(__file__).with_suffix(".sql").read_text(),
            "ALTER TABLE services_visit DROP CONSTRAINT services_visit_is_sound;"
            "DROP FUNCTION services_visit_is_sound",
        ),
        *[migrations.RemoveConstraint("visit", f"services_visit_{rule}") for rule in RULES],
        *[
            migrations.AlterField(
                "visit", f"{figure}_minutes", models.IntegerField(verbose_name=f"{figure} minutes")
            )
            for figure in ("served", "bankable", "banked")
        ],
    ]
