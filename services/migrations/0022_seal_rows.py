"""Seal the rows of registers, a thousand in a transaction, and let go of the workbooks.

A workbook that still waits to be read is sealed where it lies; the others are not needed any more,
as their rows are kept exactly as written. Going back does not bring them back.
"""

from django.core.files.base import ContentFile
from django.db import migrations, transaction

from members import encryption

TOLD = ("written", "understood", "details", "warnings")
CHUNK = 1000


def seal(apps, editor):
    rows = apps.get_model("services", "RegisterRow")
    for chunk in _chunks(rows, editor):
        for row in chunk:
            for name in TOLD:
                setattr(row, name, getattr(row, f"{name}_plain"))
            seen = row.understood
            sides = ("volunteer", "elder") if row.kind == "visit" else ("person",)
            row.named = [seen[side] for side in sides if side in seen]
            row.day = seen.get("date")
            row.save(update_fields=[*TOLD, "named", "day"])
    _seal_workbooks(apps.get_model("services", "RegisterBatch"), editor)


def unseal(apps, editor):
    rows = apps.get_model("services", "RegisterRow")
    for chunk in _chunks(rows, editor):
        for row in chunk:
            for name in TOLD:
                setattr(row, f"{name}_plain", getattr(row, name))
            row.save(update_fields=[f"{name}_plain" for name in TOLD])
    for batch in _with_workbook(apps.get_model("services", "RegisterBatch"), editor):
        _rewrite(batch, encryption.unseal_bytes(batch.file.read(), _place(batch)), "xlsx")


def _chunks(model, editor):
    alias, last = editor.connection.alias, 0
    while True:
        with transaction.atomic(using=alias):
            later = model.objects.using(alias).filter(pk__gt=last).order_by("pk")
            rows = list(later.select_for_update(of=("self",))[:CHUNK])
            if not rows:
                return
            yield rows
        last = rows[-1].pk


def _seal_workbooks(model, editor):
    for batch in _with_workbook(model, editor):
        if batch.state == "reading" and batch.file.storage.exists(batch.file.name):
            _rewrite(batch, encryption.seal_bytes(batch.file.read(), _place(batch)), "sealed")
        else:
            batch.file.delete(save=False)
            batch.file = ""
            batch.save(update_fields=["file"])


def _with_workbook(model, editor):
    return model.objects.using(editor.connection.alias).exclude(file="").order_by("pk")


def _rewrite(batch, content, ending):
    """Keep this in place of the batch's file."""
    storage, before = batch.file.storage, batch.file.name
    batch.file.close()
    batch.file.save(f"{batch.key}.{ending}", ContentFile(content), save=False)
    batch.save(update_fields=["file"])
    storage.delete(before)


def _place(batch):
    return encryption.place("services_registerbatch", "file", str(batch.key))


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("services", "0021_rows_to_seal")]
    operations = [migrations.RunPython(seal, unseal)]
