"""What is said of people in free words: sealed, kept as it was said, sealed anew by other keys."""

import os

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, transaction

from members import encryption
from members.models import Assessment, Kinship
from members.models.encrypted import EncryptedField
from services.papers.models import Certificate
from tests.words import SAID, WORDS, say
from timebank import database

pytestmark = pytest.mark.django_db
NEW = "2:MzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzM="


def read():
    """The words, as they are read from new."""
    return [
        getattr(model.objects.exclude(**dict.fromkeys(told, "")).get(), name)
        for model, told in SAID.items()
        for name in told
    ]


def stored():
    """The same, as the database has them."""
    held = []
    with connection.cursor() as cursor:
        for model, told in SAID.items():
            columns = ", ".join(told)
            first = f"SELECT {columns} FROM {model._meta.db_table} ORDER BY id LIMIT 1"
            cursor.execute(first)
            held += [bytes(value) for value in cursor.fetchone()]
    return held


def as_superuser(*statements):
    where = database.superuser(os.environ["TIMEBANK_SOCKET"], connection.settings_dict["NAME"])
    with psycopg.connect(where) as there:
        for statement in statements:
            there.execute(statement)


def test_all_words_are_in_sealed_columns_and_are_read_as_they_were_said():
    say()

    assert read() == WORDS
    assert all(
        isinstance(model._meta.get_field(name), EncryptedField)
        for model, told in SAID.items()
        for name in told
    )
    assert all(encryption.is_current(value) and len(value) == 61 for value in stored())


def test_other_keys_seal_them_anew_though_what_was_decided_is_kept(settings):
    say()
    settings.ENCRYPTION_KEYS += f",{NEW}"

    call_command("rotate_keys")
    settings.ENCRYPTION_KEYS = NEW

    assert read() == WORDS
    assert {value[0] for value in stored()} == {2}


def test_what_an_erasure_has_emptied_is_of_no_key(settings):
    found = say()[0]
    with connection.cursor() as cursor:
        cursor.execute("SELECT members_empty_rights(%s)", [found.member_id])
    settings.ENCRYPTION_KEYS += f",{NEW}"

    call_command("rotate_keys")

    settings.ENCRYPTION_KEYS = NEW
    found.refresh_from_db()
    assert (found.reason, found.return_reason) == ("–", "–")
    assert stored()[:4] == [encryption.EMPTIED] * 4


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE members_kinship SET proof_note = ''",
        "UPDATE members_kinship SET relation = 'parent', proof_note = members_emptied()",
        "UPDATE members_assessment SET reason = '', return_reason = ''",
        "UPDATE members_assessment SET result = 'none', reason = members_emptied()",
        "UPDATE services_certificate SET withdraw_reason = ''",
        "UPDATE services_certificate SET withdraw_reason = members_emptied(), withdrawn_at = now()",
    ],
)
def test_while_keys_change_words_are_neither_taken_away_nor_anything_else_changed(statement):
    say()

    with pytest.raises(psycopg.errors.RestrictViolation):
        as_superuser("SET members.rotating = 'on'", statement)


@pytest.mark.parametrize("model", [Assessment, Kinship, Certificate])
def test_at_other_times_words_that_are_kept_are_not_written_anew(model):
    row, name = model.objects.get(pk=_said(model).pk), list(SAID[model])[-1]
    setattr(row, name, "别的")

    with pytest.raises(Exception, match="is refused"), transaction.atomic():
        row.save(update_fields=[name])


def _said(model):
    return next(row for row in say() if type(row) is model)
