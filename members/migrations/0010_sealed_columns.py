"""Room for what is to be sealed, beside what still is in plain; 0011 fills it, 0012 drops that."""

from django.db import migrations, models

import members.models.encrypted as encrypted

# Nothing but no bytes at all, or a key's number, a nonce, whole blocks of 32 bytes and a tag.
IS_SEALED = """
CREATE FUNCTION members_is_sealed(value bytea) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT octet_length(value) = 0
        OR octet_length(value) >= 61 AND (octet_length(value) - 29) % 32 = 0
$$
"""
SEALED = {
    "member": {"id_number": 18, "address": 200, "note": 500},
    "memberphone": {"number": 20},
    "volunteer": {"note": 500},
    "elder": {"income": 18, "capability": 15, "contact_phone": 20},
}
KEYED = ("memberphone", "volunteer", "elder")
NULLABLE = ("id_number", "number")


def _renamed():
    for model, fields in SEALED.items():
        for name, length in fields.items():
            yield migrations.RenameField(model, name, f"{name}_plain")
            room = encrypted.EncryptedField(blank=True, max_length=length, null=name in NULLABLE)
            yield migrations.AddField(model, name, room)


def _keyed():
    for model in KEYED:
        yield migrations.AddField(model, "key", models.UUIDField(null=True, editable=False))
        yield migrations.RunSQL(
            f"UPDATE members_{model} SET key = gen_random_uuid()",  # noqa: S608
            migrations.RunSQL.noop,
        )


class Migration(migrations.Migration):
    dependencies = [("members", "0003_member_authors")]
    operations = [
        migrations.RunSQL(IS_SEALED, "DROP FUNCTION members_is_sealed"),
        migrations.RemoveConstraint("member", "members_member_id_number_is_not_empty"),
        migrations.RemoveConstraint("memberphone", "members_memberphone_is_listed_once"),
        migrations.RemoveIndex("signincode", "members_code_by_phone"),
        *_keyed(),
        *_renamed(),
        # So that going back can add the column to rows that are there.
        migrations.AlterField(
            "memberphone",
            "number_plain",
            models.CharField(max_length=20, db_index=True, blank=True),
        ),
        migrations.RenameField("signincode", "phone", "phone_plain"),
        migrations.AlterField(
            "signincode", "phone_plain", models.CharField(max_length=20, blank=True)
        ),
        migrations.AddField(
            "member", "id_number_index", encrypted.BlindIndexField(of="id_number", null=True)
        ),
        migrations.AddField(
            "memberphone", "number_index", encrypted.BlindIndexField(of="number", null=True)
        ),
        migrations.AddField("signincode", "phone", encrypted.BlindIndexField(null=True)),
    ]
