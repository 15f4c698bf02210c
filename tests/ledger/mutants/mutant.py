"""One change for the worse of the ledger in the database, put in and taken back."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """In the function's text `this` becomes `that`, every time or the nth time alone.

    `check` is the short check that has to notice.
    """

    name: str
    function: str
    this: str
    that: str
    check: Callable
    nth: int | None = None

    @contextlib.contextmanager
    def at_work(self, superuser):
        (good,) = superuser.execute(
            "SELECT pg_get_functiondef(%s::regproc)", [self.function]
        ).fetchone()
        parts = good.split(self.this)
        assert len(parts) > (self.nth or 1), f"{self.function} has no longer: {self.this}"
        if self.nth:
            spoilt = (
                self.this.join(parts[: self.nth]) + self.that + self.this.join(parts[self.nth :])
            )
        else:
            spoilt = self.that.join(parts)
        superuser.execute(spoilt)
        try:
            yield
        finally:
            superuser.execute(good)


@dataclass(frozen=True)
class Lifted:
    """A guard that is no function: taken away by one statement, put back by another."""

    name: str
    away: str
    back: str
    check: Callable

    @contextlib.contextmanager
    def at_work(self, superuser):
        superuser.execute(self.away)
        try:
            yield
        finally:
            superuser.execute(self.back)
