"""Phone numbers as people write them: mobiles and landlines of mainland China."""

import re
import unicodedata

from django.utils.translation import gettext as _

MOBILE = re.compile(r"1[3-9]\d{9}")
# Area code (010, 02x, 03xx … 09xx) and seven or eight digits; without a code, the town's own.
LANDLINE = re.compile(r"(?:010|02\d|0[3-9]\d{2})?[2-9]\d{6,7}")
EXTENSION = re.compile(r"(?:转|ext\.?|x|#)\s*\d{1,6}$", re.IGNORECASE)
SEPARATORS = re.compile(r"[\s\-‐‑‒–—―−_.·()/]+")

BETWEEN = re.compile(r"[、,，;；/|\n]+|和|或")


class NotAPhone(ValueError):
    """No number of a mainland mobile or landline; the text is a sentence to show."""

    def __init__(self) -> None:
        super().__init__(_("This is no phone number. Write 11 digits, for example 138 0871 2345."))


def parse(value: object) -> str:
    """The digits of a phone, from text in any usual form or from a cell that holds a number.

    Accepts full-width digits, spaces, dashes, brackets, +86, an extension (dropped), 1.38e10 as
    a spreadsheet holds it. Raises NotAPhone.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise NotAPhone
    text = EXTENSION.sub("", unicodedata.normalize("NFKC", str(value)).strip().removesuffix(".0"))
    digits = SEPARATORS.sub("", text)
    for country in ("+86", "0086", "86"):
        if digits.startswith(country) and len(digits) - len(country) >= 10:
            digits = digits.removeprefix(country)
            break
    if not digits.isascii() or not (MOBILE.fullmatch(digits) or LANDLINE.fullmatch(digits)):
        raise NotAPhone
    return digits


def parse_all(text: str) -> list[str]:
    """Every phone of a line that lists several: 13808712345、0871-67170000. Raises NotAPhone."""
    parts = [part for part in BETWEEN.split(text) if part.strip()]
    return list(dict.fromkeys(parse(part) for part in parts))


def is_mobile(number: str) -> bool:
    """Whether a code can be sent to this number."""
    return MOBILE.fullmatch(number) is not None


def mask(number: str) -> str:
    """The number as others may see it: 138****5678; of short ones only the end."""
    if len(number) >= 11:
        return f"{number[:3]}****{number[-4:]}"
    return f"****{number[-4:]}" if len(number) > 4 else "****"
