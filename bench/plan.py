"""What is measured, in which order, and how long: the full run and the short one."""

import dataclasses
import importlib

SUBJECTS = (
    *("posting", "stripes", "batches", "from_django", "others", "pages", "statements"),
    *("sealing", "reads", "search", "imports"),
)


@dataclasses.dataclass(frozen=True)
class Size:
    """How much of everything; short runs show that it works, full ones are judged."""

    seconds: int  # of each run
    pairs: int
    connections: tuple
    sealed: int  # transfers
    entries: int  # of the long account
    reads: int
    lines: int  # of the account with a long statement
    members: int
    searches: int
    rows: int  # of the imported register
    imports: int
    gigabytes: float  # of room for the data


FULL = Size(
    seconds=3,
    pairs=7,
    connections=(1, 4, 16),
    sealed=1_000_000,
    entries=10_000_000,
    reads=3000,
    lines=100_000,
    members=100_000,
    searches=300,
    rows=100_000,
    imports=3,
    gigabytes=10,
)
SHORT = Size(
    seconds=1,
    pairs=1,
    connections=(4,),
    sealed=20_000,
    entries=20_000,
    reads=50,
    lines=2_000,
    members=500,
    searches=20,
    rows=300,
    imports=1,
    gigabytes=0.6,
)


def subjects(only=None):
    """The modules that measure, those that fill the disk last."""
    return [
        importlib.import_module(f"bench.{name}") for name in SUBJECTS if name in (only or SUBJECTS)
    ]
