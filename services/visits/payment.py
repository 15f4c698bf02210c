"""Whose hours paid for a visit, as the ledger has it: the elder's own, granted ones, the pool's."""

from dataclasses import dataclass

from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _

from ledger.hours import duration
from ledger.models import Account, AccountKind, Transfer, TransferKind
from services.models import Visit


@dataclass(frozen=True, slots=True)
class Payment:
    """Minutes by where they came from; `own` are those that the elder earned or was given."""

    own: int = 0
    granted: int = 0
    pool: int = 0

    @property
    def in_words(self) -> str:
        """One clause, or nothing where nothing was charged to anybody."""
        parts = [
            (self.own, _("%(time)s of the elder's own hours")),
            (self.granted, _("%(time)s of granted hours")),
            (self.pool, _("%(time)s by the public pool")),
        ]
        told = [words % {"time": duration(minutes)} for minutes, words in parts if minutes]
        return _("Paid: %(parts)s.") % {"parts": _(", ").join(told)} if told else ""


def of(visit: Visit) -> Payment:
    """What was charged when the visit was booked; nothing for one that moved no hours."""
    if visit.journal is None:
        return Payment()
    legs = Transfer.objects.filter(community=visit.area_id, journal=visit.journal)
    grants = Account.objects.filter(community=visit.area_id, kind=AccountKind.GRANT)
    redeemed = legs.filter(kind=TransferKind.REDEEM)
    charged = _sum(redeemed)
    granted = _sum(redeemed.filter(debit__in=grants.values("id"))) if charged else 0
    return Payment(
        own=charged - granted,
        granted=granted,
        pool=_sum(legs.filter(kind=TransferKind.POOL_COVER)),
    )


def _sum(legs: QuerySet[Transfer]) -> int:
    return int(legs.aggregate(minutes=Sum("amount", default=0))["minutes"])
