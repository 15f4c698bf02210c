"""Working days as China counts them: public holidays are off, make-up days are worked."""

from datetime import date, timedelta

from services.models import Holiday

MONDAY_TO_FRIDAY = range(5)


def passed(since: date, until: date) -> int:
    """How many working days lie after `since`, up to and including `until`.

    Whoever records a visit on the tenth working day after it is in time (Decree 67, art. 11).
    """
    days = [since + timedelta(n) for n in range(1, (until - since).days + 1)]
    if not days:
        return 0
    exceptions = dict(
        Holiday.objects.filter(day__gt=since, day__lte=until).values_list("day", "is_workday")
    )
    return sum(exceptions.get(day, day.weekday() in MONDAY_TO_FRIDAY) for day in days)


def after(since: date, days: int) -> date:
    """The working day that is `days` of them after `since`: the last one in time."""
    day = since
    while passed(since, day) < days:
        day += timedelta(days=1)
    return day
