"""The workbook that was uploaded: sealed while it waits to be read, and not kept after that.

All that it says of people is in the rows by then, exactly as written; its hash stays.
"""

from io import BytesIO

from django.core.files import File
from django.core.files.base import ContentFile
from django.db import transaction

from members import encryption
from services.models import RegisterBatch


def keep(batch: RegisterBatch, file: File) -> None:
    """Store the workbook for the batch, which is not saved yet."""
    file.seek(0)
    sealed = encryption.seal_bytes(file.read(), place(batch))
    batch.file.save(f"{batch.key}.sealed", ContentFile(sealed), save=False)


def opened(batch: RegisterBatch) -> BytesIO:
    """The workbook as it was uploaded."""
    with batch.file.open("rb") as file:
        return BytesIO(encryption.unseal_bytes(file.read(), place(batch)))


def remove(batch: RegisterBatch) -> None:
    """Let go of the workbook when the transaction is committed."""
    RegisterBatch.objects.filter(pk=batch.pk).update(file="")
    transaction.on_commit(lambda: batch.file.delete(save=False))


def place(batch: RegisterBatch) -> bytes:
    return encryption.place("services_registerbatch", "file", str(batch.key))
