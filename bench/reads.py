"""Reading a balance now, as recorded and as effective: a long account against a short one."""

import datetime
import random
import statistics
import time

from bench import book
from bench.figures import Figure, busy, show

SHORT_ACCOUNT = 10_000
TARGET = 1.3
FIRST_DAY = datetime.date(2006, 1, 1)
DAYS = 7300
TAIL = 50  # entries after the last roll-up, as there are a few minutes after any
# Entry n moves 60 minutes in, every fourth one out, so that each running balance has a formula;
# effective up to four days before it was recorded.
LOAD = """
INSERT INTO ledger_transfer (community_id, journal, leg, kind, debit, debit_seq, debit_after,
    credit, credit_seq, credit_after, amount, effective_on, recorded_at, actor)
SELECT %(community)s, uuidv7(), 1, CASE WHEN n %% 4 = 0 THEN 3 ELSE 1 END,
    CASE WHEN n %% 4 = 0 THEN %(account)s ELSE 1 + paid_in %% 16 END,
    CASE WHEN n %% 4 = 0 THEN n ELSE paid_in / 16 + 1 END,
    CASE WHEN n %% 4 = 0 THEN after ELSE -60 * (paid_in / 16 + 1) END,
    CASE WHEN n %% 4 = 0 THEN 17 + paid_out %% 16 ELSE %(account)s END,
    CASE WHEN n %% 4 = 0 THEN paid_out / 16 + 1 ELSE n END,
    CASE WHEN n %% 4 = 0 THEN 60 * (paid_out / 16 + 1) ELSE after END,
    60, at::date - (n %% 5)::int, at, 1
FROM generate_series(1, %(entries)s::bigint) n,
    LATERAL (SELECT n - n / 4 - 1 AS paid_in, n / 4 - 1 AS paid_out,
        60 * (n - 2 * (n / 4)) AS after,
        %(first_day)s::timestamptz + n * (%(days)s * interval '1 day' / %(entries)s) AS at) x
"""
SETTLE = """
UPDATE ledger_balance b SET posted = s.posted, seq = s.seq, floor = NULL, ceiling = NULL
FROM (SELECT community_id, account_id, sum(amount) AS posted, max(seq) AS seq
    FROM ledger_entry WHERE community_id = %s GROUP BY 1, 2) s
WHERE b.community_id = s.community_id AND b.account_id = s.account_id
"""
READS = {
    "balance now": "SELECT posted, held FROM ledger_balance"
    " WHERE community_id = %(community)s AND account_id = %(account)s",
    "as recorded": "SELECT ledger_as_recorded(%(community)s, %(account)s, %(moment)s)",
    "as effective": "SELECT ledger_as_effective(%(community)s, %(account)s, %(moment)s::date)",
}


def measure(server, size):
    """Medians of many single reads, the two accounts in turn, at moments drawn anew each time."""
    short = _loaded(server, min(SHORT_ACCOUNT, size.entries // 2))
    long = _loaded(server, size.entries)
    with server.as_superuser() as connection:
        connection.execute("VACUUM ANALYZE")
    return [_compared(server, size, name, short, long) for name in READS]


def _loaded(server, entries):
    """An account of `entries` entries, in a community of its own, rolled up but for a tail."""
    community = book.community_of_its_own(f"{entries} entries")
    with server.as_superuser() as connection:
        account = connection.execute(
            "SELECT id FROM ledger_open_accounts(%s, ARRAY[gen_random_uuid()], NULL)", [community]
        ).fetchone()[0]
        connection.execute("SET session_replication_role = replica")  # no foreign key look-ups
        connection.execute(
            LOAD,
            {
                "community": community,
                "account": account,
                "entries": entries,
                "first_day": FIRST_DAY,
                "days": DAYS,
            },
        )
        connection.execute(SETTLE, [community])
        connection.execute("RESET session_replication_role")
        connection.execute("SELECT ledger_roll_up()")
        for _ in range(TAIL):
            connection.execute(
                "SELECT ledger_post(%s, gen_random_uuid(), 1::smallint, 1, %s, 60, %s, 1)",
                [community, account, FIRST_DAY + datetime.timedelta(days=DAYS)],
            )
    return {"community": community, "account": account}


def _compared(server, size, name, short, long):
    figure = Figure(f"{name}, {size.entries:,} entries : {SHORT_ACCOUNT:,}", unit="µs")
    figure.target, figure.at_most = TARGET, True
    with server.connect(prepare_threshold=0) as connection:
        for _ in range(size.pairs):
            figure.busy.append(busy())
            figure.pairs.append(_medians(connection, READS[name], (short, long), size.reads))
    return show(figure)


def _medians(connection, statement, accounts, reads):
    times = ([], [])
    for _ in range(reads):
        moment = datetime.datetime.combine(
            FIRST_DAY + datetime.timedelta(days=random.uniform(0, DAYS)), datetime.time(12)
        )
        for account, measured in zip(accounts, times, strict=True):
            began = time.perf_counter()
            connection.execute(statement, account | {"moment": moment}).fetchone()
            measured.append((time.perf_counter() - began) * 1e6)
    return tuple(statistics.median(measured) for measured in times)
