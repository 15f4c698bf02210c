"""Every text that the database holds in plain, each with the reason why it may.

What is written of people in free words is sealed (docs/decisions/0011-sealed.md). Whoever adds a
column of text seals it, or says here why it need not be.
"""

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models

from members.models.encrypted import EncryptedField

NAME = "a name, by which people are found and told apart"
CODE = "a code, a route, a number or the name of a column"
OF_THE_HOUSE = "of a community, a service, a policy or the ledger, not of a person"
KEPT = "only grows, so that it cannot be sealed anew; the form says who reads it"
FIGURES = "codes with minutes"

PLAIN = {
    "ledger.Account.purpose": OF_THE_HOUSE,
    "ledger.Checkpoint.text": OF_THE_HOUSE,
    "ledger.CheckpointSignature.name": OF_THE_HOUSE,
    "ledger.Policy.own_family": CODE,
    "ledger.Policy.return_reason": OF_THE_HOUSE,
    "ledger.Policy.two_persons": CODE,
    "members.AccountEvent.reason": KEPT,
    "members.Agent.scopes": CODE,
    "members.Area.code": OF_THE_HOUSE,
    "members.Area.name_en": OF_THE_HOUSE,
    "members.Area.name_zh": OF_THE_HOUSE,
    "members.Area.path": OF_THE_HOUSE,
    "members.Attempt.what": "a keyed hash",
    "members.Change.about": CODE,
    "members.Change.after": "of columns that are in plain themselves",
    "members.Change.before": "of columns that are in plain themselves",
    "members.Change.fields": CODE,
    "members.Change.request": CODE,
    "members.Consent.witness": NAME,
    "members.ConsentText.text_en": OF_THE_HOUSE,
    "members.ConsentText.text_zh": OF_THE_HOUSE,
    "members.ContactPerson.name": NAME,
    "members.ContactPerson.relation": NAME,
    "members.Device.label": "a kind of telephone or browser",
    "members.Device.session": CODE,
    "members.Draft.path": CODE,
    "members.Elder.contact_name": NAME,
    "members.Elder.contact_relation": NAME,
    "members.Look.fields": CODE,
    "members.Look.page": CODE,
    "members.Look.subject": OF_THE_HOUSE,
    "members.Look.words": KEPT,
    "members.Member.name": NAME,
    "members.Member.number": CODE,
    "members.Merge.taken": CODE,
    "members.MergedRow.column": CODE,
    "members.MergedRow.model": CODE,
    "members.Notice.language": CODE,
    "members.Notice.phone_end": "masked",
    "members.Notice.template": CODE,
    "members.Notice.variables": "what an SMS says, without a name",
    "members.SearchTerm.term": "of names, numbers and the last four digits of phones",
    "members.SignInCode.code_hash": "a keyed hash",
    "members.User.email": "of staff",
    "members.User.first_name": NAME,
    "members.User.last_name": NAME,
    "members.User.password": "a hash",
    "members.User.username": NAME,
    "members.Volunteer.guardian_name": NAME,
    "members.Volunteer.guardian_relation": NAME,
    "members.Volunteer.skills": "what visits are matched by",
    "services.Category.code": OF_THE_HOUSE,
    "services.Category.name_en": OF_THE_HOUSE,
    "services.Category.name_zh": OF_THE_HOUSE,
    "services.Category.synonyms": OF_THE_HOUSE,
    "services.Certificate.code": CODE,
    "services.Certificate.content": "what was certified, as the public page tells it",
    "services.Certificate.content_hash": "a hash",
    "services.ClosedMonth.figures": FIGURES,
    "services.Holiday.name": OF_THE_HOUSE,
    "services.MonthClosing.left_waiting": FIGURES,
    "services.MonthClosing.reason": OF_THE_HOUSE,
    "services.MonthClosing.return_reason": OF_THE_HOUSE,
    "services.RegisterBatch.error": OF_THE_HOUSE,
    "services.RegisterBatch.file_hash": "a hash",
    "services.RegisterBatch.file_name": OF_THE_HOUSE,
    "services.RegisterBatch.sheets": OF_THE_HOUSE,
    "services.RegisterRow.named": "numbers of members",
    "services.RegisterRow.reason": CODE,
    "services.RegisterRow.sheet": OF_THE_HOUSE,
    "services.StatementRun.language": CODE,
    "services.Visit.not_banked": FIGURES,
    "services.Visit.questions": CODE,
}
TEXT = (models.CharField, models.TextField, models.JSONField)


def in_plain(app):
    """The texts that somebody may have typed: no choices, no dates, nothing sealed."""
    for model in apps.get_app_config(app).get_models():
        for field in model._meta.concrete_fields:
            inner = field.base_field if isinstance(field, ArrayField) else field
            is_text = isinstance(inner, TEXT) and not isinstance(field, EncryptedField)
            if is_text and not field.choices and not model._meta.proxy:
                yield f"{model._meta.label}.{field.name}"


def test_every_text_is_sealed_or_has_its_reason_to_be_in_plain():
    found = {place for app in ("members", "ledger", "services") for place in in_plain(app)}

    assert found - PLAIN.keys() == set()
    assert PLAIN.keys() - found == set()
