"""Signed notes as C2SP describes them (c2sp.org/signed-note), with Ed25519 keys.

A note is a text that ends with a line break, an empty line, and a line for each signature:
a dash, the name of the key, and in base64 four bytes that tell keys apart and the signature.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ED25519 = b"\1"
_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_PRIVATE = "PRIVATE+KEY+"
_MOST_SIGNATURES = 100


class BadNote(ValueError):
    """A note that is malformed, or whose signatures are not what they claim to be."""


class BadKey(ValueError):
    """A key that is not in the form that C2SP gives it, or not of Ed25519."""


class Signature(NamedTuple):
    """A line under a note: 4 bytes tell apart keys of one name, 64 bytes are the signature."""

    name: str
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"— {self.name} {base64.b64encode(self.key_id + self.signature).decode()}"


class PublicKey(NamedTuple):
    """A key that checks signatures: `name+id+base64` when written down."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        key = base64.b64encode(_ED25519 + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{key}"

    @classmethod
    def parse(cls, text: str) -> "PublicKey":
        """Raises BadKey."""
        name, key_id, secret = _key_parts(text)
        key = cls(name, secret)
        if key.key_id.hex() != key_id:
            raise BadKey("The key's name and id do not belong together.")
        return key

    def has_signed(self, text: str, signature: Signature) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(
                signature.signature, text.encode()
            )
        except InvalidSignature:
            return False
        return True


class PrivateKey(NamedTuple):
    """A key that signs: `PRIVATE+KEY+name+id+base64` when written down."""

    name: str
    seed: bytes

    @property
    def public(self) -> PublicKey:
        return PublicKey(self.name, self._key.public_key().public_bytes_raw())

    @property
    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    def __str__(self) -> str:
        key = base64.b64encode(_ED25519 + self.seed).decode()
        return f"{_PRIVATE}{self.name}+{self.public.key_id.hex()}+{key}"

    def __repr__(self) -> str:
        return f"PrivateKey({self.name!r})"

    @classmethod
    def parse(cls, text: str) -> "PrivateKey":
        """Raises BadKey."""
        if not text.startswith(_PRIVATE):
            raise BadKey(f"A private key begins with {_PRIVATE}")
        name, key_id, seed = _key_parts(text.removeprefix(_PRIVATE))
        key = cls(name, seed)
        if key.public.key_id.hex() != key_id:
            raise BadKey("The key's name and id do not belong together.")
        return key

    @classmethod
    def generate(cls, name: str) -> "PrivateKey":
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    def sign(self, text: str) -> Signature:
        return Signature(self.name, self.public.key_id, self._key.sign(text.encode()))


def _key_parts(text: str) -> tuple[str, str, bytes]:
    name, plus, rest = text.partition("+")
    key_id, plus, encoded = rest.partition("+")
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        key = b""
    if not (plus and name) or re.search(r"\s", name) or len(key) != 33 or key[:1] != _ED25519:
        raise BadKey("A key is its name, its id, and 33 bytes in base64, joined by +.")
    return name, key_id, key[1:]


def write(text: str, signatures: Iterable[Signature]) -> str:
    """The note of a text, which ends with a line break, and its signatures."""
    return "\n".join([text, *(str(signature) for signature in signatures), ""])


def read(note: str) -> tuple[str, list[Signature]]:
    """The text and the signatures, none of them checked. Raises BadNote."""
    text, gap, lines = note.rpartition("\n\n")
    signatures = [_signature(line) for line in lines.removesuffix("\n").split("\n")]
    if not (gap and text and lines.endswith("\n")) or len(signatures) > _MOST_SIGNATURES:
        raise BadNote("A note is a text, an empty line, and 1 to 100 lines of signatures.")
    if any(ord(character) < 32 and character != "\n" for character in text):
        raise BadNote("A note has no control characters.")
    return text + "\n", signatures


def _signature(line: str) -> Signature:
    if not (found := _LINE.fullmatch(line)):
        raise BadNote("A line of a signature is a dash, a name and base64.")
    try:
        data = base64.b64decode(found[2], validate=True)
    except binascii.Error:
        raise BadNote("A signature is not base64.") from None
    if len(data) < 5:
        raise BadNote("A signature is too short.")
    return Signature(found[1], data[:4], data[4:])


def verify(note: str, keys: Sequence[PublicKey]) -> tuple[str, list[Signature]]:
    """The text, and the signatures of these keys under it; others' are left out.

    Raises BadNote when none of the keys has signed, or a signature of one of them is wrong.
    """
    text, signatures = read(note)
    known = {(key.name, key.key_id): key for key in keys}
    of_keys = [signature for signature in signatures if signature[:2] in known]
    if not of_keys:
        raise BadNote("None of the known keys has signed the note.")
    for signature in of_keys:
        if not known[signature[:2]].has_signed(text, signature):
            raise BadNote(f"The signature of {signature.name} is wrong.")
    return text, of_keys
