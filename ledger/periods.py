"""Closed months: nothing is posted into them any more.

The figures of a closed month never change. What becomes known later is booked on the first open day
and keeps its true day in `relates_to`.
"""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db import connection, transaction
from django.utils import timezone

from ledger.models import Period
from members.models import Area, User


class NotOverYet(Exception):
    """A month is closed when its last day is past."""


class EarlierMonthsOpen(Exception):
    """Months are closed one after the other; `month` is the first that is open."""

    def __init__(self, month: date):
        super().__init__(month.isoformat())
        self.month = month


class Placed(NamedTuple):
    """The day for which an entry counts, and its true day where that lies in a closed month."""

    effective_on: date
    relates_to: date | None


def closed_through(community_id: int) -> date | None:
    """The last closed day of the book; None while nothing is closed."""
    periods = Period.objects.filter(community=community_id).order_by("-closed_through")
    return periods.values_list("closed_through", flat=True).first()


def placed(community_id: int, day: date) -> Placed:
    """Where an entry about `day` goes: on that day, or on the first open one.

    Closing at this very moment makes the posting be refused with `closed`; asked again it is right.
    """
    closed = closed_through(community_id)
    if closed is None or day > closed:
        return Placed(day, None)
    return Placed(closed + timedelta(days=1), day)


@transaction.atomic
def close_month(community: Area, month: date, *, by: User, at: datetime) -> bool:
    """Close the month of that day; False when it was closed before.

    Waits for postings under way. What is read after it in the same transaction is final for the
    month. The first month that is closed may be any; all before it are closed with it. Raises
    NotOverYet, EarlierMonthsOpen.
    """
    end = last_day(month)
    if end >= timezone.localdate(at):
        raise NotOverYet
    closed = closed_through(community.pk)
    if closed is not None and closed < end:
        next_open = closed + timedelta(days=1)
        if last_day(next_open) != end:
            raise EarlierMonthsOpen(next_open)
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_close_period(%s, %s, %s)", [community.pk, end, by.pk])
        return cursor.fetchone()[0]


def last_day(month: date) -> date:
    """The last day of the month of that day."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
