"""How members prove who they are: by a code sent to their phone.

A number that nobody has registered is treated like any other, row for row and query for query:
that nobody has it is found by the worker, long after the page has answered. So nobody can ask this
page who is a member.
"""

from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.crypto import constant_time_compare

from members import access, codes, devices, notices, staff_accounts, tries
from members.models import AccountEvent, Device, Member, SignInCode, User
from members.networks import address_of as address_of
from members.networks import place

Kind = AccountEvent.Kind
CODE_LASTS = codes.LASTS
TRIES = 5
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Codes, by phone (from where its owner has signed in before, and from elsewhere, each for itself).
PER_PHONE = ((3, timedelta(minutes=15)), (10, DAY))
# By network, and what is left to each when all together have asked for many: an attacker with
# hundreds of addresses does not use up the codes of the others.
PER_NETWORK = (30, HOUR)
MANY_IN_ALL = (500, HOUR)
PER_NETWORK_WHEN_MANY = (3, HOUR)
IN_ALL = (3000, HOUR)
# Wrong codes from one network, whichever phones they are for.
WRONG_PER_NETWORK = (15, HOUR)
KEPT = timedelta(days=2)  # longer than any limit looks back


class TooManyCodes(Exception):
    """This phone, this network or all of them together have asked too often; wait a while."""


class WrongCode(Exception):
    """The code is not the one that was sent last; it may be tried again."""


class CodeSpent(WrongCode):
    """The code was used, is too old or was tried five times; only a new one helps."""


class TooManyTries(WrongCode):
    """Too many wrong codes came from this network; wait a while."""


@transaction.atomic
def send_code(
    phone: str,
    *,
    address: str | None,
    at: datetime,
    purpose: str = "",
    template: str = "sign_in_code",
) -> None:
    """Have a six-digit code sent to the phone, when a member has it. Raises TooManyCodes.

    A code opens what it was asked for and nothing else: signing in, or the one act that `purpose`
    names. One sender at a time (the lock is held for a millisecond), so that no limit is passed by
    two.
    """
    tries.wait_in_line("members.signing_in.code")
    where = place(address)
    is_known = devices.is_known_phone(phone, address=where, at=at)
    if _has_asked_too_often(phone, where, is_known, at):
        raise TooManyCodes
    code = SignInCode(
        phone=phone, number=phone, sent_at=at, address=where, is_from_known_place=is_known
    )
    code.code_hash = codes.hashed(phone, codes.digits(code.key), purpose)
    code.save()
    notices.send_code(code, template=template, at=at)


def check_code(
    phone: str, code: str, *, at: datetime, purpose: str = "", address: str | None = None
) -> list[Member]:
    """The members who have the phone to which this code was sent last; each code works once.

    A code that was sent for another purpose is a wrong one. Tries from an `address` are limited
    too, where one is given.

    Raises WrongCode, CodeSpent, TooManyTries. A try is counted before it is compared and in a
    statement of its own, so that of many at once only five are ever compared; do not call it in a
    transaction that may be rolled back.
    """
    newest = _newest(phone, at)
    fits = constant_time_compare(
        newest.code_hash if newest else "", codes.hashed(phone, code, purpose)
    )
    if address:
        _look_at_network(address, fits, at)
    row = SignInCode.objects.filter(pk=newest.pk if newest else 0, used_at=None)
    if not row.filter(tries__lt=TRIES).update(tries=F("tries") + 1):
        raise CodeSpent
    if not fits:
        raise WrongCode
    if not row.update(used_at=at):
        raise CodeSpent
    members = codes.holders(phone)
    if not members:
        raise WrongCode
    return members


def user_for(member: Member) -> User:
    """The account with which a member signs in; made the first time, without a password."""
    account = {"username": f"m{member.number}", "password": make_password(None)}
    return User.objects.get_or_create(member=member, defaults=account)[0]


def tell_of_new_device(member: Member, user: User, *, at: datetime) -> None:
    """Tell a member who is signed in elsewhere that somebody has just come in on another device."""
    if Device.objects.filter(user=user).signed_in().count() > 1:
        notices.send(member, "new_device", at=at)


@transaction.atomic
def sign_out_everywhere(member: Member, *, by: User | None, at: datetime) -> None:
    """Forget every phone on which the member is signed in, as after a phone was lost."""
    for user in User.objects.filter(member=member):
        devices.end_all(user, by=by, at=at)
        user.set_unusable_password()  # sessions hang on its random part
        user.save(update_fields=["password"])


@transaction.atomic
def end_devices(
    member: Member, *, device: Device | None = None, why: str, by: User, at: datetime
) -> int:
    """Sign a member out for them, on one device or on all, and write down why; how many ended.

    Raises PermissionDenied. The rows are locked first: of two clerks at once, one has done it.
    """
    if not access.may_log(by, member.area):
        raise PermissionDenied
    found = Device.objects.signed_in().filter(user__member=member)
    found = found.filter(pk=device.pk) if device else found
    ended = list(found.select_for_update(of=("self",)).select_related("user").order_by("pk"))
    for one in ended:
        devices.end(one, by=by, at=at)
    for user in {one.user for one in ended}:
        staff_accounts.write_down(user, Kind.DEVICE_ENDED, by=by, at=at, reason=why)
    return len(ended)


def forget_old(*, at: datetime) -> None:
    SignInCode.objects.filter(sent_at__lt=at - KEPT).delete()


def _newest(phone: str, at: datetime) -> SignInCode | None:
    sent = SignInCode.objects.filter(phone=phone, sent_at__gt=at - CODE_LASTS)
    return sent.order_by("-sent_at", "-pk").first()


def _look_at_network(address: str, fits: bool, at: datetime) -> None:
    """Count what is wrong; after too many, not even the right code gets in from there."""
    what = f"code from {place(address)}"
    try:
        (tries.check if fits else tries.count)(what, *WRONG_PER_NETWORK, at=at)
    except tries.TooMany as refusal:
        raise TooManyTries from refusal


def _has_asked_too_often(phone: str, where: str | None, is_known: bool, at: datetime) -> bool:
    sent = SignInCode.objects.all()

    def are_many(rows: QuerySet[SignInCode], most: int, span: timedelta) -> bool:
        return rows.filter(sent_at__gt=at - span).count() >= most

    of_phone = sent.filter(phone=phone, is_from_known_place=is_known)
    of_place = sent.filter(address=where)
    if any(are_many(of_phone, *limit) for limit in PER_PHONE) or are_many(of_place, *PER_NETWORK):
        return True
    if are_many(sent, *MANY_IN_ALL) and are_many(of_place, *PER_NETWORK_WHEN_MANY):
        return True
    return are_many(sent, *IN_ALL)
