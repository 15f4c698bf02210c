"""Posting called once from Django, against the same posting written with the ORM."""

import os
import statistics
import sys

from bench import book, workers
from bench.figures import Figure, paired
from bench.server import CPU

TARGET = 4
CPU_MS = 0.2  # Python's own work for one posting


def measure(server, size):
    """Rates of 1 to 16 processes of each way, and what one posting takes of Python's time."""
    return [_compared(server, size, processes) for processes in size.connections]


def _compared(server, size, processes):
    figure = Figure("posting from Django : by the ORM", CPU, processes, target=TARGET)
    spent = {"ledger": [], "orm": []}
    with ours(server, processes) as posting:

        def rate(how):
            answers = workers.ask(posting, {"how": how, "seconds": size.seconds})
            done = sum(answer["done"] for answer in answers)
            spent[how].append(sum(answer["cpu"] for answer in answers) / done * 1000)
            return workers.rate(answers)

        paired(figure, lambda: rate("orm"), lambda: rate("ledger"), pairs=size.pairs)
    book.check_nothing_was_refused(server)
    return _noted(figure, spent)


def _noted(figure, spent):
    ledger, orm = (statistics.median(spent[how]) for how in ("ledger", "orm"))
    figure.note = f"Python CPU {ledger:.2f} ms a posting, ORM {orm:.2f} ms"
    return figure


def _fill(server):
    with server.as_superuser() as connection:
        connection.execute(
            "INSERT INTO bench_account (id, posted) SELECT n, 0 FROM generate_series(1, %s) n"
            " ON CONFLICT DO NOTHING",
            [book.COUNT],
        )
        connection.execute("ANALYZE bench_account")


def ours(server, count):
    """Processes that know the ledger's way and the ORM's."""
    opened = book.opened(server)
    _fill(server)
    setup = {"accounts": opened.accounts, "community": opened.community, "kind": 1}
    environment = os.environ | {"DATABASE_POOL": "1"}
    return workers.started(
        count, "bench.worker", setup, python=sys.executable, environment=environment
    )
