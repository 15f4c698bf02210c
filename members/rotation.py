"""Writing everything that is sealed anew, with the newest keys, while people go on working.

A chunk of rows is a transaction: those that are not up to date are locked, read as they are now
and written, so that no change by others is lost. Begun again, it goes on where it was: what was
written anew is up to date.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.apps import apps
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection, models, transaction

from members import encryption
from members.models import Authenticator
from members.models.encrypted import BlindIndexField, EncryptedField, Sealed

CHUNK = 500


class Progress(NamedTuple):
    """Of one table: the rows looked at, and those written anew, until now."""

    table: str
    seen: int
    changed: int


def rotate() -> Iterator[Progress]:
    """Bring every table up to date, and tell after each chunk how far it is.

    Raises Unreadable when a value was sealed with a key that is not here.
    """
    for model in sealed_models():
        yield from _rotate(model)
    yield _rotate_authenticators()
    yield _rotate_sessions()


def sealed_models() -> list[type[models.Model]]:
    """Those with sealed columns, by the names of their tables."""
    return [
        model
        for model in sorted(apps.get_models(), key=lambda model: model._meta.db_table)
        if any(isinstance(field, EncryptedField) for field in model._meta.concrete_fields)
    ]


def _rotate(model: type[models.Model]) -> Iterator[Progress]:
    seen = changed = last = 0
    while keys := list(
        model._default_manager.filter(pk__gt=last)
        .order_by("pk")
        .values_list("pk", flat=True)[:CHUNK]
    ):
        changed += _rotate_rows(model, keys)
        seen, last = seen + len(keys), keys[-1]
        yield Progress(model._meta.db_table, seen, changed)


def _rotate_rows(model: type[models.Model], keys: list[Any]) -> int:
    rows = model._default_manager.filter(pk__in=keys).order_by("pk")
    stale = [row.pk for row in rows if _stale(row)]
    if not stale:
        return 0
    with transaction.atomic():
        locked = list(rows.filter(pk__in=stale).select_for_update(of=("self",)))
        for row in locked:
            names = _stale(row)  # another rotation may have been here
            for name in names:
                setattr(row, name, _anew(row, name))
        _write(model, locked)
    return len(locked)


def _stale(row: models.Model) -> set[str]:
    """The fields of the row that bear an older key."""
    names = set()
    for field in row._meta.concrete_fields:
        value = row.__dict__.get(field.attname)
        if isinstance(field, EncryptedField):
            if isinstance(value, Sealed) and value and not encryption.is_current(value):
                names.add(field.attname)
        elif (
            isinstance(field, BlindIndexField)
            and field.of
            and value is not None
            and bytes(value) != field.candidates(_opened(row, field.of))[0]
        ):
            names.add(field.attname)
    return names


def _opened(row: models.Model, name: str) -> str:
    """What the field says; the row keeps it sealed, as it is stored."""
    field, value = row._meta.get_field(name), row.__dict__[name]
    assert isinstance(field, EncryptedField)
    return str(field.opened(value, row)) if isinstance(value, Sealed) else str(value)


def _anew(row: models.Model, name: str) -> Any:
    field = row._meta.get_field(name)
    if isinstance(field, BlindIndexField):
        return field.candidates(_opened(row, field.of))[0]
    assert isinstance(field, EncryptedField)
    return field.sealed(field.opened(row.__dict__[name], row), row)


def _write(model: type[models.Model], rows: list[Any]) -> None:
    """Write the sealed columns of locked rows by one statement."""
    fields = [
        field
        for field in model._meta.concrete_fields
        if isinstance(field, EncryptedField) or (isinstance(field, BlindIndexField) and field.of)
    ]
    numbers = range(len(fields))
    sql = (
        f"UPDATE {model._meta.db_table} AS r"  # noqa: S608
        f" SET {', '.join(f'{fields[n].column} = v.c{n}' for n in numbers)}"
        f" FROM unnest(%s::bigint[], {', '.join('%s::bytea[]' for _ in numbers)})"
        f" AS v (id, {', '.join(f'c{n}' for n in numbers)}) WHERE r.id = v.id"
    )
    columns = [[_stored(row.__dict__[field.attname]) for row in rows] for field in fields]
    with connection.cursor() as cursor:
        # The value stays the same: the history of people says nothing of it.
        cursor.execute("SELECT set_config('members.rotating', 'on', true)")
        cursor.execute(sql, [[row.pk for row in rows], *columns])


def _stored(value: Any) -> bytes | None:
    return None if value is None else bytes(value)


def _rotate_authenticators() -> Progress:
    """The secrets of second factors, in the text column of django-otp."""
    seen = changed = 0
    for key in list(Authenticator.objects.order_by("pk").values_list("pk", flat=True)):
        seen += 1
        with transaction.atomic():
            device = Authenticator.objects.select_for_update(of=("self",)).filter(pk=key).first()
            if device and device.key and not encryption.is_current(device.sealed):
                device.keep(device.bin_key)
                device.save(update_fields=["key"])
                changed += 1
    return Progress(Authenticator._meta.db_table, seen, changed)


def _rotate_sessions() -> Progress:
    """Sessions are sealed as a whole; one that cannot be opened is left to expire."""
    seen = changed = 0
    for key in list(Session.objects.order_by("pk").values_list("pk", flat=True)):
        seen += 1
        with transaction.atomic():
            session = Session.objects.select_for_update(of=("self",)).filter(pk=key).first()
            store = SessionStore(key)
            held = store.decode(session.session_data) if session else {}
            if session and held and not _is_current(session.session_data):
                session.session_data = store.encode(held)
                session.save(update_fields=["session_data"])
                changed += 1
    return Progress(Session._meta.db_table, seen, changed)


def _is_current(data: str) -> bool:
    """Whether the newest key sealed the session: its first byte, behind Django's signature."""
    return encryption.is_current(encryption.SessionSerializer.bytes_of(data))
