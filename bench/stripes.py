"""One community's volunteers posting at once, all of them against its issuance and its pool."""

from bench import book
from bench.figures import Figure, paired
from bench.posting import LIMIT, runs
from bench.server import SLOW

CONNECTIONS = 16
VOLUNTEER = "\\set volunteer :base + random(1, 10000)\n"
EARN = VOLUNTEER + (
    "SELECT ledger_post(:community, gen_random_uuid(), 1::smallint, {issuance}, :volunteer, 60,"
    " date '2026-11-01', 1);"
)
EARN_AND_COVER = VOLUNTEER + (
    "SELECT ledger_post_journal(:community, gen_random_uuid(), ARRAY[1, 2]::smallint[],"
    " ARRAY[1, 17]::bigint[], ARRAY[:volunteer, 1]::bigint[], ARRAY[60, 60]::bigint[],"
    " date '2026-11-01', 1);"
)


def measure(server, size):
    """Through the head, which the function spreads; and the control, all on one stripe's row."""
    if SLOW not in server.regimes():
        return []
    contenders = (
        (Figure("one community: earn", target=0.5), EARN.format(issuance=1)),
        (Figure("one community: earn + pool cover, a journal of two"), EARN_AND_COVER),
        (
            Figure("control: earn, unstriped, must fail", target=0.5, at_most=True),
            EARN.format(issuance=2),  # a stripe named by its own number is taken as it is
        ),
    )
    variables = book.opened(server).variables
    limit = runs(server, LIMIT, CONNECTIONS, size)
    with server.regime(SLOW):
        for figure, script in contenders:
            figure.regime, figure.connections = SLOW, CONNECTIONS
            ours = runs(server, script, CONNECTIONS, size, variables)
            paired(figure, limit, ours, pairs=size.pairs)
    book.check_nothing_was_refused(server)
    return [figure for figure, _ in contenders]
