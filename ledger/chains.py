"""Reading the blocks of a book with their transfers, and checking both against each other.

Everything streams: one block and its transfers are in memory at a time.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import groupby
from typing import Any, NamedTuple

from django.db import connection, transaction

from ledger import canonical, checkpoints, merkle, notes
from ledger.faults import Fault
from ledger.models import Checkpoint

Row = tuple[Any, ...]
_COLUMNS = ", ".join(f"t.{field}" for field in canonical.FIELDS)
_BLOCKS = """
    SELECT n, algorithm, version, size, total, prev, root, hash, transfer_ids, leaves
    FROM ledger_block WHERE community_id = %s ORDER BY n
"""
# The planner sorts block by block, as the index gives the blocks in order.
_ROWS = f"""
    SELECT b.n, u.id, {_COLUMNS}
    FROM ledger_block b, unnest(b.transfer_ids) WITH ORDINALITY AS u (id, position)
    LEFT JOIN ledger_transfer t ON t.community_id = %s AND t.id = u.id
    WHERE b.community_id = %s ORDER BY b.n, u.position
"""  # noqa: S608
_OPEN = f"""
    SELECT {_COLUMNS} FROM ledger_unsealed u JOIN ledger_transfer t
        ON t.community_id = u.community_id AND t.id = u.transfer_id
    WHERE u.community_id = %s ORDER BY t.id
"""  # noqa: S608


class Block(NamedTuple):
    """A block as it lies in the book."""

    n: int
    algorithm: int
    version: int
    size: int
    total: int
    prev: bytes
    root: bytes
    hash: bytes
    transfer_ids: list[int]
    leaves: bytes


def blocks(community: int) -> Iterator[tuple[Block, list[Row | None]]]:
    """The blocks of a community with the transfers that their leaves are of, None where missing.

    A transfer is a tuple of the fields of `canonical.FIELDS`.
    """
    # Outside of a transaction the server would write all rows to disk for its cursors.
    with (
        transaction.atomic(),
        closing(connection.chunked_cursor()) as headers,
        closing(connection.chunked_cursor()) as transfers,
    ):
        with connection.cursor() as planner:  # whatever it knows of the tables: never sort them all
            planner.execute("SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off")
        headers.execute(_BLOCKS, [community])
        transfers.execute(_ROWS, [community, community])
        groups = groupby(transfers, key=lambda row: row[0])
        for header, (_, rows) in zip(headers, groups, strict=False):
            yield Block(*header), [row[2:] if row[3] is not None else None for row in rows]


def open_rows(community: int) -> Iterator[Row]:
    """The transfers that no block has yet, in the order of their ids."""
    with transaction.atomic(), closing(connection.chunked_cursor()) as transfers:
        transfers.execute(_OPEN, [community])
        yield from transfers


def faults(
    community: int, code: str, on_block: Callable[[int], None] = lambda transfers: None
) -> Iterator[Fault]:
    """Recompute leaves, roots and the chain of a community from its transfers.

    `on_block` is called with the number of transfers of each block.
    """
    n, total, prev = 0, 0, canonical.block_hash_of_none()
    for block, rows in blocks(community):
        n, total = n + 1, total + block.size
        yield from _wrong_leaves(block, rows, code)
        leaves = [block.leaves[at : at + 32] for at in range(0, 32 * block.size, 32)]
        root = merkle.root(leaves)
        if root != block.root:
            yield _of_block(block, "root", code, root.hex(), block.root.hex())
        expected = (n, total, prev, canonical.block_hash(community, n, prev, total, block.root))
        found = (block.n, block.total, block.prev, block.hash)
        if found != expected:
            yield _of_block(block, "chain", code, _words(expected), _words(found))
        n, total, prev = block.n, block.total, block.hash
        on_block(block.size)


def _wrong_leaves(block: Block, rows: list[Row | None], code: str) -> Iterator[Fault]:
    for position, (number, row) in enumerate(zip(block.transfer_ids, rows, strict=True)):
        found = block.leaves[32 * position : 32 * position + 32]
        if row is None:
            yield Fault("leaf", code, number, None, f"block {block.n} has a leaf", "no transfer")
        elif (leaf := canonical.leaf(row)) != found:
            where = f"block {block.n} leaf {position}: "
            yield Fault("leaf", code, number, str(row[2]), where + leaf.hex(), found.hex())


def _of_block(block: Block, check: str, code: str, expected: str, found: str) -> Fault:
    first = block.transfer_ids[0]
    return Fault(check, code, first, None, f"block {block.n}: {expected}", found)


def _words(link: tuple[int, int, bytes, bytes]) -> str:
    n, total, prev, own = link
    return f"n {n} total {total} prev {prev.hex()} hash {own.hex()}"


def checkpoint_faults() -> Iterator[Fault]:
    """Recompute each checkpoint that we keep from the blocks as they are."""
    for checkpoint in Checkpoint.objects.order_by("number").iterator(100):
        if fault := _against_blocks(checkpoint, checkpoints.Text.parse(checkpoint.text)):
            yield fault


def fault_against(signed: str, keys: Sequence[notes.PublicKey]) -> Fault | None:
    """Compare the book with a checkpoint that was kept elsewhere.

    Raises notes.BadNote when it is not a checkpoint, or not signed by one of the keys.
    """
    text, _ = notes.verify(signed, keys)
    outside = checkpoints.Text.parse(text)
    try:
        kept = Checkpoint.objects.get(number=outside.number)
    except Checkpoint.DoesNotExist:
        newest = checkpoints.latest()
        found = f"the newest is {newest.number}" if newest else "there is none"
        return _of_checkpoint(outside, found)
    return _against_blocks(kept, outside)


def _against_blocks(kept: Checkpoint, text: checkpoints.Text) -> Fault | None:
    heads = checkpoints.heads(kept)
    for community, n, head in heads:
        if head is None:
            return _of_checkpoint(text, f"no block {n} of community {community}")
    root = merkle.root([merkle.leaf_hash(head) for _, _, head in heads if head])
    return None if root == text.root else _of_checkpoint(text, f"root {root.hex()}")


def _of_checkpoint(text: checkpoints.Text, found: str) -> Fault:
    expected = f"checkpoint {text.number} of {text.made_at} root {text.root.hex()}"
    return Fault("checkpoint", None, None, None, expected, found)
