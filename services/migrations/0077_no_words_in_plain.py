from pathlib import Path

from django.db import migrations
from django.db.models import CheckConstraint, Q

from members.sealing import settled

HERE = Path(__file__)
RETURNED = CheckConstraint(
    name="services_visit_returned_says_who_when_and_why",
    condition=Q(state="returned", returned_by__isnull=False, returned_at__isnull=False)
    & ~Q(return_reason="")
    | ~Q(state="returned")
    & Q(returned_by__isnull=True, returned_at__isnull=True, return_reason=""),
)
WITHDRAWN = CheckConstraint(
    name="services_certificate_withdrawn_says_who_when_and_why",
    condition=Q(withdrawn_by__isnull=False, withdrawn_at__isnull=False) & ~Q(withdraw_reason="")
    | Q(withdrawn_by__isnull=True, withdrawn_at__isnull=True, withdraw_reason=""),
)


def _settled(model, name, label):
    return settled("services", model, name, verbose_name=label, max_length=500, blank=True)


class Migration(migrations.Migration):
    dependencies = [("services", "0076_seal_words")]
    operations = [
        *_settled("visit", "note", "note"),
        *_settled("visit", "return_reason", "why it was returned"),
        *_settled("certificate", "withdraw_reason", "why it was withdrawn"),
        migrations.AddConstraint("visit", RETURNED),
        migrations.AddConstraint("certificate", WITHDRAWN),
        migrations.RunSQL(
            HERE.with_suffix(".sql").read_text(),
            HERE.with_name("0075_words_to_seal.sql").read_text(),
        ),
    ]
