"""Posting through ledger_post in SQL, against the least a double-entry posting can be."""

from bench import book, pgbench
from bench.figures import Figure, paired
from bench.server import CPU, SLOW

TARGETS = {
    CPU: {1: 0.45, 4: 0.45, 16: 0.45},
    SLOW: {1: 0.85, 4: 0.85, 16: 0.65},
}
TWO_OF_10_000 = """
\\set a random(1, 10000)
\\set b 1 + (:a + random(0, 9998)) % 10000
"""
LIMIT = TWO_OF_10_000 + "SELECT raw.post(:a, :b, 60);"
ACCOUNTS = "\\set debit :base + :a\n\\set credit :base + :b\n"
LEDGER_POST = (
    TWO_OF_10_000
    + ACCOUNTS
    + "SELECT ledger_post(:community, gen_random_uuid(), 1::smallint, :debit, :credit, 60,"
    " date '2026-11-01', 1);"
)


def measure(server, size):
    """Every regime at every number of connections."""
    variables = book.opened(server).variables
    measured = []
    for regime in server.regimes():
        with server.regime(regime):
            for connections in size.connections:
                figure = Figure("ledger_post", regime, connections)
                figure.target = TARGETS[regime][connections]
                limit = runs(server, LIMIT, connections, size)
                ours = runs(server, LEDGER_POST, connections, size, variables)
                measured.append(paired(figure, limit, ours, pairs=size.pairs))
    book.check_nothing_was_refused(server)
    return measured


def runs(server, script, connections, size, variables=None):
    """One measurement, still to be made: the rate of `script`."""
    return lambda: pgbench.rate(
        server, script, connections=connections, seconds=size.seconds, variables=variables
    )
