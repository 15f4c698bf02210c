"""Resident identity numbers (GB 11643) and the permits that share their form.

Our own check: the usual library knows only today's county codes and so rejects most people born
before 1983. Here a province must exist, a date must be possible, and the check digit fit.
"""

import re
import unicodedata
from datetime import date
from typing import NamedTuple

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

# GB/T 2260, first two digits; 71, 81–83 also stand on the residence permits of people from
# Taiwan, Hong Kong and Macao.
PROVINCES = frozenset(
    (11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46)
) | frozenset((50, 51, 52, 53, 54, 61, 62, 63, 64, 65, 71, 81, 82, 83))
SHAPE = re.compile(r"\d{17}[\dX]")
LEGACY_SHAPE = re.compile(r"\d{15}")
CHECK_DIGITS = "10X98765432"
FIRST_YEAR = 1900

REASONS = {
    "shape": _("An ID number has 18 characters: 17 digits and a digit or X."),
    "province": _("The first two digits of the ID number name no province."),
    "date": _("The birth date inside the ID number does not exist."),
    "check_digit": _("The last character of the ID number does not fit the others."),
}


class NotAnIdNumber(ValueError):
    """`reason` is a key of REASONS; the text is its sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(str(REASONS[reason]))
        self.reason = reason


class IdNumber(NamedTuple):
    """A number of 18 characters and what it says of its holder."""

    value: str
    birth_date: date
    sex: str  # "F" or "M", as Member.sex
    checksum_fits: bool


def check(text: object) -> IdNumber:
    """The number, wholly in order, from text with spaces, full-width digits or a small x.

    Numbers of 15 digits (issued until 1999) are completed to 18. Raises NotAnIdNumber.
    """
    number = read(text)
    if not number.checksum_fits:
        raise NotAnIdNumber("check_digit")
    return number


def read(text: object) -> IdNumber:
    """As `check`, but a wrong check digit is told in `checksum_fits`, not refused.

    Registers hold mistyped numbers; what was on paper is kept and flagged.
    """
    plain = re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", str(text))).upper()
    if plain.isascii() and LEGACY_SHAPE.fullmatch(plain):
        plain = _completed(plain)
    if not plain.isascii() or not SHAPE.fullmatch(plain):
        raise NotAnIdNumber("shape")
    if int(plain[:2]) not in PROVINCES:
        raise NotAnIdNumber("province")
    return IdNumber(
        value=plain,
        birth_date=_birth_date(plain),
        sex="M" if int(plain[16]) % 2 else "F",
        checksum_fits=plain[17] == check_digit(plain[:17]),
    )


def check_digit(first_17: str) -> str:
    """ISO 7064 MOD 11-2 over the first 17 digits."""
    weighted = sum(int(digit) * pow(2, 17 - i, 11) for i, digit in enumerate(first_17))
    return CHECK_DIGITS[weighted % 11]


def mask(number: str) -> str:
    """The number as lists show it: province and city, and the last four."""
    return f"{number[:4]}**********{number[-4:]}" if len(number) == 18 else "****"


def _completed(legacy: str) -> str:
    """15 digits to 18: the century of those numbers was always the twentieth."""
    first_17 = f"{legacy[:6]}19{legacy[6:]}"
    return first_17 + check_digit(first_17)


def _birth_date(number: str) -> date:
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise NotAnIdNumber("date") from None
    if born.year < FIRST_YEAR or born > timezone.localdate():
        raise NotAnIdNumber("date")
    return born
