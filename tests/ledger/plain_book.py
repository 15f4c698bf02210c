"""Two communities' books in plain Python: what the ledger should do, in the fewest words.

Accounts are (community, number); a head stands for its stripes. A journal is a list of
(community, kind, debit, credit, minutes), refused as a whole or posted as a whole.
"""

import datetime
from collections import defaultdict

from ledger.accounts import CORRECTION, POOL
from ledger.models import AccountKind, TransferKind


class No(Exception):
    """Refused; the code is the first argument."""


class PlainBook:
    def __init__(self):
        self.posted = defaultdict(int)
        self.held = defaultdict(int)
        self.kind = {}
        self.holder = {}
        self.expires_on = {}
        self.peer = {}
        self.frozen = set()
        self.ceiling = {}
        self.closed = {}
        self.journals = {}
        self.reversed = set()
        self.holds = {}  # key → [(account, minutes)], while open

    def open(self, account, kind, holder=None, *, ceiling=None, expires_on=None):
        """Who is frozen stays so in what was given to them."""
        if holder in {self.holder.get(a) for a in self.frozen if a[0] == account[0]}:
            self.frozen.add(account)
        self.kind[account] = kind
        self.holder[account] = holder
        self.ceiling[account] = ceiling
        self.expires_on[account] = expires_on

    def of(self, community, holder):
        return sorted(a for a, h in self.holder.items() if h == holder and a[0] == community)

    def available(self, account):
        return self.posted[account] - self.held[account]

    def sources(self, community, holder, on):
        """Granted by earliest expiry, gifted, earned."""
        order = [AccountKind.GRANT, AccountKind.GIFTED, AccountKind.MEMBER]
        usable = [
            account
            for account in self.of(community, holder)
            if account not in self.frozen
            and self.available(account) > 0
            and (self.expires_on[account] or datetime.date.max) >= on
        ]
        return sorted(
            usable,
            key=lambda a: (order.index(self.kind[a]), self.expires_on[a] or datetime.date.max, a),
        )

    def objection(self, account, change, day):
        if account in self.frozen:
            return "frozen"
        if day <= self.closed.get(account[0], datetime.date.min):
            return "closed"
        has_floor = self.kind.get(account) in (
            AccountKind.MEMBER,
            AccountKind.GIFTED,
            AccountKind.GRANT,
        )
        if change < 0 and has_floor and self.available(account) + change < 0:
            return "floor"
        if change > 0 and self.posted[account] + change > (self.ceiling.get(account) or 10**12):
            return "ceiling"
        return None

    def move(self, legs, day):
        """Move what the legs say; what was moved before one is refused is taken back."""
        before = self.posted.copy()
        for community, _kind, debit, credit, minutes in legs:
            ends = [((community, debit), -minutes), ((community, credit), minutes)]
            for account, change in sorted(ends):  # the lower number is looked at first
                code = self.objection(account, change, day)
                if code:
                    self.posted = before
                    raise No(code)
            for account, change in ends:
                self.posted[account] += change

    def post(self, key, legs, day, hold=None):
        held = self.held.copy()
        if hold:
            if hold not in self.holds:
                raise No("already_resolved")
            for account, minutes in self.holds[hold]:
                self.held[account] -= minutes
        try:
            self.move(legs, day)
        except No:
            self.held = held
            raise
        self.holds.pop(hold, None)
        self.journals[key] = legs

    def reverse(self, key, original, day, makes_up):
        if original in self.reversed:
            raise No("already_reversed")
        legs = self.journals[original]
        mirror = [(c, TransferKind.REVERSAL, cr, d, m) for c, _k, d, cr, m in reversed(legs)]
        made_up = self.lacking(mirror) if makes_up else []
        in_order_of_books = sorted(mirror, key=lambda leg: leg[0])
        self.move(made_up + in_order_of_books, day)
        self.reversed.add(original)
        self.journals[key] = mirror

    def lacking(self, legs):
        """What the correction accounts have to give so that no account falls below its floor."""
        change, lowest = defaultdict(int), defaultdict(int)
        for community, _kind, debit, credit, minutes in legs:
            change[community, debit] -= minutes
            lowest[community, debit] = min(lowest[community, debit], change[community, debit])
            change[community, credit] += minutes
        return [
            (account[0], TransferKind.CORRECTION, CORRECTION, account[1], missing)
            for account, low in lowest.items()
            if self.holder.get(account) and (missing := -low - self.available(account)) > 0
        ]

    def reserve(self, key, parts):
        for account, minutes in parts:
            if account in self.frozen:
                raise No("frozen")
            if self.available(account) < minutes:
                raise No("floor")
        for account, minutes in parts:
            self.held[account] += minutes
        self.holds[key] = parts

    def release(self, key):
        if key not in self.holds:
            raise No("already_resolved")
        for account, minutes in self.holds.pop(key):
            self.held[account] -= minutes

    def close(self, key, community, holder, heir, day):
        own = self.of(community, holder)
        if any(account not in self.frozen for account in own):
            raise No("not_frozen")
        if any(self.held[account] for account in own):
            raise No("held")
        legs = [
            (
                community,
                TransferKind.CLOSURE,
                account[1],
                POOL if self.kind[account] == AccountKind.GRANT else heir,
                self.posted[account],
            )
            for account in own
            if self.posted[account]
        ]
        self.frozen -= set(own)
        try:
            self.move(legs, day)
        finally:
            self.frozen |= set(own)
        if legs:
            self.journals[key] = legs

    def cross(self, key, here, there, accounts, minutes, day):
        """Out of one book and into the other, over the two clearing accounts."""
        outward, inward = self.peer[here, there], self.peer[there, here]
        legs = [
            (here, TransferKind.MOVE_OUT, accounts[0], outward, minutes),
            (there, TransferKind.MOVE_IN, inward, accounts[1], minutes),
        ]
        self.move(legs, day)
        self.journals[key] = legs
