from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

SUM_BEFORE = """
    CREATE OR REPLACE FUNCTION services_total(numbers jsonb) RETURNS integer
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog
    AS $$ SELECT coalesce(sum(value::integer), 0)::integer FROM jsonb_each_text(numbers) $$
"""


def without_an_index(name, to, **options):
    """An index of its own on this column helps no query, and every visit would have to keep it."""
    field = models.ForeignKey(
        to, on_delete=django.db.models.deletion.PROTECT, db_index=False, **options
    )
    return migrations.AlterField("visit", name, field)


class Migration(migrations.Migration):
    dependencies = [("services", "0040_people_who_are_here")]
    operations = [
        migrations.RunSQL(
            Path(__file__).with_suffix(".sql").read_text(),
            f"DROP FUNCTION services_read_beside, services_log_visit; {SUM_BEFORE}",
        ),
        without_an_index("area", "members.area", related_name="visits"),
        without_an_index("volunteer", "members.member", related_name="visits_given"),
        without_an_index("elder", "members.member", related_name="visits_received"),
        without_an_index("category", "services.category", related_name="+"),
        without_an_index("entered_by", settings.AUTH_USER_MODEL, related_name="+"),
        *[
            without_an_index(
                name, settings.AUTH_USER_MODEL, null=True, blank=True, related_name="+"
            )
            for name in ("approved_by", "returned_by", "reversed_by")
        ],
    ]
