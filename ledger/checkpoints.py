"""Checkpoints: a signed text over all communities' books, to be kept by others.

A chain inside a database proves nothing against whoever can rewrite all of it. A checkpoint that
has left the house does: the text names the root of a tree over the last block of every community,
in the form of C2SP (c2sp.org/tlog-checkpoint), and we and our neighbors sign it.
"""

import base64
import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple

from django.db import connection, transaction

from ledger import keys, merkle, notes
from ledger.models import Block, Checkpoint, CheckpointSignature

_TEXT = re.compile(
    r"(?P<origin>[^\s+]+)\n(?P<size>[1-9]\d*)\n(?P<root>[A-Za-z0-9+/]{43}=)\n"
    r"checkpoint (?P<number>[1-9]\d*) (?P<made_at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\n"
)
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing to mistake for another (Crockford)
_HEADS = """
    SELECT b.community_id, b.n, b.hash FROM members_area a, LATERAL (
        SELECT * FROM ledger_block x WHERE x.community_id = a.id ORDER BY x.n DESC LIMIT 1) b
    ORDER BY b.community_id
"""


class NothingSealed(Exception):
    """There is no block yet that a checkpoint could be made over."""


class NotOurs(Exception):
    """A note that is not over one of our checkpoints as we have kept it."""


class Text(NamedTuple):
    """What a checkpoint says: who made it, over how many communities, which root, when."""

    origin: str
    size: int
    root: bytes
    number: int
    made_at: str

    def __str__(self) -> str:
        root = base64.b64encode(self.root).decode()
        return f"{self.origin}\n{self.size}\n{root}\ncheckpoint {self.number} {self.made_at}\n"

    @classmethod
    def parse(cls, text: str) -> "Text":
        """Raises notes.BadNote."""
        if not (found := _TEXT.fullmatch(text)):
            raise notes.BadNote("The text is not a checkpoint.")
        root = base64.b64decode(found["root"])
        if base64.b64encode(root).decode() != found["root"]:
            raise notes.BadNote("The root is not written as it should be.")
        return cls(
            found["origin"], int(found["size"]), root, int(found["number"]), found["made_at"]
        )


@transaction.atomic
def make(*, at: datetime) -> Checkpoint:
    """Sign the heads of all chains as they are now. Raises NothingSealed.

    Numbers are given one after the other, under a lock.
    """
    key = keys.ours()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('ledger_checkpoint', 0))")
        cursor.execute("SELECT coalesce(max(number), 0) + 1 FROM ledger_checkpoint")
        (number,) = cursor.fetchone()
        cursor.execute(_HEADS)
        if not (heads := cursor.fetchall()):
            raise NothingSealed
        communities, blocks, hashes = (list(column) for column in zip(*heads, strict=True))
        root = merkle.root([merkle.leaf_hash(bytes(head)) for head in hashes])
        moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        text = str(Text(key.name, len(heads), root, number, moment))
        cursor.execute(
            "SELECT ledger_keep_checkpoint(%s, %s, %s::bigint[], %s::bigint[])",
            [number, text, communities, blocks],
        )
    checkpoint = Checkpoint.objects.get(number=number)
    _keep(checkpoint, key.sign(text))
    return checkpoint


def note(checkpoint: Checkpoint) -> str:
    """The signed note to give away: our signature first, then the neighbors' as they came."""
    rows = CheckpointSignature.objects.filter(checkpoint=checkpoint).order_by("added_at", "name")
    signatures = [
        notes.Signature(row.name, bytes(row.key_id), bytes(row.signature)) for row in rows
    ]
    return notes.write(checkpoint.text, signatures)


@transaction.atomic
def accept(signed: str) -> list[str]:
    """Keep the neighbors' signatures under one of our checkpoints; return the neighbors' names.

    Raises notes.BadNote when it is malformed, unsigned by known neighbors, or forged; NotOurs.
    """
    text, signatures = notes.verify(signed, keys.witnesses())
    number = Text.parse(text).number
    try:
        checkpoint = Checkpoint.objects.get(number=number)
    except Checkpoint.DoesNotExist:
        raise NotOurs(number) from None
    if checkpoint.text != text:
        raise NotOurs(number)
    for signature in signatures:
        _keep(checkpoint, signature)
    return [signature.name for signature in signatures]


def countersign(signed: str, of: notes.PublicKey) -> str:
    """A neighbor's checkpoint with our signature added, once theirs is verified.

    Raises notes.BadNote.
    """
    text, _ = notes.verify(signed, [of])
    if Text.parse(text).origin != of.name:
        raise notes.BadNote("The checkpoint is of somebody else than its signer.")
    _, signatures = notes.read(signed)
    ours = keys.ours().sign(text)
    return notes.write(text, [*(s for s in signatures if s[:2] != ours[:2]), ours])


def short_code(checkpoint: Checkpoint) -> str:
    """Its number and 80 bits of its hash, to be printed: 17-8FZK-…; the text has just this one."""
    bits = int.from_bytes(sha256(checkpoint.text.encode()).digest()[:10])
    letters = "".join(_LETTERS[bits >> shift & 31] for shift in range(75, -1, -5))
    groups = "-".join(letters[start : start + 4] for start in range(0, 16, 4))
    return f"{checkpoint.number}-{groups}"


def latest() -> Checkpoint | None:
    return Checkpoint.objects.order_by("-number").first()


def code_at(at: datetime) -> str:
    """The short code of the latest checkpoint made by then, for papers; empty before the first."""
    found = Checkpoint.objects.filter(made_at__lte=at).order_by("-number").first()
    return short_code(found) if found else ""


def covering(block: Block) -> Checkpoint | None:
    """The first checkpoint over this block; None when none has been made since."""
    found = Checkpoint.objects.raw(
        "SELECT * FROM ledger_checkpoint"
        " WHERE blocks[array_position(communities, %s)] >= %s ORDER BY number LIMIT 1",
        [block.community_id, block.n],
    )
    return next(iter(found), None)


def heads(checkpoint: Checkpoint) -> list[tuple[int, int, bytes | None]]:
    """Community, block and its hash as it is now, None without the block, as in the checkpoint."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT h.community, h.n, b.hash"
            " FROM unnest(%s::bigint[], %s::bigint[]) WITH ORDINALITY AS h (community, n, o)"
            " LEFT JOIN ledger_block b ON b.community_id = h.community AND b.n = h.n"
            " ORDER BY h.o",
            [checkpoint.communities, checkpoint.blocks],
        )
        return [(community, n, head and bytes(head)) for community, n, head in cursor.fetchall()]


def _keep(checkpoint: Checkpoint, signature: notes.Signature) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ledger_keep_signature(%s, %s, %s, %s)", [checkpoint.number, *signature]
        )
