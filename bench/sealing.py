"""Sealing: how fast, what posting feels of it, whether it misses any, and what checking costs."""

import contextlib
import re
import threading
import time
import uuid

from django.utils import timezone

from bench import book, pgbench, process
from bench.figures import Figure, busy, paired, show
from bench.posting import ACCOUNTS, LEDGER_POST, TWO_OF_10_000
from ledger import archive, checkpoints, keys
from members.models import Area

BATCH = 5000
LOAD = """
SELECT ledger_post_batch(%(community)s, array_agg(uuidv7()), array_agg(1::smallint),
    array_agg(1::bigint), array_agg(%(first)s + floor(random() * %(accounts)s)::bigint),
    array_agg(60::bigint), array_agg(date '2026-11-01' - n %% 700), 1)
FROM generate_series(1, %(count)s) n
"""
MEMBERS = 1000
PER_SECOND, CONNECTIONS = 500, 4
# Transactions that stay open for up to 20 ms after their posting, so that ids commit out of order.
SLOW_POST = (
    TWO_OF_10_000
    + ACCOUNTS
    + "\\set pause random(0, 20)\nBEGIN;\n"
    + "SELECT ledger_post(:community, gen_random_uuid(), 1::smallint, :debit, :credit, 60,"
    + " date '2026-11-01', 1);\n\\sleep :pause ms\nCOMMIT;\n"
)
RACERS = 16
# The script, and then what it took: processor time, as there is nothing to compare it with on a
# busy machine, and its own peak, as what the system tells includes that of whoever started it.
VERIFY = """
import runpy, sys, time
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except SystemExit as end:
    assert not end.code
print(open("/proc/self/status").read(), "processor:", time.process_time())
"""
TARGET = {"rate": 50_000, "latency": 1.1, "bytes": 500, "verify": 15, "memory": 300}


def measure(server, size):
    with server.connect() as connection:
        _drain(connection)
    return [
        *_rate(server, size),
        *_latency(server, size),
        *_race(server, size),
        *_verification(server, size),
    ]


def _drain(connection):
    """Seal all that is ready; return how many, and in how many seconds."""
    sealed, began = 0, time.perf_counter()
    while count := connection.execute("SELECT ledger_seal()").fetchone()[0]:
        sealed += count
    return sealed, time.perf_counter() - began


def _rate(server, size):
    """Of a full outbox, as after an import; and how much room a sealed transfer takes."""
    rate = Figure("sealing a full outbox", target=TARGET["rate"])
    for _ in range(size.pairs):
        _filled(server, size.sealed // size.pairs)
        rate.busy.append(busy())
        with server.connect() as connection:
            sealed, seconds = _drain(connection)
        rate.pairs.append((None, sealed / seconds))
    room = Figure("a transfer with indexes and leaf", unit="bytes", target=TARGET["bytes"])
    room.at_most = True
    with server.as_superuser() as connection:
        row = "SELECT pg_total_relation_size('ledger_transfer')::float / count(*)"
        leaf = "SELECT pg_total_relation_size('ledger_block')::float / sum(size)"
        transfer = connection.execute(f"{row} FROM ledger_transfer").fetchone()[0]
        room.pairs.append(
            (None, transfer + connection.execute(f"{leaf} FROM ledger_block").fetchone()[0])
        )
    return show(rate), show(room)


def _filled(server, transfers):
    """A community of its own with so many transfers that are not sealed."""
    community = book.community_of_its_own("Sealing")
    with server.as_superuser() as connection:
        accounts = connection.execute(
            "SELECT min(id) FROM ledger_open_accounts(%s, %s, NULL)",
            [community, [uuid.uuid4() for _ in range(MEMBERS)]],
        ).fetchone()
        connection.execute("ANALYZE ledger_account, ledger_balance")
        for begin in range(0, transfers, BATCH):
            connection.execute(
                LOAD,
                {
                    "community": community,
                    "first": accounts[0],
                    "accounts": MEMBERS,
                    "count": min(BATCH, transfers - begin),
                },
            )
    return community


def _latency(server, size):
    """A posting's, with a pass four times as often as the worker makes one."""
    variables = book.opened(server).variables
    measured = []
    for regime in server.regimes():
        figure = Figure(f"a posting at {PER_SECOND}/s while sealing runs", regime, CONNECTIONS)
        figure.unit, figure.target, figure.at_most = "ms", TARGET["latency"], True

        def alone():
            return pgbench.latency(
                server,
                LEDGER_POST,
                per_second=PER_SECOND,
                connections=CONNECTIONS,
                seconds=size.seconds,
                variables=variables,
            )

        def while_sealing(alone=alone):
            with _sealing(server, every=0.25):
                return alone()

        with server.regime(regime):
            measured.append(paired(figure, alone, while_sealing, pairs=size.pairs))
    return measured


@contextlib.contextmanager
def _sealing(server, every, beside=lambda: None):
    """Within: a pass each `every` seconds, on a connection of its own, and what is done beside."""
    stop = threading.Event()

    def seal():
        with server.connect() as connection:
            while not stop.wait(every):
                connection.execute("SELECT ledger_seal()")
                beside()

    thread = threading.Thread(target=seal)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _race(server, size):
    """Shares of what was posted: that we sealed, and that whoever goes by the last id has seen."""
    ours = Figure("sealed of posted, in a race", "CPU", RACERS, unit="", target=1)
    control = Figure("control: seen by the last id, must miss some", "CPU", RACERS, unit="")
    control.target, control.at_most = 0.99999, True
    for _ in range(size.pairs):
        with server.connect() as connection, server.connect() as reader:
            _drain(connection)
            (first,) = reader.execute("SELECT max(id) FROM ledger_transfer").fetchone()
            seen = [first]

            def by_the_last_id(reader=reader, seen=seen):
                newer = reader.execute(
                    "SELECT id FROM ledger_transfer WHERE id > %s ORDER BY id", [seen[-1]]
                )
                seen.extend(number for (number,) in newer.fetchall())

            with _sealing(server, every=0.05, beside=by_the_last_id):
                _slow_postings(server, size)
            by_the_last_id()
            _drain(connection)
            posted, unsealed = connection.execute(
                "SELECT (SELECT count(*) FROM ledger_transfer WHERE id > %s),"
                " (SELECT count(*) FROM ledger_transfer t WHERE id > %s AND NOT EXISTS ("
                " SELECT FROM ledger_block b WHERE b.community_id = t.community_id"
                " AND b.last_transfer >= t.id AND t.id = ANY (b.transfer_ids)))",
                [first, first],
            ).fetchone()
        ours.pairs.append((posted, posted - unsealed))
        control.pairs.append((posted, len(seen) - 1))
    return show(ours), show(control)


def _slow_postings(server, size):
    variables = book.opened(server).variables
    pgbench.rate(server, SLOW_POST, connections=RACERS, seconds=size.seconds, variables=variables)


def _verification(server, size):
    """By the script that anybody can run, of a book in a file."""
    community = _filled(server, size.sealed)
    with server.connect() as connection:
        _drain(connection)
    checkpoints.make(at=timezone.now())
    file = server.place / "book.jsonl"
    with file.open("w") as out:
        out.writelines(archive.lines(Area.objects.filter(pk=community)))
    took = Figure("independent verification of a transfer", unit="µs", target=TARGET["verify"])
    memory = Figure("peak memory of that", unit="MB", target=TARGET["memory"])
    took.at_most = memory.at_most = True
    for _ in range(size.pairs):
        took.busy.append(busy())
        key = str(keys.ours().public)
        output, _, _ = process.run("-c", VERIFY, "bin/verify.py", str(file), "--key", key)
        seconds = float(re.search(r"processor: ([\d.]+)", output)[1])
        took.pairs.append((None, seconds / size.sealed * 1e6))
        kilobytes = int(re.search(r"^VmHWM:\s+(\d+) kB", output, re.M)[1])
        memory.pairs.append((None, kilobytes / 1024))
    file.unlink()
    return show(took), show(memory)
