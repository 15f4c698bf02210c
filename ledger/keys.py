"""Where the key that signs checkpoints comes from, and whose signatures beside it are accepted.

The key is never in the database: who can rewrite the one must not hold the other.
"""

import os
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from ledger.notes import BadKey, PrivateKey, PublicKey


def ours() -> PrivateKey:
    """The key of the settings, or the one in var/, made on first use."""
    try:
        return PrivateKey.parse(settings.CHECKPOINT_KEY or _own_key())
    except BadKey as error:
        raise ImproperlyConfigured(f"CHECKPOINT_KEY: {error}") from error


def witnesses() -> list[PublicKey]:
    """The keys of neighbors, whose signatures under our checkpoints are kept."""
    try:
        return [PublicKey.parse(key) for key in settings.CHECKPOINT_WITNESSES]
    except BadKey as error:
        raise ImproperlyConfigured(f"CHECKPOINT_WITNESSES: {error}") from error


def _own_key() -> str:
    place = Path(settings.VAR_DIR) / "checkpoint_key"
    if not place.exists():
        new = place.with_suffix(f".{os.getpid()}")
        new.touch(mode=0o600)
        new.write_text(f"{PrivateKey.generate(settings.CHECKPOINT_NAME)}\n")
        with suppress(FileExistsError):  # of two at once, both take the first one's key
            os.link(new, place)
        new.unlink()
    return place.read_text().strip()
