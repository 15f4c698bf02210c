"""The code by which anybody checks a certificate: 20 signs, 91 bits, never to be guessed.

Its letters and digits are those that are not taken for one another when somebody types what they
read: of 0 and O, 1 I and L, 2 and Z, 5 and S, 6 and G, 8 and B, U and V one at most.
"""

import secrets
import unicodedata

SIGNS = "346789ACDEFHJKMNPQRTVWXY"
LENGTH = 20
GROUP = 4


def new() -> str:
    return "".join(secrets.choice(SIGNS) for _ in range(LENGTH))


def shown(code: str) -> str:
    """The code as it is printed: 3A4C-… in groups of four."""
    return "-".join(code[at : at + GROUP] for at in range(0, LENGTH, GROUP))


def read(typed: str) -> str | None:
    """The code that somebody typed, in any case, with or without strokes; None when it is none."""
    plain = unicodedata.normalize("NFKC", typed[:200]).upper()
    code = "".join(sign for sign in plain if sign.isalnum())
    return code if len(code) == LENGTH and set(code) <= set(SIGNS) else None
