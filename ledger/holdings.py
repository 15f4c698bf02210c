"""All that a member has in the book of their community, account by account; read for pages."""

from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from ledger import accounts
from ledger.models import AccountKind, Balance, Entry
from ledger.statements import lines
from members.models import Member


@dataclass(frozen=True, slots=True)
class Holding:
    """One account: minutes posted, and those of them that are set aside; granted ones expire."""

    account: int
    kind: AccountKind
    posted: int
    held: int
    frozen: bool
    expires_on: date | None

    @property
    def free(self) -> int:
        return self.posted - self.held


@dataclass(frozen=True, slots=True)
class Holdings:
    """A member's accounts, the time account first; granted hours only while they are valid."""

    accounts: list[Holding]

    @property
    def earned(self) -> int:
        """Minutes that are not set aside, as in `gifted` and `granted`."""
        return self._free(AccountKind.MEMBER)

    @property
    def gifted(self) -> int:
        return self._free(AccountKind.GIFTED)

    @property
    def granted(self) -> int:
        return self._free(AccountKind.GRANT)

    @property
    def free(self) -> int:
        """All that can be used, unless the accounts are frozen."""
        return self.earned + self.gifted + self.granted

    @property
    def held(self) -> int:
        return sum(one.held for one in self.accounts)

    @property
    def frozen(self) -> bool:
        return any(one.frozen for one in self.accounts)

    @property
    def grants(self) -> list[Holding]:
        """What is left of each grant, the first to expire first."""
        return [one for one in self.accounts if one.kind == AccountKind.GRANT and one.posted]

    def _free(self, kind: AccountKind) -> int:
        return sum(one.free for one in self.accounts if one.kind == kind)


def of(member: Member) -> Holdings:
    """What the member has today; no accounts when nothing was ever posted to them."""
    today = timezone.localdate()
    opened = [
        account
        for account in accounts.of(member.area_id, member.key)
        if account.expires_on is None or account.expires_on >= today
    ]
    balances = {
        one.account_id: one
        for one in Balance.objects.filter(
            community=member.area_id, account_id__in=[account.id for account in opened]
        )
    }
    found = [
        Holding(
            account.id,
            AccountKind(account.kind),
            balances[account.id].posted,
            balances[account.id].held,
            balances[account.id].frozen,
            account.expires_on,
        )
        for account in opened
    ]
    return Holdings(sorted(found, key=lambda one: one.kind))


def last_lines(member: Member, *, limit: int) -> list[tuple[Entry, AccountKind]]:
    """The last entries of all accounts of the member, the newest first, each with its source."""
    opened = {account.id: account for account in accounts.of(member.area_id, member.key)}
    found: list[Entry] = []
    others = []
    for number, account in opened.items():
        if account.kind == AccountKind.MEMBER:
            found += lines(member.area_id, number, limit=limit)
        else:
            others.append(number)
    entries = Entry.objects.filter(community=member.area_id, account_id__in=others)
    found += entries.order_by("-recorded_at", "-transfer_id")[:limit]
    found.sort(key=lambda entry: (entry.recorded_at, entry.transfer_id), reverse=True)
    return [(entry, AccountKind(opened[entry.account_id].kind)) for entry in found[:limit]]
