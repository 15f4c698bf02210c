"""How often codes may be looked up: enough for people, too little for guessing or collecting."""

from datetime import datetime, timedelta

from services.papers.models import CodeLookup

PER_ADDRESS = (60, timedelta(minutes=10))
IN_ALL = (3000, timedelta(hours=1))
KEPT = timedelta(hours=1)  # as long as the longest limit looks back


class TooManyLookups(Exception):
    """This address, or all together, have asked too often; wait a while."""


def count(address: str | None, *, at: datetime) -> None:
    """Count one look-up. Raises TooManyLookups; what is refused does not count.

    Each is written down before the limits are counted, in statements of their own: of many at
    once no more pass than the limit says. Do not call it in a transaction.
    """
    CodeLookup.objects.filter(at__lt=at - KEPT).delete()
    lookup = CodeLookup.objects.create(address=address, at=at)
    lookups = CodeLookup.objects.all()
    limits = ((lookups.filter(address=address), *PER_ADDRESS), (lookups, *IN_ALL))
    if any(rows.filter(at__gt=at - span).count() > most for rows, most, span in limits):
        lookup.delete()
        raise TooManyLookups
