"""The life of an imported register: brought in, read, mended, approved by another, or discarded.

Reading is in `reading`, posting in `posting`; both can be left and go on where they stopped.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.files import File
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from members import access
from members.models import Area, User
from members.refusals import OwnEntry, Refusal
from services.models import RegisterBatch, RegisterRow
from services.registers import reading, uploads, workbook
from services.registers.judging import judge_again

Outcome, State = RegisterRow.Outcome, RegisterBatch.State
PENDING = (Outcome.NEW, Outcome.CHANGED)
JUDGED_WITH_A_MENDED_ROW = 2000


class NotWaiting(Refusal):
    """The register is in another state by now."""

    sentence = _("This register does not wait for a second person any more.")


class SeenOtherwise(Refusal):
    """Rows were mended after the approver had looked at them."""

    sentence = _("Rows were changed after you looked. Please look again.")


class NothingToPost(Refusal):
    """No row is new or changed."""

    sentence = _("Nothing in this register is new or changed.")


class NotYours(Exception):
    """Rows are mended by whoever brought the register in, so that the approver is another."""


class HasPosted(Exception):
    """Rows of this register stand in the books; it is not discarded any more."""


def may_bring_in(user: User, area: Area) -> bool:
    """Whether the user enters people and visits in this community."""
    return access.may_log(user, area)


def may_approve(user: User, batch: RegisterBatch) -> bool:
    """Whether the user may be the second person for this register; never for their own."""
    return user.pk != batch.entered_by_id and access.may_approve(user, batch.area)


def bring_in(
    *, area: Area, name: str, file: File, by: User, at: datetime
) -> tuple[RegisterBatch, bool]:
    """Keep a workbook as a batch that waits to be read; return it and whether it is new.

    The same file brought in again for the community is the batch that is there. Raises CannotRead
    before anything is kept.
    """
    digest = hashlib.sha256()
    for piece in file.chunks():
        digest.update(piece)
    known = RegisterBatch.objects.filter(area=area, file_hash=digest.hexdigest()).standing()
    if batch := known.first():
        return batch, False
    file.open("rb")
    reading.survey(workbook.open_workbook(file.file))
    batch = RegisterBatch(
        area=area,
        file_name=name[-200:],
        file_hash=digest.hexdigest(),
        entered_by=by,
        entered_at=at,
    )
    uploads.keep(batch, file)
    try:
        with transaction.atomic():
            batch.save()
    except IntegrityError:  # brought in twice at once
        batch.file.delete(save=False)
        return known.get(), False
    return batch, True


@transaction.atomic
def approve(batch: RegisterBatch, *, by: User, at: datetime, revision: int) -> RegisterBatch:
    """Let the rows that are new or changed be posted; `revision` is the one that `by` has seen.

    Raises OwnEntry, NotWaiting, SeenOtherwise, NothingToPost. The batch is locked first, so
    that of two approvals at once the second finds it being posted.
    """
    batch = lock(batch)
    if batch.state != State.PREPARED:
        raise NotWaiting
    if by.pk == batch.entered_by_id:
        raise OwnEntry
    if revision != batch.revision:
        raise SeenOtherwise
    total = batch.rows.filter(outcome__in=PENDING).count()
    if not total:
        raise NothingToPost
    batch.state, batch.approved_by, batch.approved_at = State.APPLYING, by, at
    batch.rows_done, batch.rows_total = 0, total
    batch.save(update_fields=["state", "approved_by", "approved_at", "rows_done", "rows_total"])
    return batch


@transaction.atomic
def mend(row: RegisterRow, *, written: Mapping[str, Any], by: User) -> RegisterRow:
    """Write the cells of a refused row anew and judge it, and the other refused rows, at once.

    In a posted register a row that has become possible waits for a second person again. Raises
    NotYours, NotWaiting.
    """
    batch = lock(row.batch)
    if by.pk != batch.entered_by_id:
        raise NotYours
    row = batch.rows.select_for_update(of=("self",)).get(pk=row.pk)
    if batch.state not in (State.PREPARED, State.APPLIED) or row.outcome != Outcome.CANNOT:
        raise NotWaiting
    row.written = dict(written)
    row.save(update_fields=["written"])
    refused = batch.rows.filter(outcome=Outcome.CANNOT)
    if refused.count() > JUDGED_WITH_A_MENDED_ROW:
        refused = refused.filter(pk=row.pk)
    judge_again(batch, refused)
    _reopen(batch)
    row.refresh_from_db()
    return row


@transaction.atomic
def check_again(batch: RegisterBatch) -> RegisterBatch:
    """Judge anew what is not posted: people may have been registered, visits recorded since.

    Of a register that is posted only the refused rows; one on its way is left alone.
    """
    batch = lock(batch)
    rows = batch.rows.all()
    if batch.state == State.APPLIED:
        rows = rows.filter(outcome=Outcome.CANNOT)
    if batch.state in (State.PREPARED, State.APPLIED) and judge_again(batch, rows):
        _reopen(batch)
    return batch


@transaction.atomic
def discard(batch: RegisterBatch) -> RegisterBatch:
    """Drop the rows and the file of a register of which nothing was posted.

    Raises HasPosted, NotWaiting (it is being posted, or was discarded).
    """
    batch = lock(batch)
    if batch.state not in (State.READING, State.FAILED, State.PREPARED):
        raise NotWaiting
    if batch.rows.filter(outcome=Outcome.POSTED).exists():
        raise HasPosted
    batch.rows.all().delete()
    batch.state = State.DISCARDED
    batch.save(update_fields=["state"])
    uploads.remove(batch)
    return batch


def lock(batch: RegisterBatch) -> RegisterBatch:
    return RegisterBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)


def _reopen(batch: RegisterBatch) -> None:
    """The rows are others than before; what can be posted now needs a second person's look."""
    batch.revision += 1
    if batch.state == State.APPLIED and batch.rows.filter(outcome__in=PENDING).exists():
        batch.state, batch.approved_by, batch.approved_at = State.PREPARED, None, None
    batch.save(update_fields=["revision", "state", "approved_by", "approved_at"])
