"""What was in plain is dropped; from now on these columns take sealed values only."""

import uuid

from django.db import migrations, models
from django.db.models import Q

import members.models.encrypted as encrypted

PLAIN = {
    "member": ("id_number", "address", "note"),
    "memberphone": ("number",),
    "volunteer": ("note",),
    "elder": ("income", "capability", "contact_phone"),
    "signincode": ("phone",),
}
SEALED = {model: fields for model, fields in PLAIN.items() if model != "signincode"}
INCOMES = [
    ("ordinary", "ordinary"),
    ("minimum_allowance", "minimum living allowance"),
    ("destitute", "destitute support"),
]
CAPABILITIES = [
    ("self_caring", "self-caring"),
    ("semi_disabled", "semi-disabled"),
    ("disabled", "disabled"),
]
FIELDS = {
    ("member", "id_number"): {
        "max_length": 18,
        "null": True,
        "blank": True,
        "verbose_name": "ID number",
    },
    ("member", "address"): {"max_length": 200, "blank": True, "verbose_name": "address"},
    ("member", "note"): {"max_length": 500, "blank": True, "verbose_name": "note"},
    ("memberphone", "number"): {"max_length": 20, "verbose_name": "phone"},
    ("volunteer", "note"): {"max_length": 500, "blank": True, "verbose_name": "note"},
    ("elder", "income"): {
        "max_length": 18,
        "blank": True,
        "choices": INCOMES,
        "verbose_name": "income",
    },
    ("elder", "capability"): {
        "max_length": 15,
        "blank": True,
        "choices": CAPABILITIES,
        "verbose_name": "capability",
    },
    ("elder", "contact_phone"): {
        "max_length": 20,
        "blank": True,
        "verbose_name": "contact's phone",
    },
}


class Migration(migrations.Migration):
    dependencies = [("members", "0011_seal")]
    operations = [
        *(
            migrations.RemoveField(model, f"{name}_plain")
            for model, names in PLAIN.items()
            for name in names
        ),
        *(
            migrations.AlterField(model, name, encrypted.EncryptedField(**options))
            for (model, name), options in FIELDS.items()
        ),
        *(
            migrations.AlterField(
                model,
                "key",
                models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
            )
            for model in ("memberphone", "volunteer", "elder")
        ),
        migrations.AlterField(
            "memberphone",
            "number_index",
            encrypted.BlindIndexField(of="number", db_index=True),
        ),
        migrations.AlterField("signincode", "phone", encrypted.BlindIndexField()),
        migrations.AddIndex(
            "signincode", models.Index(fields=["phone", "-sent_at"], name="members_code_by_phone")
        ),
        migrations.AddConstraint(
            "memberphone",
            models.UniqueConstraint(
                fields=["member", "number_index"], name="members_memberphone_is_listed_once"
            ),
        ),
        migrations.AddConstraint(
            "member",
            models.UniqueConstraint(
                fields=["id_number_index"], name="members_member_id_number_is_of_one_person"
            ),
        ),
        migrations.AddConstraint(
            "member",
            models.CheckConstraint(
                name="members_member_id_number_has_its_index",
                condition=Q(id_number__isnull=True, id_number_index__isnull=True)
                | Q(id_number__isnull=False, id_number_index__isnull=False),
            ),
        ),
        *(
            migrations.AddConstraint(
                model, encrypted.is_sealed(name, f"members_{model}_{name}_is_sealed")
            )
            for model, names in SEALED.items()
            for name in names
        ),
    ]
