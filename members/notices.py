"""Messages to people's phones: written down, sent by the worker, tried again, looked after."""

from datetime import datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import get_language
from procrastinate.contrib.django import app

from members import codes, delivery, messages, phones
from members.models import Member, Notice, SignInCode, User

TRIES = 7  # over nearly six hours, by the waits of `members.tasks.deliver`
CLAIMED_FOR = timedelta(seconds=3 * delivery.TIMEOUT)
KEPT = timedelta(days=365)
WITHHELD_KEPT = timedelta(days=2)
State, Error = Notice.State, Notice.Error


class TryAgain(Exception):
    """It has not gone out yet; the worker comes again."""


class NothingToRepeat(Exception):
    """It was sent, waits, was set aside, or is a code that has become too old."""


def send(
    member: Member, template: str, *, at: datetime, variables: dict[str, str] | None = None
) -> Notice:
    """Have a message sent to the member's first mobile, not in the hours of quiet.

    Variables are kept: never put a secret, a link or another person's name there.
    """
    given = variables or {}
    if any("://" in value for value in given.values()):
        raise ValueError("a message has no links in it")
    notice = _write(member=member, template=template, variables=given, made_at=at)
    _enqueue(notice, at=at)
    return notice


def send_code(code: SignInCode, *, template: str, at: datetime) -> Notice:
    """Have the digits of a code sent, whoever has the phone; the worker finds out who."""
    notice = _write(code=code, template=template, made_at=at, phone_end=phones.mask(code.number))
    _enqueue(notice, at=at)
    return notice


def deliver(pk: int, *, at: datetime) -> None:
    """Make one try. Raises TryAgain when the worker is to come again.

    The notice is claimed in a statement of its own before anything leaves the house: of two
    workers one sends. After a crash in between it is sent again with the same id, by which the
    provider can tell; it is better that a code comes twice than not at all.
    """
    mine = Notice.objects.filter(Q(busy_until=None) | Q(busy_until__lt=at), pk=pk, state="waiting")
    if not mine.update(tries=F("tries") + 1, tried_at=at, busy_until=at + CLAIMED_FOR):
        if Notice.objects.filter(pk=pk, state="waiting").exists():
            raise TryAgain
        return
    notice = Notice.objects.select_related("code", "member").get(pk=pk)
    if not notice.code and (later := _after_quiet_hours(at)) > at:
        Notice.objects.filter(pk=pk).update(tries=F("tries") - 1, busy_until=None)
        _enqueue(notice, at=later)
        return
    _try(notice, at)


@transaction.atomic
def send_again(notice: Notice, *, by: User, at: datetime) -> None:
    """Try once more what failed, with the same id. Raises NothingToRepeat."""
    notice = Notice.objects.select_for_update(of=("self",)).get(pk=notice.pk)
    if not may_be_repeated(notice, at=at):
        raise NothingToRepeat
    notice.state, notice.ended_at, notice.error, notice.tries = State.WAITING, None, "", 0
    notice.busy_until = None
    notice.save(update_fields=["state", "ended_at", "error", "tries", "busy_until"])
    _enqueue(notice, at=at)


def may_be_repeated(notice: Notice, *, at: datetime) -> bool:
    if notice.state not in Notice.FAILED_STATES or notice.set_aside_at:
        return False
    return not _is_code(notice) or bool(notice.code and codes.is_fresh(notice.code, at=at))


def set_aside(notice: Notice, *, by: User, at: datetime) -> None:
    """Somebody has taken care of it; it leaves the list."""
    failed = Notice.objects.filter(pk=notice.pk, state__in=Notice.FAILED_STATES, set_aside_at=None)
    failed.update(set_aside_at=at, set_aside_by=by)


def forget_old(*, at: datetime) -> None:
    """Numbers that nobody has are forgotten with their codes, all else after a year."""
    Notice.objects.filter(made_at__lt=at - KEPT).delete()
    Notice.objects.filter(state=State.WITHHELD, made_at__lt=at - WITHHELD_KEPT).delete()


def _write(**fields) -> Notice:  # type: ignore[no-untyped-def]
    if fields["template"] not in messages.WORDS:
        raise ValueError("there is no such template")
    return Notice.objects.create(language=get_language() or settings.LANGUAGE_CODE, **fields)


def _enqueue(notice: Notice, *, at: datetime) -> None:
    """In the same transaction: there is no message without its job, and no job without it."""
    task = app.configure_task("members.tasks.deliver", schedule_at=at)
    task.defer(notice=notice.pk)


def _try(notice: Notice, at: datetime) -> None:
    number = _number(notice)
    if notice.code and not notice.member:
        return _end(notice, State.WITHHELD, at)
    if notice.code and not codes.is_fresh(notice.code, at=at):
        return _end(notice, State.GIVEN_UP, at, Error.TOO_LATE)
    if not number:
        return _end(notice, State.FAILED, at, Error.NO_PHONE)
    try:
        delivery.deliver(_letter(notice, number))
    except delivery.Refused as refusal:
        return _end(notice, State.FAILED, at, refusal.error)
    except delivery.Failed as refusal:
        if notice.tries >= TRIES:
            return _end(notice, State.GIVEN_UP, at, refusal.error)
        _change(notice, error=refusal.error, busy_until=None)
        raise TryAgain from refusal
    return _end(notice, State.SENT, at)


def _number(notice: Notice) -> str:
    """Where it goes; of a code also who has that phone, the first when several do."""
    if notice.code:
        found = codes.holders(notice.code.number)
        notice.member = found[0] if found else None
        return notice.code.number
    if notice.member is None:
        return ""
    numbers = (phone.number for phone in notice.member.phones.order_by("pk"))
    number = next((each for each in numbers if phones.is_mobile(each)), "")
    notice.phone_end = phones.mask(number) if number else ""
    return number


def _letter(notice: Notice, number: str) -> delivery.Letter:
    variables = {"programme": str(settings.PROGRAMME_NAME), "staff_phone": settings.STAFF_PHONE}
    if notice.code:
        variables["code"] = codes.digits(notice.code.key)
    return delivery.Letter(
        id=str(notice.key),
        to=number,
        template=notice.template,
        variables=variables | notice.variables,
        language=notice.language,
    )


def _end(notice: Notice, state: str, at: datetime, error: str = "") -> None:
    _change(notice, state=state, error=error, ended_at=at, busy_until=None)


def _change(notice: Notice, **fields) -> None:  # type: ignore[no-untyped-def]
    fields |= {"member": notice.member, "phone_end": notice.phone_end}
    Notice.objects.filter(pk=notice.pk, state=State.WAITING).update(**fields)


def _is_code(notice: Notice) -> bool:
    return notice.template.endswith("_code")


def _after_quiet_hours(at: datetime) -> datetime:
    """The moment itself, or when the quiet that it falls into is over."""
    begins, ends = settings.QUIET_HOURS
    local = timezone.localtime(at)
    is_quiet = (
        begins <= local.hour < ends
        if begins < ends
        else begins != ends and (local.hour >= begins or local.hour < ends)
    )
    if not is_quiet:
        return at
    day = local.date() + timedelta(days=local.hour >= ends)
    return timezone.make_aware(datetime.combine(day, time(ends)))
