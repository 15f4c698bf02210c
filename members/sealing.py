"""Sealing columns that stand in plain, for migrations: three for the columns of an app.

The first makes `room` beside what is in plain, the second puts the values there (`sealed`; it is
not atomic), the third drops what was in plain (`settled`). Constraints that read such a column go
in the first and come back in the third. Broken off, the second goes on where it was.
"""

from collections.abc import Iterator, Mapping
from functools import reduce
from operator import or_
from typing import Any

from django.db import migrations, models, transaction
from django.db.migrations.operations.base import Operation
from django.db.models import Q

from members import encryption
from members.models.encrypted import EncryptedField, Sealed, is_sealed

CHUNK = 1000
Columns = Mapping[str, tuple[str, ...]]


def room(model: str, name: str, max_length: int) -> list[Operation]:
    """Beside the column, which gets another name, one for its sealed values."""
    plain = f"{name}_plain"
    return [
        migrations.RenameField(model, name, plain),
        # Blank, so that going back can add the column to rows that are there.
        migrations.AlterField(model, plain, models.CharField(max_length=max_length, blank=True)),
        migrations.AddField(model, name, EncryptedField(max_length=max_length, blank=True)),
    ]


def sealed(app: str, columns: Columns) -> Operation:
    """Move the texts of these columns, and back."""

    def there(apps: Any, editor: Any) -> None:
        for model, names in columns.items():
            plain = [f"{name}_plain" for name in names]
            _move(apps.get_model(app, model), editor, plain, names)

    def back(apps: Any, editor: Any) -> None:
        for model, names in columns.items():
            plain = [f"{name}_plain" for name in names]
            _move(apps.get_model(app, model), editor, names, plain)

    return migrations.RunPython(there, back)


def settled(app: str, model: str, name: str, **options: Any) -> list[Operation]:
    """What was in plain is dropped; from now on the column takes sealed values only."""
    return [
        migrations.RemoveField(model, f"{name}_plain"),
        migrations.AlterField(model, name, EncryptedField(**options)),
        migrations.AddConstraint(model, is_sealed(name, f"{app}_{model}_{name}_is_sealed")),
    ]


def _move(model: Any, editor: Any, sources: Any, targets: Any) -> None:
    """Empty the sources into the targets, a chunk of rows in a transaction; then write the table
    anew, so that nothing of the old rows is left on the disk."""
    for rows in _chunks(model, editor, sources):
        for row in rows:
            for source, target in zip(sources, targets, strict=True):
                if text := getattr(row, source):
                    setattr(row, target, _as_kept(text, model._meta.get_field(target)))
                    setattr(row, source, "")
        _write(model, editor, rows, [*sources, *targets])
    if model.objects.using(editor.connection.alias).exists():
        with editor.connection.cursor() as cursor:
            cursor.execute(f"VACUUM FULL {model._meta.db_table}")


def _as_kept(text: str, field: Any) -> Any:
    """What an erasure has taken out stays marked as taken out."""
    is_marked = text == encryption.GONE and isinstance(field, EncryptedField)
    return Sealed(encryption.EMPTIED) if is_marked else text


def _chunks(model: Any, editor: Any, sources: Any) -> Iterator[list[Any]]:
    alias, last = editor.connection.alias, 0
    told = reduce(or_, (~Q(**{source: ""}) for source in sources))
    while True:
        with transaction.atomic(using=alias):
            later = model.objects.using(alias).filter(told, pk__gt=last).order_by("pk")
            rows = list(later.select_for_update(of=("self",))[:CHUNK])
            if not rows:
                return
            yield rows
        last = rows[-1].pk


def _write(model: Any, editor: Any, rows: list[Any], names: list[str]) -> None:
    """Write these fields by one statement, which the guards of what is kept let pass."""
    fields = [model._meta.get_field(name) for name in names]
    columns = [
        [field.get_db_prep_save(field.pre_save(row, False), editor.connection) for row in rows]
        for field in fields
    ]
    types = [field.db_type(editor.connection).split("(")[0] for field in fields]
    sql = (
        f"UPDATE {model._meta.db_table} AS r"  # noqa: S608
        f" SET {', '.join(f'{field.column} = v.c{i}' for i, field in enumerate(fields))}"
        f" FROM unnest(%s::bigint[], {', '.join(f'%s::{kind}[]' for kind in types)})"
        f" AS v (id, {', '.join(f'c{i}' for i in range(len(fields)))}) WHERE r.id = v.id"
    )
    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT set_config('members.rotating', 'on', true)")
        cursor.execute(sql, [[row.pk for row in rows], *columns])
