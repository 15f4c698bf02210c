"""pgledger: a ledger in SQL functions, as ours is; https://github.com/pgr0ss/pgledger"""

import os
from pathlib import Path

from bench import book, pgbench, posting
from bench.figures import Figure, paired
from bench.server import CPU, SLOW

# Where one or four wait for a disk that takes 1 ms, the limit itself is 1.21 and 1.04 times as
# fast: what it reaches stands beside ours, and the promise is judged where there is room for it.
TARGETS = {CPU: {1: 2, 4: 2, 16: 2}, SLOW: {16: 1.2}}
DATABASE = "pgledger"
# The conversion of UUIDs, which pgledger's own instructions load first.
FILES = (
    "vendor/scoville-pgsql-ulid/ulid-to-uuid.sql",
    "vendor/scoville-pgsql-ulid/uuid-to-ulid.sql",
    "pgledger.sql",
)
TRANSFER = (
    posting.TWO_OF_10_000 + "SELECT id FROM pgledger_create_transfer('account' || :a,"
    " 'account' || :b, 60);"
)
ACCOUNTS = """
    INSERT INTO pgledger_accounts (id, name, currency, allow_negative_balance,
        allow_positive_balance, created_at, updated_at)
    SELECT 'account' || n, 'account ' || n, 'MIN', true, true, now(), now()
    FROM generate_series(1, %s) n
"""


def measure(server, size):
    """Every regime at every number of connections; nothing without its SQL."""
    folder = Path(os.environ.get("PGLEDGER") or "nowhere")
    if not (folder / FILES[-1]).exists():
        print("NO PGLEDGER: not measured. Get its repository, and set PGLEDGER to the folder.\n")
        return []
    _install(server, folder)
    variables = book.opened(server).variables
    measured = []
    for regime in server.regimes():
        with server.regime(regime):
            for connections in size.connections:
                theirs = _theirs(server, connections, size)
                ours = posting.runs(server, posting.LEDGER_POST, connections, size, variables)
                figure = Figure("ledger_post : pgledger", regime, connections)
                figure.target = TARGETS[regime].get(connections)
                measured.append(paired(figure, theirs, ours, pairs=size.pairs))
                if regime == SLOW:
                    limit = posting.runs(server, posting.LIMIT, connections, size)
                    figure = Figure("the limit : pgledger", regime, connections)
                    measured.append(paired(figure, theirs, limit, pairs=size.pairs))
    book.check_nothing_was_refused(server)
    return measured


def _theirs(server, connections, size):
    return lambda: pgbench.rate(
        server, TRANSFER, connections=connections, seconds=size.seconds, database=DATABASE
    )


def _install(server, folder):
    with server.as_superuser() as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}")
    with server.as_superuser(DATABASE) as connection:
        for name in FILES:
            connection.execute((folder / name).read_text())
        connection.execute(ACCOUNTS, [book.COUNT])
        connection.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO timebank_web")
        connection.execute("VACUUM ANALYZE")
