"""Room for reasons and proofs of movements, beside what still is in plain."""

from django.db import migrations

from members.sealing import room


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0052_rules_of_a_row"),
        ("members", "0102_no_words_in_plain"),
    ]
    operations = [
        *(
            migrations.RemoveConstraint("movementrequest", f"ledger_movementrequest_{name}")
            for name in (
                "is_returned_with_a_reason",
                "for_a_relative_has_proof",
                "says_what_its_kind_needs",
            )
        ),
        *room("movementrequest", "proof", 500),
        *room("movementrequest", "reason", 500),
        *room("movementrequest", "return_reason", 500),
    ]
