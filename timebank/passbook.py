"""A member's passbook: the lines of their time account, with the visit that each stands for."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Count, Sum
from django.utils.translation import gettext as _

from ledger import statements
from ledger.accounts import number_of
from ledger.models import Entry, Transfer, TransferKind
from members.models import Member
from services.models import Visit
from timebank.templatetags.figures import short_name


class Line(NamedTuple):
    """One movement, as a member reads it; minutes are signed."""

    seq: int
    day: date
    kind: str
    visit: Visit | None
    minutes: int
    balance: int
    is_reversal: bool


class Waiting(NamedTuple):
    """Visits that a second person has yet to confirm, and their minutes."""

    visits: int
    minutes: int


def opened(member: Member, *, at: datetime, before: int | None = None, limit: int) -> dict:
    """All that a page of the passbook shows: what is available at `at`, and a stretch of lines.

    `older` is the sequence number before which more lines stand, None when there are none.
    """
    account = number_of(member.area_id, member.key)
    shown = {"member": member, "at": at, "available": [0], "lines": [], "older": None}
    if account is None:
        return shown
    standing = statements.balance(member.area_id, account)
    found = lines(member, account, before=before, limit=limit)
    return shown | {
        "available": parts(standing.available),
        "lines": found,
        "older": found[-1].seq if found and found[-1].seq > 1 else None,
    }


def parts(minutes: int) -> list[int]:
    """Minutes as whole hours and the rest, each to be written without a break: 2124 → 2100, 24."""
    rest = minutes % 60
    return [part for part in (minutes - rest, rest) if part] or [0]


def lines(member: Member, account: int, *, before: int | None = None, limit: int) -> list[Line]:
    """The account's lines, the newest first, from the one before sequence number `before` on."""
    entries = statements.lines(member.area_id, account, before_seq=before, limit=limit)
    return described(member, entries)


def described(member: Member, entries: Sequence[Entry]) -> list[Line]:
    """What each entry of the member's account means, in the order given."""
    visits = _visits(member.area_id, entries)
    return [
        Line(
            seq=entry.seq,
            day=entry.effective_on,
            kind=str(TransferKind(entry.kind).label),
            visit=visits.get(entry.transfer_id),
            minutes=entry.amount,
            balance=entry.balance_after,
            is_reversal=entry.kind == TransferKind.REVERSAL,
        )
        for entry in entries
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


def waiting(member: Member) -> Waiting:
    """What the member has given and nobody has confirmed yet."""
    given = Visit.objects.filter(volunteer=member).waiting()
    found = given.aggregate(visits=Count("pk"), minutes=Sum("served_minutes", default=0))
    return Waiting(**found)


def _visits(community: int, entries: Sequence[Entry]) -> dict[int, Visit]:
    """The visit behind each entry, by transfer; behind a reversal the one that it undoes."""
    journals: dict[int, UUID] = {entry.transfer_id: entry.journal for entry in entries}
    undone = {entry.reverses: entry.transfer_id for entry in entries if entry.reverses}
    if undone:
        originals = Transfer.objects.filter(community=community, id__in=undone)
        for original, journal in originals.values_list("id", "journal"):
            journals[undone[original]] = journal
    visits = Visit.objects.filter(journal__in=journals.values())
    known = {v.journal: v for v in visits.select_related("category", "elder", "volunteer")}
    return {transfer: known[key] for transfer, key in journals.items() if key in known}
