"""Encryption of what is known of people, and the blind indexes by which it is found.

Keys are numbered; the highest number encrypts, the others still open what they have sealed. A
sealed value is one byte with the number of its key, twelve of a random nonce, and what AES-GCM
makes of the text, padded so that its length tells nothing of a short one. It opens only in the
table, column and row for which it was sealed. The reasons are in docs/decisions/0011-sealed.md.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import zlib
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core import signing
from django.core.exceptions import ImproperlyConfigured

KEY = re.compile(r"(\d{1,3}):([A-Za-z0-9+/]{43}=)")
KEY_BYTES = 32
NONCE = 12
BLOCK = 32
INDEX_BYTES = 16
# Stands where an erasure has taken a text out, so that it can be seen that there was one. It is of
# the key 0, which is nobody's: the database writes and knows it without a key.
EMPTIED = bytes(1 + NONCE + BLOCK + 16)
GONE = "–"  # as which it is read


class Unreadable(Exception):
    """The value was sealed for another place, was changed, or its key is not among ours."""


def place(table: str, column: str, row: str) -> bytes:
    """Where a value belongs. `row` is what identifies the row before it is written."""
    return f"{table}.{column}.{row}".encode()


def seal(text: str, at: bytes) -> bytes:
    """The text, sealed for this place with the newest key; never the same twice."""
    return seal_bytes(_padded(text.encode()), at)


def unseal(sealed: bytes, at: bytes) -> str:
    """The text that was sealed for this place. Raises Unreadable."""
    if sealed == EMPTIED:
        return GONE
    return unseal_bytes(sealed, at).rstrip(b"\0")[:-1].decode()


def seal_bytes(plain: bytes, at: bytes) -> bytes:
    """As `seal`, for what may show its length: a file, a session."""
    number, ciphers = _ciphers(settings.ENCRYPTION_KEYS)
    nonce = os.urandom(NONCE)
    return bytes((number,)) + nonce + ciphers[number].encrypt(nonce, plain, at)


def unseal_bytes(sealed: bytes, at: bytes) -> bytes:
    """What `seal_bytes` was given. Raises Unreadable."""
    try:
        cipher = _ciphers(settings.ENCRYPTION_KEYS)[1][sealed[0]]
        return cipher.decrypt(sealed[1 : 1 + NONCE], sealed[1 + NONCE :], at)
    except (KeyError, IndexError, InvalidTag, ValueError) as error:
        raise Unreadable from error


def is_current(sealed: bytes) -> bool:
    """Whether the newest key has sealed it, or none has to."""
    return sealed == EMPTIED or sealed[0] == _ciphers(settings.ENCRYPTION_KEYS)[0]


def indexes(text: str, table: str, column: str) -> list[bytes]:
    """The blind indexes of a text in this column: by the newest key first, then by the others.

    Equal texts of a column have equal indexes; without the key nobody makes one.
    """
    message = f"{table}.{column}\0{text}".encode()
    keys = _numbered(settings.INDEX_KEYS)
    return [
        hmac.digest(keys[number], message, hashlib.sha256)[:INDEX_BYTES]
        for number in sorted(keys, reverse=True)
    ]


def index_key_changes() -> bool:
    """Whether rows may still bear an index by an older key."""
    return len(_numbered(settings.INDEX_KEYS)) > 1


def new_key(number: int = 1) -> str:
    """A random key under this number, as the settings hold it."""
    return f"{number}:{base64.b64encode(os.urandom(KEY_BYTES)).decode()}"


def newest_number(keys: str) -> int:
    """The highest number among these keys."""
    return max(_numbered(keys))


class SessionSerializer:
    """Sessions hold phones while somebody signs in, and drafts: they are sealed as a whole."""

    place = place("django_session", "session_data", "")

    @staticmethod
    def bytes_of(session_data: str) -> bytes:
        """The sealed bytes inside what Django has signed."""
        packed = session_data.rsplit(":", 2)[0]
        data = signing.b64_decode(packed.removeprefix(".").encode())
        return zlib.decompress(data) if packed.startswith(".") else data

    def dumps(self, session: Any) -> bytes:
        return seal_bytes(json.dumps(session, separators=(",", ":")).encode(), self.place)

    def loads(self, data: bytes) -> Any:
        """The session; one that cannot be opened is empty, by Django's own rule."""
        return json.loads(unseal_bytes(data, self.place))


def _padded(plain: bytes) -> bytes:
    """With a mark behind it, and zeros up to a whole number of blocks (ISO/IEC 7816-4)."""
    return plain + b"\x80" + bytes(-(len(plain) + 1) % BLOCK)


@lru_cache(maxsize=8)
def _ciphers(text: str) -> tuple[int, dict[int, AESGCM]]:
    """The number of the newest key, and a cipher for each."""
    keys = _numbered(text)
    return max(keys), {number: AESGCM(key) for number, key in keys.items()}


@lru_cache(maxsize=8)
def _numbered(text: str) -> dict[int, bytes]:
    keys = {}
    for written in text.replace(",", " ").split():
        match = KEY.fullmatch(written)
        if match is None or not 1 <= int(match[1]) <= 255 or int(match[1]) in keys:
            raise ImproperlyConfigured(
                "A key is a number from 1 to 255, a colon and 32 bytes in base 64; see"
                " docs/running.md. No number may be used twice."
            )
        keys[int(match[1])] = base64.b64decode(match[2])
    if not keys:
        raise ImproperlyConfigured("There is no key: see docs/running.md.")
    return keys
