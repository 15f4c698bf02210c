"""Random movements of every kind, in two books, against a plain one; every invariant each step."""

import datetime
import itertools
import uuid

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ledger import accounts, grants, holds, periods, spending, transfers
from ledger.accounts import ISSUANCE, POOL
from ledger.models import (
    Account,
    AccountKind,
    Balance,
    Entry,
    Hold,
    HoldResolution,
    Transfer,
    TransferKind,
)
from ledger.spending import Source
from ledger.transfers import Leg, Refused
from ledger.verification import verify
from members.models import Area

from .conftest import CHECKER, CLERK
from .machines import run_from_nothing
from .plain_book import No, PlainBook

NAMES = ["wang", "li", "zhang"]
DAYS = [datetime.date(2020, month, 15) for month in (1, 2, 3)]
ENDS = [datetime.date(2020, 1, 31), datetime.date(2020, 2, 29)]
FOREVER = datetime.datetime(2090, 1, 1, tzinfo=datetime.UTC)
PAST = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
EXPIRIES = [datetime.date(2020, 2, 10), datetime.date(2020, 3, 31), datetime.date(2090, 1, 1)]

who = st.sampled_from(NAMES)
book = st.sampled_from([0, 1])
minutes = st.integers(1, 90)
days = st.sampled_from(DAYS)


def outcome_of(call):
    """The code of the refusal, if it is one, and what the call returned."""
    try:
        return None, call()
    except Refused as refused:
        return refused.code, None


class Movements(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        codes = ("530111001001", "530111001002")
        self.areas = [Area.objects.get(code=code) for code in codes]
        self.holder = {name: uuid.uuid4() for name in NAMES}
        self.model = PlainBook()
        self.own = {}
        self.sent = []
        self.runs = 0
        for area in self.areas:
            for name in NAMES:  # one by one, so that their numbers are in this order
                (number,) = accounts.open_for(area, [self.holder[name]]).values()
                limits = {"floor": 0, "ceiling": 400, "frozen": False, "by": CLERK}
                accounts.set_limits(area.pk, number, **limits)
                account = (area.pk, number)
                self.own[area.pk, name] = number
                self.model.open(account, AccountKind.MEMBER, name, ceiling=400)
        self.clearing()
        for name in NAMES:  # or most of what follows would be refused for want of hours
            self.earn(where=0, name=name, m=200, day=DAYS[2], late=True)
            self.earn(where=1, name=name, m=200, day=DAYS[2], late=True)
            self.give(where=0, giver=name, to="wang", m=20, day=DAYS[2])
            self.grant(where=0, name=name, m=30, day=DAYS[2], until=EXPIRIES[1])

    def clearing(self):
        """Open the clearing accounts as the first move does, and tell the model their numbers."""
        here, there = self.areas
        ends = [(self.own[here.pk, "wang"], self.own[there.pk, "wang"], 1)]
        with pytest.raises(Refused, match="floor"):
            transfers.move(here.pk, there.pk, uuid.uuid4(), ends, effective_on=DAYS[0], by=CLERK)
        for account in Account.objects.filter(kind=AccountKind.CLEARING):
            self.model.peer[account.community_id, account.peer] = account.id

    def attempt(self, expected, call):
        """Both do the same; what is refused changes nothing; sent again it has the same outcome."""
        before = self.rows()
        expected_code = None
        try:
            expected()
        except No as no:
            (expected_code,) = no.args
        code, outcome = outcome_of(call)
        assert code == expected_code
        if code:
            assert self.rows() == before
        self.sent.append((call, code, outcome))

    def rows(self):
        balances = Balance.objects.order_by("community_id", "account_id").values_list()
        return list(balances), [t.objects.count() for t in (Transfer, Hold, HoldResolution)]

    def placed(self, *communities, day):
        closed = [self.model.closed.get(c, datetime.date.min) for c in communities]
        return max(day, max(closed) + datetime.timedelta(days=1))

    def post(self, community, legs, day, *, late=True, hold=None):
        """Post legs about a day: where it is open, or straight into the closed month."""
        key = uuid.uuid4()
        on = periods.placed(community, day) if late else periods.Placed(day, None)
        said = {"by": CLERK, "approver": CHECKER, **on._asdict()}
        given = [(community, *leg) for leg in legs]
        if len(legs) == 1 and hold is None:
            call = lambda: transfers.post(community, key, Leg(*legs[0]), **said)  # noqa: E731
        else:
            call = lambda: transfers.post_journal(  # noqa: E731
                community, key, [Leg(*leg) for leg in legs], hold=hold, **said
            )
        self.attempt(lambda: self.model.post(key, given, on.effective_on, hold), call)

    @rule(where=book, name=who, m=minutes, day=days, late=st.booleans())
    def earn(self, where, name, m, day, late):
        community = self.areas[where].pk
        leg = (TransferKind.EARN, ISSUANCE, self.own[community, name], m)
        self.post(community, [leg], day, late=late)

    @rule(where=book, name=who, m=minutes, day=days)
    def open_from_paper(self, where, name, m, day):
        community = self.areas[where].pk
        self.post(
            community,
            [(TransferKind.OPENING, ISSUANCE, self.own[community, name], m)],
            day,
        )

    @rule(where=book, name=who, m=minutes, day=days)
    def earn_and_donate_with_cover(self, where, name, m, day):
        community = self.areas[where].pk
        account = self.own[community, name]
        legs = [
            (TransferKind.EARN, ISSUANCE, account, m),
            (TransferKind.DONATE, account, POOL, m),
            (TransferKind.POOL_COVER, POOL, ISSUANCE, m),
        ]
        self.post(community, legs, day)

    @rule(where=book, giver=who, to=who, m=minutes, day=days)
    def give(self, where, giver, to, m, day):
        area = self.areas[where]
        number = accounts.open_gifted(area, self.holder[to])
        if (area.pk, number) not in self.model.kind:
            self.model.open((area.pk, number), AccountKind.GIFTED, to)
        self.post(area.pk, [(TransferKind.GIFT, self.own[area.pk, giver], number, m)], day)

    @rule(where=book, name=who, m=minutes, day=days, until=st.sampled_from(EXPIRIES))
    def grant(self, where, name, m, day, until):
        area, key = self.areas[where], uuid.uuid4()
        opened = accounts.open_grants(
            area, {key: self.holder[name]}, purpose="special", expires_on=until
        )
        self.model.open((area.pk, opened[key]), AccountKind.GRANT, name, expires_on=until)
        on = periods.placed(area.pk, day)
        leg = (TransferKind.GRANT, POOL, opened[key], m)
        self.attempt(
            lambda: self.model.post(key, [(area.pk, *leg)], on.effective_on),
            lambda: transfers.post(area.pk, key, Leg(*leg), by=CLERK, **on._asdict()),
        )

    @rule()
    def let_grants_expire(self):
        self.runs += 1
        at = datetime.datetime(2021, 1, 1, 4, tzinfo=datetime.UTC)
        at += datetime.timedelta(days=self.runs)
        done = grants.expire(at=at)
        expired = [
            account
            for account, until in self.model.expires_on.items()
            if until and until < timezone.localdate(at) and account not in self.model.frozen
        ]
        moved = 0
        for account in expired:
            if left := self.model.available(account):
                leg = (account[0], TransferKind.GRANT_EXPIRY, account[1], POOL, left)
                day = self.model.expires_on[account] + datetime.timedelta(days=1)
                self.model.move([leg], self.placed(account[0], day=day))
                moved += 1
        assert done == moved

    @rule(where=book, name=who, m=minutes, day=days)
    def redeem(self, where, name, m, day):
        community = self.areas[where].pk
        parts = self.drawn(community, name, m, day)
        if parts:
            legs = [(TransferKind.REDEEM, account, ISSUANCE, m) for account, m in parts]
            self.post(community, legs, day)

    def drawn(self, community, name, m, day):
        """What `m` minutes draw, in the order that the model says."""
        found = spending.sources(community, self.holder[name], on=day)
        expected = self.model.sources(community, name, day)
        assert [(community, source.account) for source in found] == expected
        assert [source.minutes for source in found] == [
            self.model.available(account) for account in expected
        ]
        if m > sum(source.minutes for source in found):
            with pytest.raises(spending.NotEnough):
                spending.draw(found, m)
            return []
        return [(part.account, part.minutes) for part in spending.draw(found, m)]

    @rule(where=book, name=who, m=minutes, day=days, is_old=st.booleans())
    def hold(self, where, name, m, day, is_old):
        community, key = self.areas[where].pk, uuid.uuid4()
        parts = self.drawn(community, name, m, day) or [(self.own[community, name], m)]
        self.attempt(
            lambda: self.model.reserve(key, [((community, a), part) for a, part in parts]),
            lambda: (
                holds.reserve(
                    community,
                    key,
                    [Source(account, AccountKind.MEMBER, part) for account, part in parts],
                    expires_at=PAST if is_old else FOREVER,
                    by=CLERK,
                )
                and None
            ),
        )

    def any_hold(self, n):
        found = list(Hold.objects.filter(leg=1).order_by("community_id", "id"))
        return found[n % len(found)] if found else None

    @rule(n=st.integers(0, 50), part=st.integers(1, 90), day=days)
    def charge(self, n, part, day):
        if one := self.any_hold(n):
            m = min(part, holds.held(one.community_id, one.key))
            legs = holds.legs(
                one.community_id, one.key, minutes=m, kind=TransferKind.REDEEM, credit=ISSUANCE
            )
            self.post(one.community_id, [tuple(leg) for leg in legs], day, hold=one.key)

    @rule(n=st.integers(0, 50))
    def release(self, n):
        if one := self.any_hold(n):
            key = uuid.uuid4()
            self.attempt(
                lambda: self.model.release(one.key),
                lambda: holds.release(one.community_id, one.key, key=key, by=CLERK),
            )

    @rule()
    def let_holds_expire(self):
        old = set(Hold.objects.filter(expires_at=PAST).values_list("key", flat=True))
        expected = old & set(self.model.holds)
        accounts_of = [part for key in expected for part in self.model.holds[key]]
        for key in expected:
            self.model.release(key)
        assert holds.expire(at=timezone.now()) == len(accounts_of)

    @rule(where=book, name=who, m=minutes, day=days)
    def move_to_the_other_book(self, where, name, m, day):
        here, there = self.areas[where].pk, self.areas[1 - where].pk
        ends = (self.own[here, name], self.own[there, name])
        key, on = uuid.uuid4(), self.placed(here, there, day=day)
        self.attempt(
            lambda: self.model.cross(key, here, there, ends, m, on),
            lambda: transfers.move(here, there, key, [(*ends, m)], effective_on=on, by=CLERK),
        )

    @rule(n=st.integers(0, 50), makes_up=st.booleans(), day=days)
    def reverse(self, n, makes_up, day):
        if not self.model.journals:
            return
        original = list(self.model.journals)[n % len(self.model.journals)]
        legs = self.model.journals[original]
        communities = {leg[0] for leg in legs}
        key, other = uuid.uuid4(), uuid.uuid4() if makes_up else None
        on = self.placed(*communities, day=day)
        asked_in = min(communities) if n % 2 else max(communities)
        said = {"effective_on": on, "by": CLERK, "approver": CHECKER, "made_up_under": other}
        self.attempt(
            lambda: self.model.reverse(key, original, on, makes_up),
            lambda: transfers.reverse(asked_in, original, key=key, **said),
        )

    @rule(where=book, name=who, heir=st.sampled_from([None, *NAMES]), day=days)
    def close(self, where, name, heir, day):
        area, key = self.areas[where], uuid.uuid4()
        on = self.placed(area.pk, day=day)
        target = POOL
        if heir and heir != name:
            target = accounts.open_gifted(area, self.holder[heir])
            if (area.pk, target) not in self.model.kind:
                self.model.open((area.pk, target), AccountKind.GIFTED, heir)
        holder = self.holder[name]
        self.attempt(
            lambda: self.model.close(key, area.pk, name, target, on),
            lambda: transfers.close(area.pk, key, holder, target, effective_on=on, by=CLERK),
        )
        if self.sent[-1][1] is None and key not in self.model.journals:
            self.sent.pop()  # nothing was there, and nothing is kept against the key

    @rule(where=book, name=who)
    def freeze_or_thaw(self, where, name):
        area = self.areas[where]
        own = set(self.model.of(area.pk, name))
        is_frozen = bool(own & self.model.frozen)
        accounts.freeze(area.pk, self.holder[name], frozen=not is_frozen, by=CLERK)
        self.model.frozen = self.model.frozen - own if is_frozen else self.model.frozen | own

    @rule(where=book, end=st.sampled_from(ENDS))
    def close_a_month(self, where, end):
        community = self.areas[where].pk
        before = self.model.closed.get(community, datetime.date.min)
        with connection.cursor() as cursor:
            cursor.execute("SELECT ledger_close_period(%s, %s, 7)", [community, end])
            assert cursor.fetchone()[0] == (end > before)
        self.model.closed[community] = max(end, before)

    @rule(n=st.integers(0, 200))
    def send_again(self, n):
        if not self.sent:
            return
        call, code, outcome = self.sent[n % len(self.sent)]
        before = self.rows()
        again_code, again = outcome_of(call)
        assert again_code == code
        assert isinstance(again, bool) or again == (outcome and (outcome.transfer_ids, True))
        assert self.rows() == before

    @invariant()
    def every_account_holds_what_the_plain_book_says(self):
        found = {}
        for one in Balance.objects.all():
            number = one.account_id
            head = number if number > 32 else ISSUANCE if number < POOL else POOL
            posted, held = found.get((one.community_id, head), (0, 0))
            found[one.community_id, head] = (posted + one.posted, held + one.held)
        for account, figures in found.items():
            assert figures == (self.model.posted[account], self.model.held[account])

    @invariant()
    def no_holder_owes_and_holds_add_up(self):
        resolved = set(HoldResolution.objects.values_list("community_id", "hold_id"))
        held = {}
        for one in Hold.objects.all():
            if (one.community_id, one.id) not in resolved:
                account = (one.community_id, one.account_id)
                held[account] = held.get(account, 0) + one.amount
        for balance in Balance.objects.all():
            assert balance.held == held.get((balance.community_id, balance.account_id), 0)
            assert balance.floor is None or balance.posted - balance.held >= balance.floor

    @invariant()
    def every_entry_follows_and_every_book_adds_up_to_zero(self):
        rows = Entry.objects.order_by("community_id", "account_id", "seq")
        total = {area.pk: 0 for area in self.areas}
        for (community, _), entries in itertools.groupby(
            rows, key=lambda row: (row.community_id, row.account_id)
        ):
            after = 0
            for seq, entry in enumerate(entries, 1):
                after += entry.amount
                assert (entry.seq, entry.balance_after) == (seq, after)
            total[community] += after
        assert set(total.values()) == {0}

    @invariant()
    def clearing_accounts_are_opposite(self):
        clearing = Account.objects.filter(kind=AccountKind.CLEARING).values("id")
        posted = Balance.objects.filter(account_id__in=clearing).values_list("posted", flat=True)
        assert len(posted) == 2
        assert sum(posted) == 0

    def teardown(self):
        assert verify().faults == []


@pytest.mark.django_db
def test_every_kind_does_what_a_plain_book_does(monkeypatch):
    run_from_nothing(monkeypatch, Movements, examples=6, steps=30)


@pytest.mark.slow
@pytest.mark.django_db
def test_every_kind_does_what_a_plain_book_does_for_a_long_time(monkeypatch):
    run_from_nothing(monkeypatch, Movements, examples=300, steps=80)
