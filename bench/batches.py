"""Postings by the hundred, in one call and one commit, against one by one."""

from bench import book
from bench.figures import Figure, paired
from bench.posting import LEDGER_POST, runs
from bench.server import SLOW

SIZE = 100
BATCH = f"""
SELECT ledger_post_batch(:community, array_agg(gen_random_uuid()), array_agg(1::smallint),
    array_agg(:base::bigint + 1 + floor(random() * 5000)::bigint),
    array_agg(:base::bigint + 5001 + floor(random() * 5000)::bigint),
    array_agg(60::bigint), array_agg(date '2026-11-01'), 1)
FROM generate_series(1, {SIZE});
"""


def measure(server, size):
    if SLOW not in server.regimes():
        return []
    variables = book.opened(server).variables
    figure = Figure(f"batches of {SIZE} : single", SLOW, 1, target=10)
    single = runs(server, LEDGER_POST, 1, size, variables)
    batch = runs(server, BATCH, 1, size, variables)
    with server.regime(SLOW):
        paired(figure, single, lambda: batch() * SIZE, pairs=size.pairs)
    book.check_nothing_was_refused(server)
    return [figure]
