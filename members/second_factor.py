"""The second factor of staff: an app's six digits, and ten codes on paper for when it is lost.

The counting, the throttling (1, 2, 4, 8 … seconds after wrong codes), the drift of clocks and that
no code works twice are django-otp's. Ours are the sealing of the secret and the words.
"""

import secrets
import unicodedata
from base64 import b32encode
from datetime import datetime
from typing import NamedTuple

import segno
from django.db import transaction
from django_otp.plugins.otp_static.models import StaticToken

from members import devices, staff_accounts
from members.models import AccountEvent, Authenticator, RecoveryCodes, User

SECRET_BYTES = 20
CODES = 10
# No letters or digits that are mistaken for others; eight of them are 39 bits, behind a throttle.
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_LENGTH = 8
Kind = AccountEvent.Kind


class WrongCode(Exception):
    """It is not the code that the app shows now, or it was used before."""


class TooSoon(WrongCode):
    """After wrong codes there is a wait; nothing was looked at."""


class IsSetUp(Exception):
    """The account has a second factor; only an administrator takes it away."""


class NeedsAnotherPerson(Exception):
    """Nobody takes away their own second factor."""


class Offer(NamedTuple):
    """What the page shows to set an app up: a picture to scan, and the same to type."""

    picture: str
    secret: str


def new_secret() -> str:
    """A secret for an app; kept in the session, which is sealed, until it is confirmed."""
    return secrets.token_hex(SECRET_BYTES)


def offer(user: User, secret: str) -> Offer:
    device = _with(secret, user)
    picture = segno.make(device.config_url, error="m").svg_data_uri(scale=6, light="white")
    plain = b32encode(device.bin_key).decode()
    return Offer(picture, " ".join(plain[i : i + 4] for i in range(0, len(plain), 4)))


@transaction.atomic
def set_up(user: User, secret: str, typed: str, *, at: datetime) -> tuple[Authenticator, list[str]]:
    """Confirm by a code that the app has the secret; the device and ten recovery codes.

    Raises WrongCode, IsSetUp. The account is locked, so that of two pages one sets it up.
    """
    user = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    if Authenticator.objects.filter(user=user).exists():
        raise IsSetUp
    device = _with(secret, user)
    device.save()
    if not device.verify_token(_plain(typed)):
        raise WrongCode  # and the row goes with the transaction
    staff_accounts.write_down(user, Kind.SECOND_FACTOR_ADDED, by=user, at=at)
    return device, _new_codes(user)


def prove(user: User, typed: str, *, at: datetime) -> Authenticator | RecoveryCodes:
    """The device that accepts this code. Raises WrongCode, TooSoon, both after it is counted."""
    plain = _plain(typed)
    model = Authenticator if len(plain) == 6 and plain.isdecimal() else RecoveryCodes
    with transaction.atomic():
        device = model.objects.select_for_update(of=("self",)).filter(user=user).first()
        if device is None:
            raise WrongCode
        if not device.verify_is_allowed()[0]:
            raise TooSoon
        fits = device.verify_token(plain)
        if fits and model is RecoveryCodes:
            staff_accounts.write_down(user, Kind.RECOVERY_CODE_USED, by=user, at=at)
    if not fits:
        raise WrongCode
    return device


@transaction.atomic
def renew_codes(user: User, *, at: datetime) -> list[str]:
    """Ten new recovery codes; the old ones no longer work."""
    User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    staff_accounts.write_down(user, Kind.NEW_RECOVERY_CODES, by=user, at=at)
    return _new_codes(user)


def _with(secret: str, user: User) -> Authenticator:
    device = Authenticator(user=user, name="app")
    device.keep(bytes.fromhex(secret))
    return device


def codes_left(user: User) -> int:
    return StaticToken.objects.filter(device__user=user).count()


@transaction.atomic
def remove(user: User, *, by: User, at: datetime, reason: str) -> None:
    """Take it away, as after a phone was lost, and sign the account out everywhere.

    Raises NeedsAnotherPerson.
    """
    if by.pk == user.pk:
        raise NeedsAnotherPerson
    Authenticator.objects.filter(user=user).delete()
    RecoveryCodes.objects.filter(user=user).delete()
    devices.end_all(user, by=by, at=at)
    staff_accounts.write_down(user, Kind.SECOND_FACTOR_REMOVED, by=by, at=at, reason=reason)


def _new_codes(user: User) -> list[str]:
    RecoveryCodes.objects.filter(user=user).delete()
    device = RecoveryCodes.objects.create(user=user, name="paper")
    plain = ["".join(secrets.choice(ALPHABET) for _ in range(_LENGTH)) for _ in range(CODES)]
    StaticToken.objects.bulk_create(
        StaticToken(device=device, token=device.hashed(code)) for code in plain
    )
    return [f"{code[:4]}-{code[4:]}" for code in plain]


def _plain(typed: str) -> str:
    """Full-width digits, spaces and dashes are as good as none."""
    return "".join(unicodedata.normalize("NFKC", typed).replace("-", "").split()).lower()
