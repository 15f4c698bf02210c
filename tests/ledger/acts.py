"""What somebody may send to the ledger at a moment: how to send it, and what the plain book says.

An act has a key of its own and may be sent as often as one likes, on any connection.
"""

import copy
import datetime
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from ledger.models import AccountKind, TransferKind

from .desk import ISSUANCE, LATER, PAST, POOL
from .plain_book import No, PlainBook

DAYS = [datetime.date(2020, month, 15) for month in (1, 2, 3)]
ENDS = [datetime.date(2020, 1, 31), datetime.date(2020, 2, 29)]
FAR = datetime.date(2090, 1, 1)


@dataclass(frozen=True)
class Act:
    name: str
    key: uuid.UUID
    send: Callable  # of a connection: why it was refused, or None
    expect: Callable  # of a plain book: raises No when it is refused
    keeps: bool = True  # whether a second sending is told by its key
    hold: uuid.UUID | None = None  # that which it resolves, and has in hand until it is committed


class TwoBooks(PlainBook):
    """The plain book, and what became of each key."""

    def __init__(self):
        super().__init__()
        self.outcomes = {}

    def after(self, act):
        """Another book with the act done, and why it was refused."""
        book = copy.copy(self)
        for name, value in vars(self).items():
            setattr(book, name, copy.copy(value))
        if act.key in book.outcomes:
            return book, book.outcomes[act.key]
        code = None
        try:
            act.expect(book)
        except No as no:
            (code,) = no.args
        if act.keeps:
            book.outcomes[act.key] = code
        return book, code


class Acts:
    """Makes acts about the desk's two books from a few numbers that chance has given."""

    def __init__(self, desk, book):
        self.desk = desk
        self.book = book
        self.gifted = {}
        self.grants = []
        self.holds = {}
        for name, account in zip(("wang", "li", "zhang"), self.own(), strict=True):
            for community, number in account:
                book.open((community, number), AccountKind.MEMBER, name, ceiling=500)
        for name in desk.holders:
            (number,) = desk.web.execute(
                "SELECT id FROM ledger_open_gifted(%s, %s::uuid[])",
                [desk.here, [desk.holders[name]]],
            ).fetchone()
            self.gifted[name] = number
            book.open((desk.here, number), AccountKind.GIFTED, name)
        self.open_clearing()

    def own(self):
        desk = self.desk
        there = desk.open(desk.there)
        here = (desk.wang, desk.li, desk.zhang)
        return [((desk.here, a), (desk.there, b)) for a, b in zip(here, there, strict=True)]

    def open_clearing(self):
        assert self.desk.move(1) == "floor"  # the first move opens them, refused or not
        rows = self.desk.web.execute(
            "SELECT community_id, peer, id FROM ledger_account WHERE kind = 5 AND peer = ANY (%s)",
            [[self.desk.here, self.desk.there]],
        )
        for community, peer, number in rows:
            self.book.peer[community, peer] = number

    def account(self, name):
        return {"wang": self.desk.wang, "li": self.desk.li, "zhang": self.desk.zhang}[name]

    def legs(self, name, kind, *legs, day, hold=None, key=None):
        """One leg by ledger_post, several (or of a hold) by ledger_post_journal."""
        key, here = key or uuid.uuid4(), self.desk.here
        said = {"key": key, "kind": int(kind), "day": day}
        if len(legs) == 1 and not hold:
            send = lambda on: self.desk.post(*legs[0], on=on, **said)  # noqa: E731
        else:
            send = lambda on: self.desk.journal(*legs, hold=hold, on=on, **said)  # noqa: E731
        given = [(here, int(kind), *leg) for leg in legs]
        return Act(name, key, send, lambda book: book.post(key, given, day, hold), hold=hold)

    def earn(self, who, other, minutes, day):
        return self.legs("earn", TransferKind.EARN, (ISSUANCE, self.account(who), minutes), day=day)

    def donate(self, who, other, minutes, day):
        return self.legs("donate", TransferKind.DONATE, (self.account(who), POOL, minutes), day=day)

    def cover(self, who, other, minutes, day):
        return self.legs("cover", TransferKind.POOL_COVER, (POOL, ISSUANCE, minutes), day=day)

    def give(self, who, other, minutes, day):
        leg = (self.account(who), self.gifted[other], minutes)
        return self.legs("gift", TransferKind.GIFT, leg, day=day)

    def open_from_paper(self, who, other, minutes, day):
        leg = (ISSUANCE, self.account(who), minutes)
        return self.legs("opening", TransferKind.OPENING, leg, day=day)

    def redeem(self, who, other, minutes, day):
        own, given = (self.account(who), minutes), (self.gifted[who], minutes // 3 + 1)
        legs = [(account, ISSUANCE, part) for account, part in (given, own)]
        return self.legs("redeem", TransferKind.REDEEM, *legs, day=day)

    def grant(self, who, other, minutes, day):
        number, key = self.desk.grant_account(who)
        self.book.open((self.desk.here, number), AccountKind.GRANT, who, expires_on=FAR)
        self.grants.append(number)
        return self.legs("grant", TransferKind.GRANT, (POOL, number, minutes), day=day, key=key)

    def expire_grant(self, who, other, minutes, day):
        if not self.grants:
            return self.grant(who, other, minutes, day)
        number = self.grants[minutes % len(self.grants)]
        left = max(self.book.available((self.desk.here, number)), 1)
        return self.legs("expiry", TransferKind.GRANT_EXPIRY, (number, POOL, left), day=day)

    def batch(self, who, other, minutes, day):
        """Visits of a register: earned, donated, passed on; none of them when one is refused."""
        keys = [uuid.uuid4() for _ in range(3)]
        own, here = self.account(who), self.desk.here
        legs = [(ISSUANCE, own, minutes), (own, POOL, minutes), (own, self.account(other), 5)]
        if who == other:
            legs.pop()

        def send(on):
            outcome = self.desk.batch(*legs, keys=keys[: len(legs)], day=day, on=on)
            return None if isinstance(outcome, int) else outcome

        def expect(book):
            before = book.posted.copy(), book.journals.copy()
            try:
                for key, leg in zip(keys, legs, strict=False):
                    book.post(key, [(here, 1, *leg)], day)
            except No:
                book.posted, book.journals = before
                raise

        return Act("batch", keys[0], send, expect, keeps=False)

    def reserve(self, who, other, minutes, day):
        key, until = uuid.uuid4(), PAST if minutes % 4 == 0 else LATER
        parts = [(self.gifted[who], minutes // 2 + 1), (self.account(who), minutes)]
        parts = parts[minutes % 2 :]
        self.holds[key] = (parts, until)
        expected = [((self.desk.here, account), part) for account, part in parts]
        return Act(
            "hold",
            key,
            lambda on: self.desk.reserve(*parts, key=key, until=until, on=on),
            lambda book: book.reserve(key, expected),
        )

    def known_hold(self, minutes):
        """One that stands or has stood: whoever comes late is told that it is resolved."""
        rows = self.desk.web.execute(
            "SELECT DISTINCT key FROM ledger_hold WHERE community_id = %s ORDER BY key",
            [self.desk.here],
        ).fetchall()
        return rows[minutes % len(rows)][0] if rows else None

    def charge(self, who, other, minutes, day):
        hold = self.known_hold(minutes)
        if hold is None:
            return self.reserve(who, other, minutes, day)
        parts = [(account, min(part, minutes)) for account, part in self.holds[hold][0]]
        legs = [(account, ISSUANCE, part) for account, part in parts]
        return self.legs("charge", TransferKind.REDEEM, *legs, day=day, hold=hold)

    def release(self, who, other, minutes, day):
        hold, key = self.known_hold(minutes), uuid.uuid4()
        if hold is None:
            return self.reserve(who, other, minutes, day)
        return Act(
            "release",
            key,
            lambda on: self.desk.release(hold, key=key, on=on),
            lambda book: book.release(hold),
            hold=hold,
        )

    def reverse(self, who, other, minutes, day):
        if not self.book.journals:
            return self.earn(who, other, minutes, day)
        original = list(self.book.journals)[minutes % len(self.book.journals)]
        asked_in = min(leg[0] for leg in self.book.journals[original])
        key, made_up = uuid.uuid4(), uuid.uuid4() if minutes % 3 == 0 else None
        said = {"key": key, "made_up": made_up, "day": day, "book": asked_in}
        return Act(
            "reversal",
            key,
            lambda on: self.desk.reverse(original, on=on, **said),
            lambda book: book.reverse(key, original, day, bool(made_up)),
        )

    def move(self, who, other, minutes, day):
        key, here, there = uuid.uuid4(), self.desk.here, self.desk.there
        ends = (self.desk.wang, self.desk.wang_there)
        if minutes % 2:
            here, there, ends = there, here, ends[::-1]
        return Act(
            "move",
            key,
            lambda on: self.desk.move(minutes, key=key, day=day, ends=(here, there, *ends), on=on),
            lambda book: book.cross(key, here, there, ends, minutes, day),
        )

    def close(self, who, other, minutes, day):
        key = uuid.uuid4()
        heir = POOL if who == other else self.gifted[other]
        return Act(
            "closure",
            key,
            lambda on: self.desk.close(who, heir, key=key, day=day, on=on),
            lambda book: book.close(key, self.desk.here, who, heir, day),
            keeps=False,
        )

    def freeze(self, who, other, minutes, day):
        """All accounts of a holder, in ascending order; thawed when they were frozen."""
        accounts = self.book.of(self.desk.here, who)
        frozen = not set(accounts) & self.book.frozen

        def send(on):
            for account in accounts:
                ceiling = self.book.ceiling[account]
                self.desk.freeze(account[1], frozen=frozen, ceiling=ceiling, on=on)

        def expect(book):
            book.frozen = book.frozen - set(accounts) | (set(accounts) if frozen else set())

        return Act("freeze", uuid.uuid4(), send, expect, keeps=False)

    def close_month(self, who, other, minutes, day):
        end, here = ENDS[minutes % 2], self.desk.here

        def send(on):
            self.desk.close_period(end, on=on)  # false when it was closed, which is no refusal

        def expect(book):
            book.closed[here] = max(end, book.closed.get(here, end))

        return Act("month", uuid.uuid4(), send, expect, keeps=False)

    def expire_holds(self, who, other, minutes, day):
        def send(on):
            on.execute("SELECT ledger_expire_holds(now())")

        return Act("holds expire", uuid.uuid4(), send, self.expiring(), keeps=False)

    def expiring(self, but=None):
        """What the plain book does when holds expire; one in somebody's hand waits for later."""

        def expect(book):
            for key in [k for k in book.holds if self.holds[k][1] == PAST and k != but]:
                book.release(key)

        return expect


# Earning comes up more often, or most of what follows would be refused for want of hours.
KINDS = [
    *(["earn"] * 4),
    *("donate", "cover", "give", "open_from_paper", "redeem", "grant", "expire_grant", "batch"),
    *("reserve", "reserve", "charge", "charge", "release", "expire_holds"),
    *("reverse", "reverse", "move", "close", "freeze", "close_month"),
]
