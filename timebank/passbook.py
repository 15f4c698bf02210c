"""A member's passbook: the lines of their accounts, with the visit that each stands for."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, Q, Sum
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger import accounts, statements
from ledger.models import AccountKind, Balance, Entry, Transfer, TransferKind
from members.models import Member
from services.models import Objection, Visit
from timebank.templatetags.figures import short_name

WORDS: dict[tuple[int, str], str | Promise] = {
    (TransferKind.DONATE, "out"): _("Donated to the public pool"),
    (TransferKind.GIFT, "out"): _("Given to a relative"),
    (TransferKind.GIFT, "in"): _("Given by a relative"),
    (TransferKind.GRANT, "in"): _("Granted by the community"),
    (TransferKind.GRANT_EXPIRY, "out"): _("Granted hours that ran out"),
    (TransferKind.REDEEM, "out"): _("Used for a visit"),
    (TransferKind.OPENING, "in"): _("From the paper passbook"),
    (TransferKind.MOVE_OUT, "out"): _("Moved to another community"),
    (TransferKind.MOVE_IN, "in"): _("Moved here from another community"),
    (TransferKind.CLOSURE, "out"): _("The account was closed"),
    (TransferKind.CLOSURE, "in"): _("Taken over from a closed account"),
    (TransferKind.CORRECTION, "in"): _("Made up for by the community"),
    (TransferKind.JOIN, "in"): _("Brought over from your other record"),
    (TransferKind.JOIN, "out"): _("Taken over to your other record"),
}


class Line(NamedTuple):
    """One movement, as a member reads it; minutes are signed."""

    transfer: int
    seq: int
    day: date
    kind: str
    visit: Visit | None
    minutes: int
    balance: int
    is_reversal: bool
    community: int
    journal: UUID
    objection: Objection | None = None  # the last one of the member's, where `marked` has looked

    def visit_of(self, member: Member) -> Visit | None:
        """The visit where the member was in it, and did not only pay for a relative."""
        visit = self.visit
        return visit if visit and member.pk in (visit.volunteer_id, visit.elder_id) else None


class Part(NamedTuple):
    """Minutes that are free to use, by where they come from; granted ones until a day."""

    source: AccountKind
    minutes: int
    until: date | None


class Waiting(NamedTuple):
    """Visits that a second person has yet to confirm, and their minutes."""

    visits: int
    minutes: int


def opened(member: Member, *, at: datetime, before: int | None = None, limit: int) -> dict:
    """All that a page of the passbook shows: what is available at `at`, where it comes from unless
    it was all earned, what is held, what lies on frozen accounts (None while they are open), and a
    stretch of lines of all the member's accounts.

    `older` is the transfer before which more lines stand, None when there are none.
    """
    found = accounts.of(member.area_id, member.key)
    balances = Balance.objects.filter(
        community=member.area_id, account_id__in=[account.id for account in found]
    )
    by_account = {balance.account_id: balance for balance in balances}
    is_frozen = any(balance.frozen for balance in by_account.values())
    free = [
        Part(AccountKind(account.kind), one.posted - one.held, account.expires_on)
        for account in found
        if not is_frozen
        and (one := by_account[account.id]).posted > one.held
        and (account.expires_on is None or account.expires_on >= timezone.localdate(at))
    ]
    held = sum(balance.held for balance in by_account.values())
    is_earned_alone = not held and all(part.source == AccountKind.MEMBER for part in free)
    shown = lines(member, list(by_account), before=before, limit=limit + 1)
    return {
        "member": member,
        "at": at,
        "available": parts(sum(part.minutes for part in free)),
        "sources": [] if is_earned_alone else free,
        "held": held,
        "frozen": sum(balance.posted for balance in by_account.values()) if is_frozen else None,
        "lines": marked(shown[:limit], member),
        "older": shown[limit - 1].transfer if len(shown) > limit else None,
    }


def parts(minutes: int) -> list[int]:
    """Minutes as whole hours and the rest, each to be written without a break: 2124 → 2100, 24."""
    rest = minutes % 60
    return [part for part in (minutes - rest, rest) if part] or [0]


def lines(
    member: Member, numbers: Sequence[int], *, before: int | None = None, limit: int
) -> list[Line]:
    """The lines of these accounts, the newest first, from the one before transfer `before` on."""
    entries = statements.lines_of_all(member.area_id, numbers, before=before, limit=limit)
    return described(member, entries)


def described(member: Member, entries: Sequence[Entry]) -> list[Line]:
    """What each entry of the member's accounts means, in the order given."""
    undone = _undone(entries)
    visits = _visits(entries, undone)
    return [
        Line(
            transfer=entry.transfer_id,
            seq=entry.seq,
            day=entry.effective_on,
            kind=str(_kind(entry, undone[entry.transfer_id].kind if entry.reverses else None)),
            visit=visits.get(entry.transfer_id),
            minutes=entry.amount,
            balance=entry.balance_after,
            is_reversal=entry.kind == TransferKind.REVERSAL,
            community=entry.community_id,
            journal=entry.journal,
        )
        for entry in entries
    ]


def of_journal(member: Member, community: int, journal: UUID) -> list[Line]:
    """The lines of the member's accounts in that book that were booked under the journal, marked;
    none when it is not theirs. Their balance is that of the account alone.
    """
    numbers = [account.id for account in accounts.of(community, member.key)]
    entries = Entry.objects.filter(community=community, account_id__in=numbers, journal=journal)
    return marked(described(member, list(entries.order_by("account_id", "seq"))), member)


def marked(lines: Sequence[Line], member: Member) -> list[Line]:
    """The lines, each with what the member said last against it."""
    if not lines:
        return []
    visits = [visit for line in lines if (visit := line.visit_of(member))]
    journals = [line.journal for line in lines]
    said = Objection.objects.filter(Q(visit__in=visits) | Q(journal__in=journals), member=member)
    last: dict[Any, Objection] = {
        one.visit_id or (one.area_id, one.journal): one for one in said.order_by("entered_at", "pk")
    }
    return [
        line._replace(objection=last.get(visit.pk if visit else (line.community, line.journal)))
        for line in lines
        for visit in [line.visit_of(member)]
    ]


def in_words(line: Line, member: Member) -> str:
    """What the line stands for, in plain text; the other person's name is shortened."""
    if line.visit is None:
        words = line.kind
    else:
        visit = line.visit
        other = visit.volunteer if visit.elder_id == member.pk else visit.elder
        words = f"{visit.category} {short_name(other.name)}"
    return f"{_('Undone:')} {words}" if line.is_reversal else words


def _kind(entry: Entry, undone: int | None) -> str | Promise:
    """The kind of a movement as the holder of the account would say it; `undone` is the kind of
    that which a reversal undoes, in whose words it is told."""
    kind, is_in = (entry.kind, entry.amount > 0) if undone is None else (undone, entry.amount < 0)
    return WORDS.get((kind, "in" if is_in else "out")) or TransferKind(kind).label


def waiting(member: Member) -> Waiting:
    """What the member has given and nobody has confirmed yet."""
    given = Visit.objects.filter(volunteer=member).waiting()
    found = given.aggregate(visits=Count("pk"), minutes=Sum("served_minutes", default=0))
    return Waiting(**found)


def _undone(entries: Sequence[Entry]) -> dict[int, Transfer]:
    """What each reversal among the entries undoes, by the transfer of the reversal."""
    mirrors = {entry.reverses: entry.transfer_id for entry in entries if entry.reverses}
    if not mirrors:
        return {}
    found = Transfer.objects.filter(community=entries[0].community_id, id__in=mirrors)
    return {mirrors[original.id]: original for original in found}


def _visits(entries: Sequence[Entry], undone: dict[int, Transfer]) -> dict[int, Visit]:
    """The visit behind each entry, by transfer; behind a reversal the one that it undoes."""
    if not entries:
        return {}
    journals: dict[int, UUID] = {entry.transfer_id: entry.journal for entry in entries}
    journals |= {transfer: original.journal for transfer, original in undone.items()}
    visits = Visit.objects.filter(journal__in=journals.values())
    known = {v.journal: v for v in visits.select_related("category", "elder", "volunteer")}
    return {transfer: known[key] for transfer, key in journals.items() if key in known}
