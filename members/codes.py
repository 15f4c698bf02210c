"""Six-digit codes: what they are, how long they last, and who has the phone they went to."""

from datetime import datetime, timedelta
from uuid import UUID

from django.utils.crypto import salted_hmac

from members.models import Member, SignInCode

LASTS = timedelta(minutes=15)


def digits(key: UUID) -> str:
    """The six digits of a code: only who has the application's secret can tell them."""
    digest = salted_hmac("members.codes", key.hex, algorithm="sha256").digest()
    return f"{int.from_bytes(digest, 'big') % 10**6:06}"


def hashed(phone: str, code: str, purpose: str) -> str:
    """Keyed with the application's secret: six digits alone would be guessed from any hash."""
    salt = f"members.signing_in{purpose}"
    return salted_hmac(salt, f"{phone}:{code}", algorithm="sha256").hexdigest()


def is_fresh(code: SignInCode, *, at: datetime) -> bool:
    return code.used_at is None and at < code.sent_at + LASTS


def holders(phone: str) -> list[Member]:
    """Whoever has this phone and may sign in."""
    members = Member.objects.filter(phones__number_index=phone).exclude(user__is_active=False)
    return list(members.order_by("name", "pk"))
