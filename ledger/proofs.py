"""A proof that one transfer is in the book as a checkpoint tells: a file for a member.

It leads from the transfer to its leaf, the root of its block, along the chain to the last block of
the community at that time, and through the tree of all communities to the signed checkpoint.
bin/verify.py checks it, with nothing but Python and our public key.
"""

import json
from typing import Any

from ledger import archive, canonical, checkpoints, merkle
from ledger.models import Block, Checkpoint, Transfer


class NotYet(Exception):
    """The transfer is not sealed yet, or no checkpoint has been made since."""


def of_transfer(community_id: int, transfer_id: int) -> dict[str, Any]:
    """The proof, ready for JSON. Raises NotYet, Transfer.DoesNotExist."""
    transfers = Transfer.objects.values_list(*canonical.FIELDS)
    transfer = transfers.get(community=community_id, id=transfer_id)
    block = _block_of(community_id, transfer_id)
    checkpoint = checkpoints.covering(block) if block else None
    if block is None or checkpoint is None:
        raise NotYet
    leaves = [bytes(block.leaves[at : at + 32]) for at in range(0, 32 * block.size, 32)]
    position = block.transfer_ids.index(transfer_id)
    return {
        "format": "timebank-proof 1",
        "community": community_id,
        "transfer": archive.fields(transfer),
        "version": block.version,
        "block": {"n": block.n, "prev": block.prev.hex(), "total": block.total},
        "position": position,
        "size": block.size,
        "path": [step.hex() for step in merkle.path(leaves, position)],
        "later": _later(block, checkpoint),
        **_in_tree(community_id, checkpoint),
        "note": checkpoints.note(checkpoint),
    }


def as_file(proof: dict[str, Any]) -> str:
    return json.dumps(proof, ensure_ascii=False, indent=1) + "\n"


def _block_of(community_id: int, transfer_id: int) -> Block | None:
    """The first block that has it: blocks overlap where transfers were committed late."""
    spanning = Block.objects.filter(
        community=community_id, first_transfer__lte=transfer_id, last_transfer__gte=transfer_id
    )
    return spanning.filter(transfer_ids__contains=[transfer_id]).order_by("last_transfer").first()


def _later(block: Block, checkpoint: Checkpoint) -> list[tuple[int, str]]:
    """Total and root of the blocks after it, up to the one that the checkpoint names."""
    head = checkpoint.blocks[checkpoint.communities.index(block.community_id)]
    later = Block.objects.filter(community=block.community_id, n__gt=block.n, n__lte=head)
    return [(total, root.hex()) for total, root in later.order_by("n").values_list("total", "root")]


def _in_tree(community_id: int, checkpoint: Checkpoint) -> dict[str, Any]:
    """Where the community's last block stands among all communities'."""
    heads = [merkle.leaf_hash(head or b"") for _, _, head in checkpoints.heads(checkpoint)]
    position = checkpoint.communities.index(community_id)
    path = [step.hex() for step in merkle.path(heads, position)]
    return {"head_position": position, "heads": len(heads), "head_path": path}
