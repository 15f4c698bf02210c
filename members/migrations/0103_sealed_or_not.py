from django.db import migrations

# A function in SQL is put into the CHECK that calls it, and parsed for each statement anew.
IS_SEALED = """
CREATE OR REPLACE FUNCTION members_is_sealed(value bytea) RETURNS boolean
LANGUAGE {language} IMMUTABLE PARALLEL SAFE AS $$
    {begin} octet_length(value) = 0
        OR octet_length(value) >= 61 AND (octet_length(value) - 29) % 32 = 0{end}
$$
"""


class Migration(migrations.Migration):
    dependencies = [("members", "0102_no_words_in_plain")]
    operations = [
        migrations.RunSQL(
            IS_SEALED.format(language="plpgsql", begin="BEGIN RETURN", end="; END"),
            IS_SEALED.format(language="sql", begin="SELECT", end=""),
        )
    ]
