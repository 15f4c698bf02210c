"""Small secrets that must be read again: sealed with AES-GCM, bound to the place they lie in.

The key follows from SECRET_KEY; with another one, second factors are set up anew.
"""

import os
from base64 import b64decode, b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_NONCE = 12


class NotOurs(Exception):
    """Sealed with another key or for another place, or changed since."""


def seal(secret: bytes, *, place: str) -> str:
    nonce = os.urandom(_NONCE)
    return b64encode(nonce + _cipher().encrypt(nonce, secret, place.encode())).decode()


def unseal(sealed: str, *, place: str) -> bytes:
    """The secret. Raises NotOurs."""
    try:
        raw = b64decode(sealed, validate=True)
        return _cipher().decrypt(raw[:_NONCE], raw[_NONCE:], place.encode())
    except (InvalidTag, ValueError) as error:
        raise NotOurs from error


def _cipher() -> AESGCM:
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"members.sealing")
    return AESGCM(derive.derive(settings.SECRET_KEY.encode()))
