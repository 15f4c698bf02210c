"""Whether the keys of the settings are those with which the data was sealed.

Looked at in the oldest and the newest rows of each table, which tells in a moment that a setting
was lost or mixed up, or that a key was dropped before everything was written anew. All is looked
at by `members.rotation`.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db import models

from members import encryption
from members.models import Authenticator
from members.models.encrypted import BlindIndexField, EncryptedField, Sealed
from members.rotation import sealed_models

ROWS = 100  # at each end of a table


class Faults(NamedTuple):
    """The columns in which ENCRYPTION_KEYS do not open a value, with the numbers of its keys, and
    those with an index that INDEX_KEYS do not make of the value beside it."""

    unopened: dict[str, set[int]]
    unindexed: set[str]


def tried() -> Faults:
    """What the keys do not do."""
    found = Faults({}, set())
    for model in sealed_models():
        for row in _ends(model):
            _try(row, found)
    for device in _ends(Authenticator):
        try:
            _ = device.key and device.bin_key
        except encryption.Unreadable:
            table = Authenticator._meta.db_table
            found.unopened.setdefault(f"{table}.key", set()).add(device.sealed[0])
    return found


def _try(row: Any, found: Faults) -> None:
    for field in row._meta.concrete_fields:
        column, value = f"{row._meta.db_table}.{field.column}", row.__dict__.get(field.attname)
        if isinstance(field, EncryptedField) and value and not _opens(field, row):
            found.unopened.setdefault(column, set()).add(value[0])
        elif isinstance(field, BlindIndexField) and field.of and not _fits(field, row):
            found.unindexed.add(column)


def _ends(model: type[models.Model]) -> Iterator[Any]:
    rows = model._default_manager.all()
    yield from rows.order_by("pk")[:ROWS]
    yield from rows.order_by("-pk")[:ROWS]


def _opens(field: EncryptedField, row: Any) -> bool:
    value = row.__dict__[field.attname]
    try:
        return not isinstance(value, Sealed) or field.opened(value, row) is not None
    except encryption.Unreadable:
        return False


def _fits(field: BlindIndexField, row: Any) -> bool:
    """A value that does not open says nothing of its index."""
    index = row.__dict__[field.attname]
    try:
        return index is None or bytes(index) in field.candidates(getattr(row, field.of))
    except encryption.Unreadable:
        return True
