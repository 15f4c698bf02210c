"""The tests on another PostgreSQL of this machine than the embedded one.

TIMEBANK_TEST_POSTGRES=/usr/lib/postgresql/15/bin make test
"""

from pathlib import Path

from timebank import database


def use(programs):
    """Take the server's programs from that folder; nothing, when there is none given."""
    if not programs:
        return
    run = database._run

    def run_older(program, *arguments, place):
        # The builtin collations came with PostgreSQL 17; before that, C is the same order.
        known = [a for a in arguments if "locale-provider" not in a and "builtin" not in a]
        run(program, *known, place=place)

    database._programs = lambda: Path(programs)
    database._run = run_older
