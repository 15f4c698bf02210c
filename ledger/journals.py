"""What was booked together, as people read it: every leg with the names of both its accounts."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger.models import Account, AccountKind, Transfer, TransferKind
from members.models import Member

# What only a visit books: such a journal is undone where the visit is, which then says so.
OF_A_VISIT = {TransferKind.EARN, TransferKind.POOL_COVER, TransferKind.OVERFLOW}
NOT_REVERSED: dict[TransferKind, str | Promise] = {
    **dict.fromkeys(OF_A_VISIT, _("This was booked for a visit. Undo the visit itself.")),
    **dict.fromkeys(
        (TransferKind.REVERSAL, TransferKind.CORRECTION),
        _("This is a reversal itself. Enter what is right anew."),
    ),
    TransferKind.JOIN: _("Two records were joined. Take the merge back on its own page."),
    TransferKind.GRANT_EXPIRY: _("The day until which these hours were valid has passed."),
}
WAS_REVERSED = _("This was reversed before.")


@dataclass(frozen=True, slots=True)
class Side:
    """An account by its kind and, where a member holds it, the member."""

    kind: str
    member: Member | None


@dataclass(frozen=True, slots=True)
class Leg:
    """Minutes from one account to another, the day for which they count, and when it was booked."""

    kind: TransferKind
    debit: Side
    credit: Side
    minutes: int
    day: date
    recorded_at: datetime


def legs(community_id: int, journal: UUID) -> list[Leg]:
    """All that was booked under the journal in that book, in order; nothing when there is none."""
    booked = list(Transfer.objects.filter(community=community_id, journal=journal).order_by("leg"))
    sides = _sides(community_id, {number for t in booked for number in (t.debit, t.credit)})
    return [
        Leg(
            TransferKind(t.kind),
            sides[t.debit],
            sides[t.credit],
            t.amount,
            t.relates_to or t.effective_on,
            t.recorded_at,
        )
        for t in booked
    ]


def objections(community_id: int, journals: Iterable[UUID]) -> dict[UUID, str | Promise]:
    """Why each of the journals cannot be reversed, in a sentence; those without one can be."""
    booked = list(
        Transfer.objects.filter(community=community_id, journal__in=set(journals)).values_list(
            "journal", "id", "kind"
        )
    )
    reversed_ids = set(
        Transfer.objects.filter(
            community=community_id, reverses__in=[number for _journal, number, _kind in booked]
        ).values_list("reverses", flat=True)
    )
    found: dict[UUID, str | Promise] = {}
    for journal, number, kind in booked:
        if number in reversed_ids:
            found[journal] = WAS_REVERSED
        elif (sentence := NOT_REVERSED.get(TransferKind(kind))) is not None:
            found.setdefault(journal, sentence)
    return found


def _sides(community_id: int, numbers: Collection[int]) -> dict[int, Side]:
    accounts = list(Account.objects.filter(community=community_id, id__in=numbers))
    holders = [account.holder for account in accounts if account.holder]
    members = {one.key: one for one in Member.objects.filter(key__in=holders)}
    return {
        account.id: Side(
            str(AccountKind(account.kind).label),
            members.get(account.holder) if account.holder else None,
        )
        for account in accounts
    }
