"""Counting tries at what may be tried a few times only."""

from datetime import datetime, timedelta

from django.db import connection, transaction

from members.models import Attempt

KEPT = timedelta(days=2)  # longer than any limit looks back


class TooMany(Exception):
    """It was tried too often; wait a while."""


@transaction.atomic
def count(what: str, most: int, within: timedelta, *, at: datetime) -> None:
    """Count a try before it is made. Raises TooMany.

    One at a time (the lock is held for a millisecond), so that of many at once no more than `most`
    are made.
    """
    wait_in_line(f"members.tries.{what}")
    check(what, most, within, at=at)
    Attempt.objects.create(what=what, tried_at=at)


def check(what: str, most: int, within: timedelta, *, at: datetime) -> None:
    """Only look whether it was tried too often. Raises TooMany."""
    tried = Attempt.objects.filter(what=what, tried_at__gt=at - within)
    if tried.count() >= most:
        raise TooMany


def wait_in_line(name: str) -> None:
    """Hold a lock of this name until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def forget_old(*, at: datetime) -> None:
    Attempt.objects.filter(tried_at__lt=at - KEPT).delete()
