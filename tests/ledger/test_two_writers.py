"""Two writers at once, either of whom may be killed before it commits or lose its answer.

After every step what stands must be what the plain book says of *some* order of those acts that
were committed, and every check of the ledger must pass. What was killed never happened; what is
sent again, by its key, has the first outcome.
"""

import itertools
import threading
import time
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from .acts import DAYS, KINDS, Acts, TwoBooks
from .conftest import address
from .desk import Desk

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = st.sampled_from(["wang", "li", "zhang"])
TOLD = st.tuples(
    st.sampled_from(KINDS), NAMES, NAMES, st.integers(1, 90), st.sampled_from(DAYS)
)  # fmt: skip
FATES = st.sampled_from(["committed", "committed", "killed", "answer lost"])


class TwoWriters(RuleBasedStateMachine):
    def __init__(self, summary):
        super().__init__()
        self.summary = summary
        self.desk = Desk(address)
        self.watcher = self.desk.connect("postgres")
        self.book = TwoBooks()
        self.acts = Acts(self.desk, self.book)
        self.sent = []
        for name in self.desk.holders:
            self.alone(("earn", name, name, 120, DAYS[2]))
        self.alone(("give", "wang", "li", 40, DAYS[2]))

    def made(self, told):
        kind, *numbers = told
        return getattr(self.acts, kind)(*numbers)

    def adopt(self, book):
        """The plain book that agrees with what stands; acts to come are made from it."""
        self.book = self.acts.book = book

    @rule(told=TOLD)
    def alone(self, told):
        act = self.made(told)
        before = self.desk.state()
        code = act.send(self.desk.web)
        book, expected = self.book.after(act)
        assert code == expected, act.name
        if code:
            assert self.desk.state() == before
        self.adopt(book)
        self.sent.append(act)
        self.summary.append((act.name, code))

    @rule(first=TOLD, second=TOLD, fates=st.tuples(FATES, FATES))
    def both(self, first, second, fates):
        self.at_once((self.made(first), self.made(second)), fates)

    @rule(told=TOLD, fates=st.tuples(FATES, FATES))
    def one_sent_twice(self, told, fates):
        act = self.made(told)
        if act.keeps:
            self.at_once((act, act), fates)

    def at_once(self, acts, fates):
        codes = self.outcomes(acts, fates)
        stand = [at for at in (0, 1) if fates[at] != "killed"]
        balances = self.balances()
        orders = {tuple(stand), tuple(reversed(stand))}
        for order, meant in itertools.product(orders, self.meanings(acts)):
            book, expected = self.book, {}
            for at in order:
                book, expected[at] = book.after(meant[at])
            if {at: codes[at] for at in stand} == expected and figures(book) == balances:
                break
        else:
            names = [act.name for act in acts]
            raise AssertionError(f"{names}, {fates}: {codes} is of no order of the two")
        self.adopt(book)
        self.sent += [acts[at] for at in stand]
        self.summary.append((*(act.name for act in acts), *fates))

    def meanings(self, acts):
        """The two as they are, and so that holds expire but for that which the other resolves."""
        yield acts
        for at, other in ((0, 1), (1, 0)):
            if acts[at].name == "holds expire" and acts[other].hold:
                left = replace(acts[at], expect=self.acts.expiring(but=acts[other].hold))
                yield (left, acts[1]) if at == 0 else (acts[0], left)

    def outcomes(self, acts, fates):
        gate, found = threading.Barrier(2), [None, None]

        def run(at):
            gate.wait()
            try:
                found[at] = self.run_one(acts[at], fates[at])
            except Exception as error:
                found[at] = error

        threads = [threading.Thread(target=run, args=[at]) for at in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        return found

    def run_one(self, act, fate):
        """In a transaction: sent, then committed, or killed before it could be."""
        web = self.desk.connect(autocommit=False)
        code = act.send(web)
        if fate == "killed":
            with self.desk.connect("postgres") as superuser:
                sql = "SELECT pg_terminate_backend(%s, 5000)"
                assert superuser.execute(sql, [web.info.backend_pid]).fetchone() == (True,)
            web.close()
            return "killed"
        web.commit()
        web.close()
        if fate == "answer lost" and act.keeps:
            with self.desk.connect() as another:
                assert act.send(another) == code
        return code

    @rule(n=st.integers(0, 200))
    def send_again(self, n):
        known = [act for act in self.sent if act.keeps]
        if known:
            act = known[n % len(known)]
            before = self.desk.state()
            assert act.send(self.desk.web) == self.book.outcomes[act.key], act.name
            assert self.desk.state() == before

    @rule()
    def seal_what_is_ready(self):
        self.desk.web.execute("SELECT ledger_seal()")

    def balances(self):
        """By account, heads instead of stripes; accounts without hours are left out."""
        rows = self.desk.web.execute(
            "SELECT community_id, ledger_family(account_id), sum(posted)::bigint,"
            " sum(held)::bigint FROM ledger_balance WHERE community_id = ANY (%s) GROUP BY 1, 2",
            [[self.desk.here, self.desk.there]],
        )
        return {(c, a): (posted, held) for c, a, posted, held in rows if posted or held}

    @invariant()
    def the_books_are_what_the_plain_book_says(self):
        assert self.balances() == figures(self.book)

    @invariant()
    def every_check_passes(self):
        assert self.desk.faults() == set()

    @invariant()
    def no_account_is_below_its_floor(self):
        below = self.desk.web.execute("SELECT FROM ledger_balance WHERE posted - held < floor")
        assert below.fetchone() is None

    def teardown(self):
        """All is sealed in the end: every transfer once, in the chain of its book."""
        try:
            until = time.monotonic() + 30
            while self.unsealed() and time.monotonic() < until:
                self.desk.web.execute("SELECT ledger_seal()")
                time.sleep(0.005)
            assert not self.unsealed()
            assert self.desk.faults() == set()
        finally:
            self.desk.leave()

    def unsealed(self):
        sql = "SELECT FROM ledger_unsealed WHERE community_id = ANY (%s)"
        return self.desk.web.execute(sql, [[self.desk.here, self.desk.there]]).fetchall()


def figures(book):
    accounts = set(book.posted) | set(book.held)
    found = {a: (book.posted[a], book.held[a]) for a in accounts}
    return {account: pair for account, pair in found.items() if any(pair)}


def run(examples, steps):
    """What was done, for the test to see that chance has left nothing out."""
    summary = []
    run_state_machine_as_test(
        partial(TwoWriters, summary),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            print_blob=True,
            phases=[Phase.generate],  # who was first cannot be repeated, nor made smaller
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    return summary


def test_what_two_writers_do_is_what_one_after_the_other_could_have_done():
    assert run(examples=6, steps=15)


@pytest.mark.slow
def test_two_writers_for_a_long_time():
    summary = run(examples=250, steps=50)

    done = {name for entry in summary for name in entry[:-1] if name}
    assert len(done) >= 18
