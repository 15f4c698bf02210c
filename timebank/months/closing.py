"""Asking to close a month, deciding it, and storing the figures: docs/decisions/0009."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Min
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ledger import periods
from ledger.models import MovementRequest, Policy, Transfer
from members import access
from members.models import Area, User
from members.refusals import OwnEntry, Refusal
from services.models import ClosedMonth, MonthClosing, RegisterBatch, Visit
from timebank.months import overview
from timebank.reports.r1 import stored

State = MonthClosing.State
UNDER_WAY = (
    RegisterBatch.State.READING,
    RegisterBatch.State.PREPARED,
    RegisterBatch.State.APPLYING,
)


class NotItsTurn(Refusal):
    sentence = _("This month cannot be closed now: months are closed in order, when they are over.")


class NeedsReason(Refusal):
    sentence = _("Something of this month is still waiting. Say why it is closed all the same.")


class AskedBefore(Refusal):
    sentence = _("Somebody has asked to close this month already.")


class NotWaiting(Refusal):
    sentence = _("This was decided before.")


@dataclass(frozen=True)
class Waiting:
    """Work of a month that is not done: how much of what, and where to do it."""

    kind: str
    number: int
    sentence: str
    url: str


def due(community: Area, *, on: date) -> date | None:
    """The first day of the month to be closed next; None while it is not over.

    Where nothing is closed yet it is the month before `on`, with all that lie before it.
    """
    return overview.due(periods.closed_through(community.pk), on=on)


def waiting(community: Area, month: date) -> list[Waiting]:
    """What still waits for somebody and is about the month or one before it."""
    end = periods.last_day(month)
    visits = Visit.objects.waiting().filter(area=community, service_date__lte=end).count()
    registers = RegisterBatch.objects.filter(area=community, state__in=UNDER_WAY).count()
    movements = MovementRequest.objects.waiting().filter(area=community, on__lte=end).count()
    words = [
        ("visits", visits, ngettext("%d visit", "%d visits", visits), "visits_waiting"),
        (
            "registers",
            registers,
            ngettext("%d imported register", "%d imported registers", registers),
            "register_list",
        ),
        (
            "movements",
            movements,
            ngettext("%d movement of hours", "%d movements of hours", movements),
            "inbox",
        ),
    ]
    return [
        Waiting(kind, number, sentence % number, reverse(page))
        for kind, number, sentence, page in words
        if number
    ]


def needs_second_person(community: Area, *, on: date) -> bool:
    return Policy.objects.in_force(community, on).two_close_months


def ask(community: Area, month: date, *, by: User, at: datetime, reason: str = "") -> MonthClosing:
    """Close the month, or ask a second person to where the policy wants one.

    Repeat-safe: asked again by the same person, the first closing comes back as it stands now; of
    two at once one asks. Raises PermissionDenied, NotItsTurn, NeedsReason (something is waiting and
    no reason given), AskedBefore (by somebody else).
    """
    _check_right(community, by)
    month = month.replace(day=1)
    try:
        with transaction.atomic():
            return _known(community, month, by) or _asked(community, month, by, at, reason.strip())
    except IntegrityError as error:
        known = _known(community, month, by)
        if known is None:
            raise error
        return known


def approve(closing: MonthClosing, *, by: User, at: datetime) -> MonthClosing:
    """Close the month that somebody else asked to close.

    The closing is locked, so that it is decided once. Raises PermissionDenied, OwnEntry,
    NotWaiting, NotItsTurn.
    """
    with transaction.atomic():
        closing = _locked(closing, by)
        closing.approver = by
        _close(closing, at)
    return closing


@transaction.atomic
def send_back(closing: MonthClosing, *, by: User, at: datetime, reason: str) -> MonthClosing:
    """Leave the month open, and say why. Raises PermissionDenied, OwnEntry, NotWaiting."""
    closing = _locked(closing, by)
    closing.approver = by
    closing.return_reason = reason
    return _decided(closing, State.RETURNED, at)


@transaction.atomic
def withdraw(closing: MonthClosing, *, by: User, at: datetime) -> MonthClosing:
    """Take back what one asked for. Raises PermissionDenied (somebody else), NotWaiting."""
    closing = MonthClosing.objects.select_for_update(of=("self",)).get(pk=closing.pk)
    if closing.author_id != by.pk:
        raise PermissionDenied
    if closing.state != State.WAITING:
        raise NotWaiting
    return _decided(closing, State.WITHDRAWN, at)


def may_decide(closing: MonthClosing, *, by: User) -> bool:
    """Whether a page offers to close the month or to send it back."""
    mine = closing.author_id == by.pk
    return (
        closing.state == State.WAITING
        and not mine
        and access.may_change_reference(by, closing.area)
    )


def _check_right(community: Area, by: User) -> None:
    if community.level != Area.Level.COMMUNITY or not access.may_change_reference(by, community):
        raise PermissionDenied


def _known(community: Area, month: date, by: User) -> MonthClosing | None:
    found = MonthClosing.objects.filter(area=community, month=month)
    known = found.filter(state__in=[State.WAITING, State.CLOSED]).first()
    if known and known.state == State.WAITING and known.author_id != by.pk:
        raise AskedBefore
    return known


def _asked(community: Area, month: date, by: User, at: datetime, reason: str) -> MonthClosing:
    today = timezone.localdate(at)
    if month != due(community, on=today):
        raise NotItsTurn
    left = {one.kind: one.number for one in waiting(community, month)}
    if left and not reason:
        raise NeedsReason
    closing = MonthClosing.objects.create(
        area=community,
        month=month,
        state=State.WAITING,
        author=by,
        asked_at=at,
        reason=reason if left else "",
        left_waiting=left,
    )
    if not needs_second_person(community, on=today):
        _close(closing, at)
    return closing


def _locked(closing: MonthClosing, by: User) -> MonthClosing:
    closing = (
        MonthClosing.objects.select_for_update(of=("self",))
        .select_related("area", "author")
        .get(pk=closing.pk)
    )
    _check_right(closing.area, by)
    if closing.author_id == by.pk:
        raise OwnEntry
    if closing.state != State.WAITING:
        raise NotWaiting
    return closing


def _close(closing: MonthClosing, at: datetime) -> None:
    """Close the book first: it waits for postings under way, and the figures are final after it."""
    first = _first_month(closing.area, closing.month)
    author = closing.decided_by
    try:
        is_closed = periods.close_month(closing.area, closing.month, by=author, at=at)
    except (periods.NotOverYet, periods.EarlierMonthsOpen) as problem:
        raise NotItsTurn from problem
    if not is_closed:
        raise NotItsTurn
    _decided(closing, State.CLOSED, at)
    ClosedMonth.objects.bulk_create(
        ClosedMonth(
            area=closing.area,
            month=month,
            closing=closing,
            figures=stored.to_store(closing.area, month),
        )
        for month in _months(first, closing.month)
    )


def _decided(closing: MonthClosing, state: State, at: datetime) -> MonthClosing:
    closing.state = state
    closing.decided_at = at
    closing.save(update_fields=["state", "decided_at", "approver", "return_reason"])
    return closing


def _first_month(community: Area, month: date) -> date:
    """The first month to store: the one after the last closed one, or where the records begin."""
    closed = periods.closed_through(community.pk)
    if closed is not None:
        return closed + timedelta(days=1)
    visits = Visit.objects.filter(area=community).aggregate(day=Min("service_date"))["day"]
    hours = Transfer.objects.filter(community=community).aggregate(day=Min("effective_on"))["day"]
    return min(day for day in (visits, hours, month) if day).replace(day=1)


def _months(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=calendar.monthrange(first.year, first.month)[1])
