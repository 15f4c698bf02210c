"""How people prove who they are: members by a code sent to their phone, staff by a password.

A number that nobody has registered is treated like any other, row for row; only the message is
not sent, so that nobody can ask this page who is a member.
"""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from members import messages
from members.models import FailedSignIn, Member, SignInCode, User

WORDS = _(
    "%(code)s is your code for %(programme)s. It works for 15 minutes. Please tell it to nobody."
)
CODE_LASTS = timedelta(minutes=15)
TRIES = 5
CODES_PER_PHONE = ((3, timedelta(minutes=15)), (10, timedelta(days=1)))
CODES_PER_ADDRESS = (30, timedelta(hours=1))
CODES_IN_ALL = (500, timedelta(hours=1))
KEPT = timedelta(days=2)  # longer than any limit looks back

PASSWORDS_PER_ACCOUNT = 5
LOCKED_FOR = timedelta(minutes=15)


class TooManyCodes(Exception):
    """This phone, this address or all of them together have asked too often; wait a while."""


class WrongCode(Exception):
    """The code is not the one that was sent last; it may be tried again."""


class CodeSpent(WrongCode):
    """The code was used, is too old or was tried five times; only a new one helps."""


class Locked(Exception):
    """Five wrong passwords from this address within 15 minutes; the account rests for as long."""


@transaction.atomic
def send_code(
    phone: str,
    *,
    address: str | None,
    at: datetime,
    purpose: str = "",
    words: str | Promise = WORDS,
) -> None:
    """Send a six-digit code to the phone, when a member has it. Raises TooManyCodes.

    A code opens what it was asked for and nothing else: signing in, or the one act that `purpose`
    names. `words` are the message's, with places for `code` and `programme`. One sender at a time
    (the lock is held for a millisecond), so that no limit is passed by two.
    """
    _wait_in_line("members.signing_in.code")
    SignInCode.objects.filter(sent_at__lt=at - KEPT).delete()
    if _has_asked_too_often(phone, address, at):
        raise TooManyCodes
    code = f"{secrets.randbelow(10**6):06}"
    SignInCode.objects.create(
        phone=phone, code_hash=_hash(phone, code, purpose), sent_at=at, address=address
    )
    if _members_at(phone):
        text = str(words) % {"code": code, "programme": settings.PROGRAMME_NAME}
        transaction.on_commit(lambda: messages.send(phone, text))


def check_code(phone: str, code: str, *, at: datetime, purpose: str = "") -> list[Member]:
    """The members who have the phone to which this code was sent last; each code works once.

    A code that was sent for another purpose is a wrong one.

    Raises WrongCode, CodeSpent. A try is counted before it is compared and in a statement of its
    own, so that of many at once only five are ever compared; do not call it in a transaction
    that may be rolled back.
    """
    sent = SignInCode.objects.filter(phone=phone, sent_at__gt=at - CODE_LASTS)
    newest = sent.order_by("-sent_at", "-pk").first()
    fits = constant_time_compare(newest.code_hash if newest else "", _hash(phone, code, purpose))
    row = SignInCode.objects.filter(pk=newest.pk if newest else 0, used_at=None)
    if not row.filter(tries__lt=TRIES).update(tries=F("tries") + 1):
        raise CodeSpent
    if not fits:
        raise WrongCode
    if not row.update(used_at=at):
        raise CodeSpent
    members = _members_at(phone)
    if not members:
        raise WrongCode
    return members


def user_for(member: Member) -> User:
    """The account with which a member signs in; made the first time, without a password."""
    account = {"username": f"m{member.number}", "password": make_password(None)}
    return User.objects.get_or_create(member=member, defaults=account)[0]


def sign_out_everywhere(member: Member) -> None:
    """Forget every phone on which the member is signed in, as after a phone was lost."""
    for user in User.objects.filter(member=member):
        user.set_unusable_password()  # sessions hang on its random part
        user.save(update_fields=["password"])


@transaction.atomic
def begin_attempt(account: str, *, address: str | None, at: datetime) -> None:
    """Count a password for the account before it is looked at. Raises Locked."""
    account = _account(account)
    _wait_in_line(f"members.signing_in.{account}")
    FailedSignIn.objects.filter(failed_at__lt=at - KEPT).delete()
    failed = FailedSignIn.objects.filter(
        account=account, address=address, failed_at__gt=at - LOCKED_FOR
    )
    if failed.count() >= PASSWORDS_PER_ACCOUNT:
        raise Locked
    FailedSignIn.objects.create(account=account, address=address, failed_at=at)


def forget_attempts(account: str, *, address: str | None) -> None:
    """The password was right: what was tried before it no longer counts."""
    FailedSignIn.objects.filter(account=_account(account), address=address).delete()


def address_of(request: HttpRequest) -> str | None:
    """Where the request comes from; behind our proxy, what the proxy has seen."""
    if settings.BEHIND_TLS:
        written = request.headers.get("X-Forwarded-For", "").split(",")[-1]
    else:
        written = request.META.get("REMOTE_ADDR", "")
    try:
        return str(ip_address(written.strip()))
    except ValueError:  # a socket of this machine has no address
        return None


def _has_asked_too_often(phone: str, address: str | None, at: datetime) -> bool:
    codes = SignInCode.objects.all()
    limits = [(codes.filter(phone=phone), *limit) for limit in CODES_PER_PHONE]
    limits.append((codes.filter(address=address), *CODES_PER_ADDRESS))
    limits.append((codes, *CODES_IN_ALL))
    return any(rows.filter(sent_at__gt=at - span).count() >= most for rows, most, span in limits)


def _members_at(phone: str) -> list[Member]:
    """Whoever has this phone and may sign in."""
    members = Member.objects.filter(phones__number_index=phone).exclude(user__is_active=False)
    return list(members.order_by("name", "pk"))


def _hash(phone: str, code: str, purpose: str = "") -> str:
    """Keyed with the application's secret: six digits alone would be guessed from any hash."""
    salt = f"members.signing_in{purpose}"
    return salted_hmac(salt, f"{phone}:{code}", algorithm="sha256").hexdigest()


def _account(written: str) -> str:
    """What stands for an account in the list of failures: people type phones and worse there."""
    salt = "members.signing_in.account"
    return salted_hmac(salt, written.casefold(), algorithm="sha256").hexdigest()


def _wait_in_line(name: str) -> None:
    """Hold a lock of this name until the end of the transaction."""
    number = int.from_bytes(sha256(name.encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
