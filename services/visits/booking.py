"""The one place where a visit's credit becomes transfers of the ledger."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID, uuid5

from django.db import connection

from ledger import accounts, spending
from ledger.accounts import ISSUANCE, POOL
from ledger.models import TransferKind
from ledger.periods import Placed
from ledger.policy import Credit
from ledger.spending import Source
from ledger.transfers import Leg
from services.models import Visit


def key_of(visit: Visit, act: str) -> UUID:
    """The key under which the ledger knows an act of this visit; the same act has the same key."""
    return uuid5(visit.key, act)


def account_of(visit: Visit) -> int:
    """The volunteer's time account, opened on the first hours."""
    return accounts.open_for(visit.area, [visit.volunteer.key])[visit.volunteer.key]


def first_open_day(community_id: int) -> date | None:
    """The day after the last closed month, which stays open until the transaction ends.

    None while nothing is closed. To be asked before anything is posted: who closes a month waits
    for postings under way, and those must not wait for them.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT services_open_day(%s, NULL)", [community_id])
        return cursor.fetchone()[0]


def placed(day: date, first_open: date | None) -> Placed:
    """Where hours of that day are booked: on it, or on the first open one beside their true day."""
    if first_open is None or day >= first_open:
        return Placed(day, None)
    return Placed(first_open, day)


def legs(credit: Credit, account: int, sources: Sequence[Source] = ()) -> list[Leg]:
    """What moves for a credit: to the volunteer, on to the pool; and what pays for it all.

    That is the elder's hours, from `sources` in their order, and the public pool. What is over the
    balance cap goes to the pool directly, so that the account's ceiling holds at every step.
    """
    earned = credit.banked + credit.donated
    every = [
        Leg(TransferKind.EARN, ISSUANCE, account, earned),
        Leg(TransferKind.DONATE, account, POOL, credit.donated),
        Leg(TransferKind.OVERFLOW, ISSUANCE, POOL, credit.overflow),
        *[
            Leg(TransferKind.REDEEM, source.account, ISSUANCE, source.minutes)
            for source in spending.draw(sources, credit.from_elder)
        ],
        Leg(TransferKind.POOL_COVER, POOL, ISSUANCE, credit.from_pool),
    ]
    return [leg for leg in every if leg.minutes]


def write_down(visit: Visit, credit: Credit) -> None:
    """Set the visit's three figures and the reasons for the rest."""
    visit.served_minutes = credit.served
    visit.bankable_minutes = credit.bankable
    visit.banked_minutes = credit.banked
    visit.not_banked = dict(credit.reasons)


FIGURES = ("served_minutes", "bankable_minutes", "banked_minutes", "not_banked")
