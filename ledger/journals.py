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

    def __str__(self) -> str:
        return str(self.member or self.kind)


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
    return legs_of_many([(community_id, journal)]).get((community_id, journal), [])


def legs_of_many(names: Iterable[tuple[int, UUID]]) -> dict[tuple[int, UUID], list[Leg]]:
    """The legs of each of these journals, by its community and key."""
    wanted = set(names)
    booked = [
        transfer
        for transfer in Transfer.objects.filter(
            community__in={community for community, _journal in wanted},
            journal__in=[journal for _community, journal in wanted],
        ).order_by("leg")
        if (transfer.community_id, transfer.journal) in wanted
    ]
    sides = _sides({(t.community_id, number) for t in booked for number in (t.debit, t.credit)})
    found: dict[tuple[int, UUID], list[Leg]] = {}
    for t in booked:
        leg = Leg(
            TransferKind(t.kind),
            sides[t.community_id, t.debit],
            sides[t.community_id, t.credit],
            t.amount,
            t.relates_to or t.effective_on,
            t.recorded_at,
        )
        found.setdefault((t.community_id, t.journal), []).append(leg)
    return found


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


def _sides(names: Collection[tuple[int, int]]) -> dict[tuple[int, int], Side]:
    accounts = list(
        Account.objects.filter(
            community__in={community for community, _number in names},
            id__in=[number for _community, number in names],
        )
    )
    holders = [account.holder for account in accounts if account.holder]
    members = {one.key: one for one in Member.objects.filter(key__in=holders)}
    return {
        (account.community_id, account.id): Side(
            str(AccountKind(account.kind).label),
            members.get(account.holder) if account.holder else None,
        )
        for account in accounts
    }
