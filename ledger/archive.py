"""The whole book as one file that anybody can check and keep: bin/verify.py reads it.

Each line is JSON. First the checkpoints, with the hashes that they are over; then each community's
blocks in order, each followed by its transfers, and what is not sealed yet.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ledger import canonical, chains, checkpoints
from ledger.models import Checkpoint
from members.models import Area

FORMAT = "timebank-book 1"


def lines(
    communities: Iterable[Area], on_block: Callable[[int], None] = lambda transfers: None
) -> Iterator[str]:
    """The book of these communities, line by line; `on_block` hears the transfers of each block."""
    yield _line({"format": FORMAT, "fields": canonical.FIELDS[1:]})
    for checkpoint in Checkpoint.objects.order_by("number").iterator(100):
        heads = [(area, n, head and head.hex()) for area, n, head in checkpoints.heads(checkpoint)]
        note = checkpoints.note(checkpoint)
        yield _line({"checkpoint": checkpoint.number, "heads": heads, "note": note})
    for community in communities:
        for block, rows in chains.blocks(community.pk):
            yield _line(_header(community, block))
            for number, row in zip(block.transfer_ids, rows, strict=True):
                yield _line(fields(row) if row else [number])
            on_block(block.size)
        yield _line({"community": community.pk, "code": community.code, "unsealed": True})
        for row in chains.open_rows(community.pk):
            yield _line(fields(row))
    yield _line({"end": True})


def fields(transfer: chains.Row) -> list[Any]:
    """The fields of a transfer after its community, as JSON has them; times are of UTC."""
    _, number, journal, *middle, day, moment, actor = transfer[:15]
    *numbers, true_day = transfer[15:]
    return [
        *(number, journal.hex, *middle, day.isoformat(), moment.isoformat()),
        *(actor, *numbers, true_day and true_day.isoformat()),
    ]


def _header(community: Area, block: chains.Block) -> dict[str, Any]:
    return {
        "community": community.pk,
        "code": community.code,
        "block": block.n,
        "algorithm": block.algorithm,
        "version": block.version,
        "size": block.size,
        "total": block.total,
        "prev": block.prev.hex(),
        "root": block.root.hex(),
        "hash": block.hash.hex(),
    }


def _line(data: Any) -> str:
    return json.dumps(data, separators=(",", ":")) + "\n"
