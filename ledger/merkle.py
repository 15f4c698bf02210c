"""The hash tree of RFC 6962 (Certificate Transparency): its root, and proofs of inclusion.

All functions take hashes of leaves, 32 bytes each, not what was hashed.
"""

from collections.abc import Sequence
from hashlib import sha256


def leaf_hash(data: bytes) -> bytes:
    return sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Neighbors are joined level by level; the last one of an odd level is carried up."""
    level = list(leaves) or [sha256(b"").digest()]
    while len(level) > 1:
        level = _above(level)
    return level[0]


def path(leaves: Sequence[bytes], position: int) -> list[bytes]:
    """The hashes that lead from the leaf at `position` to the root, from below."""
    if not 0 <= position < len(leaves):
        raise IndexError(position)
    level, found = list(leaves), []
    while len(level) > 1:
        if position ^ 1 < len(level):
            found.append(level[position ^ 1])
        level, position = _above(level), position // 2
    return found


def root_from_path(leaf: bytes, position: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root of a tree of `size` leaves in which `path` leads up from that leaf.

    Raises ValueError when no tree of that size has such a path.
    """
    if not 0 <= position < size:
        raise ValueError("the position is not in the tree")
    hashes, last, found = iter(path), size - 1, leaf
    try:
        while last:
            if position % 2:
                found = node_hash(next(hashes), found)
            elif position < last:
                found = node_hash(found, next(hashes))
            position, last = position // 2, last // 2
    except StopIteration:
        raise ValueError("the path is too short") from None
    if next(hashes, None) is not None:
        raise ValueError("the path is too long")
    return found


def _above(level: list[bytes]) -> list[bytes]:
    pairs = [node_hash(*pair) for pair in zip(level[::2], level[1::2], strict=False)]
    return pairs + level[len(pairs) * 2 :]
