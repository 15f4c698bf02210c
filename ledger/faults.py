"""What verification finds."""

from typing import NamedTuple


class Fault(NamedTuple):
    """A row that does not fit: where it is, what the rest of the book says, what it says."""

    check: str
    community: str | None
    transfer: int | None
    journal: str | None
    expected: str
    found: str
