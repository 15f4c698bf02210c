"""The bytes of a transfer that are sealed, and their hash: the same as ledger_leaf_v1 in SQL.

Bytes of a version never change, whatever becomes of the table: a column that is added later is
part of the next version. The files in tests/ledger/golden are kept for ever.
"""

import struct
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

VERSION = 1
# The order of the bytes; also of the columns that are read, exported and given to members.
FIELDS = (
    *("community_id", "id", "journal", "leg", "kind", "debit", "debit_seq", "debit_after"),
    *("credit", "credit_seq", "credit_after", "amount", "effective_on", "recorded_at", "actor"),
    *("approver", "policy", "reverses", "relates_to"),
)
_FORMAT = struct.Struct(">BBqq16shhqqqqqqqiqqhqqqi")
_FIRST_DAY = date(2000, 1, 1).toordinal()
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def encode(transfer: Sequence[Any]) -> bytes:
    """0x00, the version, and the fields, each of a fixed width, numbers big-endian.

    Days and microseconds count from 2000-01-01 UTC. The number before the last four tells which of
    them are there; one that is not is written as 0.
    """
    community, number, journal, *middle, day, moment, actor = transfer[:15]
    *numbers, true_day = transfer[15:19]
    present = sum(1 << bit for bit, value in enumerate((*numbers, true_day)) if value is not None)
    return _FORMAT.pack(
        *(0, VERSION, community, number, journal.bytes, *middle),
        *(day.toordinal() - _FIRST_DAY, (moment - _BEGINNING) // _MICROSECOND, actor),
        *(present, *(value or 0 for value in numbers)),
        true_day.toordinal() - _FIRST_DAY if true_day else 0,
    )


def leaf(transfer: Sequence[Any]) -> bytes:
    """The hash that stands for the transfer in its block."""
    return sha256(encode(transfer)).digest()


def block_hash(community: int, n: int, prev: bytes, total: int, root: bytes) -> bytes:
    """The hash of a block, which the next one of the community begins from."""
    numbers = struct.pack(">qq", community, n), struct.pack(">q", total)
    return sha256(b"\2" + numbers[0] + prev + numbers[1] + root).digest()


def block_hash_of_none() -> bytes:
    """What the first block of a community begins from."""
    return bytes(32)
