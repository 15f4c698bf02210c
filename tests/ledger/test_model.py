"""Random postings against a ledger written in plain Python; every invariant after every step."""

import itertools
import uuid

import pytest
from django.db import connection
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from ledger import accounts, statements, transfers
from ledger.accounts import ISSUANCE, POOL
from ledger.models import Balance, Entry, Transfer, TransferKind
from ledger.transfers import Journal, Leg, Refused
from ledger.verification import verify
from members.models import Area

from .conftest import CLERK, DAY

NAMES = ["wang", "li", "zhang", "issuance", "pool", "nobody"]
LEGS = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.integers(1, 120)).filter(
    lambda leg: leg[0] != leg[1]
)
KEYS = [uuid.UUID(int=n) for n in range(1, 13)]


class Book:
    """What the ledger should do, in the fewest words."""

    def __init__(self):
        self.balance = dict.fromkeys(NAMES[:-1], 0)
        self.ceiling = dict.fromkeys(["wang", "li", "zhang"], 300)
        self.frozen = set()
        self.outcomes = {}  # key → (content, legs as posted or the code of the refusal)
        self.reversed = set()

    def objection(self, legs):
        balance = self.balance.copy()
        for debit, credit, minutes in legs:
            # Of the two ends the one with the lower number is looked at first.
            for name, change in sorted(
                [(debit, -minutes), (credit, minutes)], key=lambda end: RANK[end[0]]
            ):
                if name not in balance:
                    return "missing_account"
                if name in self.frozen:
                    return "frozen"
                if name in self.ceiling and change < 0 and balance[name] + change < 0:
                    return "floor"
                if change > 0 and balance[name] + change > self.ceiling.get(name, 10**12):
                    return "ceiling"
            balance[debit] -= minutes
            balance[credit] += minutes
        return None

    def post(self, key, content, legs):
        """The code of the refusal, or None when the legs stand."""
        if key in self.outcomes:
            first, outcome = self.outcomes[key]
            if first != content:
                return "key_reused"
            return outcome if isinstance(outcome, str) else None
        code = self.objection(legs)
        self.outcomes[key] = (content, code or legs)
        if not code:
            for debit, credit, minutes in legs:
                self.balance[debit] -= minutes
                self.balance[credit] += minutes
        return code

    def reverse(self, key, original):
        _, legs = self.outcomes[original]
        content = ("reversal", original)
        if key not in self.outcomes and original in self.reversed:
            self.outcomes[key] = (content, "already_reversed")
        mirror = [(credit, debit, minutes) for debit, credit, minutes in reversed(legs)]
        code = self.post(key, content, mirror)
        if not code:
            self.reversed.add(original)
        return code


RANK = {"issuance": 0, "pool": 1, "wang": 2, "li": 3, "zhang": 4, "nobody": 5}


class Ledger(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.area = Area.objects.get(code="530111001001")
        self.number = {"issuance": ISSUANCE, "pool": POOL, "nobody": 999_999_999}
        for name in NAMES[:3]:  # one after the other, so that their numbers are in this order
            (self.number[name],) = accounts.open_for(self.area, [uuid.uuid4()]).values()
            self.limit(name, frozen=False)
        self.model = Book()

    def limit(self, name, frozen):
        accounts.set_limits(
            self.area.pk, self.number[name], floor=0, ceiling=300, frozen=frozen, by=CLERK
        )

    def legs(self, legs):
        return [
            Leg(TransferKind.EARN, self.number[debit], self.number[credit], minutes)
            for debit, credit, minutes in legs
        ]

    def agree(self, expected, call, *arguments, **more):
        code = None
        try:
            call(self.area.pk, *arguments, **more)
        except Refused as refused:
            code = refused.code
        assert code == expected

    @rule(key=st.sampled_from(KEYS), leg=LEGS)
    def post(self, key, leg):
        expected = self.model.post(key, ("legs", leg), [leg])
        self.agree(expected, transfers.post, key, *self.legs([leg]), effective_on=DAY, by=CLERK)

    @rule(key=st.sampled_from(KEYS), legs=st.lists(LEGS, min_size=1, max_size=4))
    def post_journal(self, key, legs):
        expected = self.model.post(key, ("legs", *legs), legs)
        self.agree(
            expected, transfers.post_journal, key, self.legs(legs), effective_on=DAY, by=CLERK
        )

    @rule(
        batch=st.dictionaries(
            st.sampled_from(KEYS), st.lists(LEGS, min_size=1, max_size=3), min_size=1, max_size=4
        )
    )
    def post_batch(self, batch):
        before = self.model.balance.copy(), self.model.outcomes.copy()
        codes = [self.model.post(key, ("legs", *legs), legs) for key, legs in batch.items()]
        if any(codes):  # nothing of it stands, and nothing is kept against its keys
            self.model.balance, self.model.outcomes = before
        journals = [Journal(key, self.legs(legs), DAY) for key, legs in batch.items()]
        refused = None
        try:
            transfers.post_batch(self.area.pk, journals, by=CLERK)
        except Refused as error:
            refused = error
        assert bool(refused) == any(codes)
        if refused:
            assert refused.code in codes

    @rule(key=st.sampled_from(KEYS), original=st.sampled_from(KEYS))
    def reverse(self, key, original):
        if isinstance(self.model.outcomes.get(original, (None, ""))[1], str):
            return  # never posted
        expected = self.model.reverse(key, original)
        self.agree(expected, transfers.reverse, original, key=key, effective_on=DAY, by=CLERK)

    @rule(name=st.sampled_from(NAMES[:3]))
    def freeze_or_thaw(self, name):
        self.model.frozen ^= {name}
        self.limit(name, name in self.model.frozen)

    @rule(min_tail=st.integers(1, 8))
    def roll_up(self, min_tail):
        with connection.cursor() as cursor:
            cursor.execute("SELECT ledger_roll_up(%s)", [min_tail])

    @invariant()
    def balances_agree(self):
        for name, minutes in self.model.balance.items():
            number = self.number[name]
            assert statements.balance(self.area.pk, number).posted == minutes
            assert statements.as_effective(self.area.pk, number, DAY) == minutes

    @invariant()
    def every_entry_follows_from_the_one_before(self):
        rows = Entry.objects.filter(community=self.area).order_by("account_id", "seq")
        last = {}
        for account, entries in itertools.groupby(rows, key=lambda row: row.account_id):
            seq = after = 0
            for entry in entries:
                assert (entry.seq, entry.balance_after) == (seq + 1, after + entry.amount)
                seq, after = entry.seq, entry.balance_after
            last[account] = (after, seq)
        found = Balance.objects.filter(community=self.area, seq__gt=0)
        assert {b.account_id: (b.posted, b.seq) for b in found} == last
        assert sum(after for after, _ in last.values()) == 0

    @invariant()
    def exactly_the_accepted_legs_stand(self):
        stand = [len(o) for _, o in self.model.outcomes.values() if not isinstance(o, str)]
        assert Transfer.objects.filter(community=self.area).count() == sum(stand)

    def teardown(self):
        assert verify().faults == []


@pytest.fixture
def every_run_from_nothing(db, monkeypatch):
    """Each run of the machine in a savepoint of the test's transaction, rolled back after it."""
    from django.db import transaction

    init, teardown = Ledger.__init__, Ledger.teardown

    def begin(self):
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        init(self)

    def end(self):
        try:
            teardown(self)
        finally:
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    monkeypatch.setattr(Ledger, "__init__", begin)
    monkeypatch.setattr(Ledger, "teardown", end)


def run(examples, steps):
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_ledger_does_what_a_plain_book_does(every_run_from_nothing):
    run(examples=15, steps=25)


@pytest.mark.slow
def test_the_ledger_does_what_a_plain_book_does_for_a_long_time(every_run_from_nothing):
    run(examples=300, steps=60)
