"""Sealing transfers into blocks, and how far that has come.

A block makes its transfers provable: whoever changes one of them must change its leaf, the root,
and every later block of the community; and the checkpoints that have left the house tell of it.
"""

import logging
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection
from django.utils import timezone

from ledger.models import Block, Checkpoint, Verification

logger = logging.getLogger(__name__)

LATE = timedelta(minutes=1)
_PASS = 16384  # transfers: what one pass holds in memory, and may lose when it is killed


class State(NamedTuple):
    """The last of everything, each None where there is none yet."""

    block: Block | None
    oldest_unsealed: datetime | None
    checkpoint: Checkpoint | None
    verification: Verification | None
    is_late: bool


def seal() -> int:
    """Seal all transfers that are ready, in passes that are each committed; return how many.

    Ready is what was committed before the oldest transaction began that is still writing.
    """
    sealed = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT ledger_seal(%s)", [_PASS])
            (count,) = cursor.fetchone()
            sealed += count
            if count < _PASS:
                return sealed


def oldest_unsealed() -> datetime | None:
    """When the oldest transfer that has no leaf yet was recorded; None when all have theirs."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.recorded_at FROM ledger_unsealed u JOIN ledger_transfer t"
            " ON t.community_id = u.community_id AND t.id = u.transfer_id"
            " ORDER BY u.transfer_id LIMIT 1"
        )
        row = cursor.fetchone()
    return row and row[0]


def is_late(at: datetime | None = None) -> bool:
    """Whether a transfer has waited for its seal for more than a minute; logs an error if so."""
    oldest = oldest_unsealed()
    late = oldest is not None and (at or timezone.now()) - oldest > LATE
    if late:
        logger.error("transfers have waited for their seal for more than a minute")
    return late


def state() -> State:
    """What the tile of the administration shows."""
    return State(
        Block.objects.defer("transfer_ids", "leaves").order_by("-sealed_at").first(),
        oldest_unsealed(),
        Checkpoint.objects.order_by("-number").first(),
        Verification.objects.order_by("-id").first(),
        is_late(),
    )
