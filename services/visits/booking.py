"""The one place where a visit's credit becomes transfers of the ledger."""

from collections.abc import Sequence
from uuid import UUID, uuid5

from ledger import accounts, spending
from ledger.accounts import ISSUANCE, POOL
from ledger.models import TransferKind
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
