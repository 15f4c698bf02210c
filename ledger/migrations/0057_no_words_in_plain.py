from django.db import migrations
from django.db.models import CheckConstraint, Q

from members.sealing import settled

CONSTRAINTS = [
    CheckConstraint(
        name="ledger_movementrequest_is_returned_with_a_reason",
        condition=Q(state="returned") & ~Q(return_reason="")
        | ~Q(state="returned") & Q(return_reason=""),
    ),
    CheckConstraint(
        name="ledger_movementrequest_for_a_relative_has_proof",
        condition=Q(other__isnull=True, relation="", kinship__isnull=True)
        | Q(other__isnull=False) & ~Q(relation="") & (Q(kinship__isnull=False) | ~Q(proof="")),
    ),
    CheckConstraint(
        name="ledger_movementrequest_says_what_its_kind_needs",
        condition=Q(kind="donate", member__isnull=False, minutes__isnull=False)
        | Q(kind="gift", other__isnull=False, minutes__isnull=False)
        | Q(kind="redeem", member__isnull=False, minutes__isnull=False)
        | Q(kind="grant", minutes__isnull=False, expires_on__isnull=False)
        | Q(kind="opening", member__isnull=False, minutes__isnull=False) & ~Q(proof="")
        | Q(kind="move", member__isnull=False, destination__isnull=False)
        | Q(kind="closure", member__isnull=False) & ~Q(reason="")
        | Q(kind="reversal", original__isnull=False) & ~Q(reason=""),
    ),
]


def _settled(name, label):
    told = {"verbose_name": label, "max_length": 500, "blank": True}
    return settled("ledger", "movementrequest", name, **told)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0056_seal_words")]
    operations = [
        *_settled("proof", "proof"),
        *_settled("reason", "reason"),
        *_settled("return_reason", "reason"),
        *(migrations.AddConstraint("movementrequest", constraint) for constraint in CONSTRAINTS),
    ]
