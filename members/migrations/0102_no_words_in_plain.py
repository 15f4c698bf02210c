from pathlib import Path

from django.db import migrations
from django.db.models import CheckConstraint, F, Q

from members.sealing import settled

HERE = Path(__file__)
RIGHTS = HERE.with_name("0080_words_of_the_erased.sql").read_text()
EMPTIED = HERE.with_name("0100_words_to_seal.sql").read_text()
# The functions as they stood before, each the last one of its file.
BEFORE = (
    f"CREATE OR REPLACE{RIGHTS[RIGHTS.index(' FUNCTION members_empty_rights') :]}"
    f"CREATE OR REPLACE{EMPTIED[EMPTIED.index(' FUNCTION members_but_emptied') :]}"
)
RETURNED = Q(state="returned") & ~Q(return_reason="") | ~Q(state="returned") & Q(return_reason="")
CONSTRAINTS = {
    "assessment": [
        CheckConstraint(
            name="members_assessment_against_the_rules_has_a_reason",
            condition=Q(result=F("computed")) | ~Q(reason=""),
            violation_error_message="Say why, where you decide otherwise than computed.",
        ),
        CheckConstraint(
            name="members_assessment_returned_says_who_and_why",
            condition=Q(state="returned", approved_by__isnull=False) & ~Q(return_reason="")
            | ~Q(state="returned") & Q(return_reason=""),
        ),
    ],
    "kinship": [
        CheckConstraint(
            name="members_kinship_has_a_proof",
            condition=Q(proof__in=["household_register", "marriage", "birth", "letter", "other"])
            & (~Q(proof="other") | ~Q(proof_note="")),
            violation_error_message="Say which document shows it.",
        ),
        CheckConstraint(
            name="members_kinship_is_returned_with_a_reason",
            condition=RETURNED,
        ),
    ],
    "merge": [
        CheckConstraint(name="members_merge_is_returned_with_a_reason", condition=RETURNED),
        CheckConstraint(name="members_merge_says_how_it_is_known", condition=~Q(reason="")),
    ],
}


def _settled(model, name, label, max_length=500, blank=True):
    told = {"verbose_name": label, "max_length": max_length, "blank": blank}
    return settled("members", model, name, **told)


class Migration(migrations.Migration):
    dependencies = [("members", "0101_seal_words")]
    operations = [
        *_settled("assessment", "reason", "reason"),
        *_settled("assessment", "return_reason", "reason"),
        *_settled("kinship", "proof_note", "what it says", max_length=200),
        *_settled("kinship", "return_reason", "reason"),
        *_settled("merge", "reason", "how you know that it is one person", blank=False),
        *_settled("merge", "return_reason", "reason"),
        *_settled("datarequest", "hours_words", "what they said about their hours", max_length=200),
        *(
            migrations.AddConstraint(model, constraint)
            for model, constraints in CONSTRAINTS.items()
            for constraint in constraints
        ),
        migrations.RunSQL(HERE.with_suffix(".sql").read_text(), BEFORE),
    ]
