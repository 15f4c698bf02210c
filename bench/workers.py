"""Processes that post from Django for as long as they are told; bench.worker and its like."""

import contextlib
import json
import subprocess

from bench import book


@contextlib.contextmanager
def started(count, module, setup, *, python, environment):
    """So many processes of the module, connected and waiting for orders; they end with this."""
    with contextlib.ExitStack() as stack:
        workers = [
            stack.enter_context(
                subprocess.Popen(
                    [python, "-m", module],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    cwd=book.ROOT,
                    env=environment,
                )
            )
            for _ in range(count)
        ]
        for worker in workers:
            print(json.dumps(setup), file=worker.stdin, flush=True)
        for worker in workers:
            if worker.stdout.readline() != "ready\n":
                raise RuntimeError("a worker did not start")
        yield workers


def ask(workers, order):
    """Give all of them the order at once; their answers."""
    for worker in workers:
        print(json.dumps(order), file=worker.stdin, flush=True)
    return [json.loads(worker.stdout.readline()) for worker in workers]


def rate(answers):
    """Postings per second of all together."""
    return sum(answer["done"] / answer["seconds"] for answer in answers)
