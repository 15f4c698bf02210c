"""Posting called once from Django, against the same posting written with the ORM."""

import contextlib
import json
import os
import statistics
import subprocess
import sys

from bench import book
from bench.figures import Figure, paired
from bench.server import CPU

TARGET = 4
CPU_MS = 0.2  # Python's own work for one posting


def measure(server, size):
    """Rates of 1 to 16 processes of each way, and what one posting takes of Python's time."""
    return [_compared(server, size, processes) for processes in size.connections]


def _compared(server, size, processes):
    opened = book.opened(server)
    _fill(server)
    figure = Figure("posting from Django : by the ORM", CPU, processes, target=TARGET)
    spent = {"ledger": [], "orm": []}
    with _workers(processes, opened) as workers:

        def rate(how):
            answers = _ask(workers, {"how": how, "seconds": size.seconds})
            done = sum(answer["done"] for answer in answers)
            spent[how].append(sum(answer["cpu"] for answer in answers) / done * 1000)
            return sum(answer["done"] / answer["seconds"] for answer in answers)

        ours, theirs = (lambda: rate("ledger")), (lambda: rate("orm"))
        paired(figure, theirs, ours, pairs=size.pairs)
    book.check_nothing_was_refused(server)
    return _noted(figure, spent)


def _noted(figure, spent):
    ours, theirs = (statistics.median(spent[how]) for how in ("ledger", "orm"))
    figure.note = f"Python CPU {ours:.2f} ms a posting, ORM {theirs:.2f} ms"
    return figure


def _fill(server):
    with server.as_superuser() as connection:
        connection.execute(
            "INSERT INTO bench_account (id, posted) SELECT n, 0 FROM generate_series(1, %s) n"
            " ON CONFLICT DO NOTHING",
            [book.COUNT],
        )
        connection.execute("ANALYZE bench_account")


@contextlib.contextmanager
def _workers(count, opened):
    """Processes that are connected and wait for orders; they end when their input does."""
    setup = json.dumps({"accounts": opened.accounts, "community": opened.community, "kind": 1})
    environment = os.environ | {"DATABASE_POOL": "1"}
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(_started(environment)) for _ in range(count)]
        for worker in workers:
            print(setup, file=worker.stdin, flush=True)
        for worker in workers:
            if worker.stdout.readline() != "ready\n":
                raise RuntimeError("a worker did not start")
        yield workers


def _started(environment):
    return subprocess.Popen(
        [sys.executable, "-m", "bench.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=book.ROOT,
        env=environment,
    )


def _ask(workers, order):
    for worker in workers:
        print(json.dumps(order), file=worker.stdin, flush=True)
    return [json.loads(worker.stdout.readline()) for worker in workers]
