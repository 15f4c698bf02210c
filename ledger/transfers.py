"""Moving minutes: each verb is one call of the SQL function that does it.

`by` and `approver` are ids of users; amounts are minutes. A key belongs to one posting for ever:
sent again with the same content it returns the first result, with another content, or after a
refusal, it is refused. Who sends it is not part of the content.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction

from ledger.models import TransferKind

_Result = TypeVar("_Result")
_REFUSED, _NO_JOURNAL, _DEADLOCK, _SERIALIZATION = "TB001", "TB002", "40P01", "40001"
_PAUSE = 0.05  # seconds

HOUSE = 0  # the author of what a job does by itself; no user has this id


class Refused(Exception):
    """A posting that the ledger does not make; `code` says why, `key` which one.

    floor, ceiling, frozen, closed (the day lies in a closed month), missing_account,
    already_reversed, already_resolved, held, not_frozen, key_reused, pool_floor (the pool may not
    give so much), more_than_held.
    """

    def __init__(self, code: str, key: UUID):
        super().__init__(f"{code}: {key}")
        self.code = code
        self.key = key


@contextmanager
def said_as(words: Mapping[str, type[Exception]], *, otherwise: type[Exception]) -> Iterator[None]:
    """Turn what the ledger refuses into the exception that stands in `words` under its code."""
    try:
        yield
    except Refused as refused:
        raise words.get(refused.code, otherwise) from refused


class NoSuchJournal(LookupError):
    """Nothing was ever posted under the key that is to be reversed."""


class NoSuchHold(LookupError):
    """Nothing was ever held under this key."""


class Leg(NamedTuple):
    """Minutes from the debited to the credited account."""

    kind: TransferKind
    debit: int
    credit: int
    minutes: int


class Journal(NamedTuple):
    """Legs that belong together, in order, and the day for which they count.

    `relates_to` is the true day where its month is closed; see `ledger.periods`.
    """

    key: UUID
    legs: Sequence[Leg]
    effective_on: date
    relates_to: date | None = None


class Posted(NamedTuple):
    """The transfers of a key, and whether an earlier call has made them."""

    transfer_ids: list[int]
    was_there: bool


def post(
    community_id: int,
    key: UUID,
    leg: Leg,
    *,
    effective_on: date,
    by: int,
    approver: int | None = None,
    policy: int | None = None,
    relates_to: date | None = None,
) -> Posted:
    """Post one leg. Raises Refused."""
    row = _call(
        "SELECT * FROM ledger_post(%s, %s, %s::smallint, %s, %s, %s, %s, %s, %s, %s, %s)",
        [community_id, key, *leg, effective_on, by, approver, policy, relates_to],
    )
    transfer_id, was_there, refused = row
    if refused:
        raise Refused(refused, key)
    return Posted([transfer_id], was_there)


def post_journal(
    community_id: int,
    key: UUID,
    legs: Sequence[Leg],
    *,
    effective_on: date,
    by: int,
    approver: int | None = None,
    policy: int | None = None,
    relates_to: date | None = None,
    hold: UUID | None = None,
) -> Posted:
    """Post all legs, in order, or none.

    With the key of a hold, that is resolved under the same locks: what the legs draw from its
    accounts is charged, the rest is free again. Raises Refused, NoSuchHold.
    """
    kinds, debits, credits, minutes = (list(column) for column in zip(*legs, strict=True))
    further = (effective_on, by, approver, policy, relates_to, hold)
    try:
        row = _call(
            "SELECT * FROM ledger_post_journal(%s, %s, %s::smallint[], %s::bigint[], %s::bigint[],"
            " %s::bigint[], %s, %s, %s, %s, %s, %s)",
            [community_id, key, kinds, debits, credits, minutes, *further],
        )
    except DatabaseError as error:
        if _state(error) != _NO_JOURNAL:
            raise
        raise NoSuchHold(hold) from error
    return _posted(row, key)


def post_batch(
    community_id: int,
    journals: Iterable[Journal],
    *,
    by: int,
    approver: int | None = None,
    policy: int | None = None,
) -> int:
    """Post all journals or none; return how many were not there before.

    Raises Refused with the key of the first that cannot be posted; that is not kept against the
    key, so that the others can be sent again without it, or it mended.
    """
    given: dict[UUID, Journal] = {}
    for journal in journals:
        if given.setdefault(journal.key, journal) != journal:
            raise Refused("key_reused", journal.key)
    rows = [(j.key, *leg, j.effective_on, j.relates_to) for j in given.values() for leg in j.legs]
    if not rows:
        return 0
    *columns, true_days = [list(column) for column in zip(*rows, strict=True)]

    def send() -> int:
        with transaction.atomic():  # a refusal must not spoil the caller's transaction
            (count,) = _call(
                "SELECT ledger_post_batch(%s, %s::uuid[], %s::smallint[], %s::bigint[],"
                " %s::bigint[], %s::bigint[], %s::date[], %s, %s, %s, %s::date[])",
                [community_id, *columns, by, approver, policy, true_days],
            )
            return count

    try:
        return _once_more(send)
    except DatabaseError as error:
        if _state(error) != _REFUSED:
            raise
        diagnosis: Any = error.__cause__
        raise Refused(
            diagnosis.diag.message_primary, UUID(diagnosis.diag.message_detail)
        ) from error


def reverse(
    community_id: int,
    key_of_original: UUID,
    *,
    key: UUID,
    by: int,
    effective_on: date,
    approver: int | None = None,
    relates_to: date | None = None,
    made_up_under: UUID | None = None,
) -> Posted:
    """Mirror all legs of a journal, the last one first, exactly once.

    What moved between two books is mirrored in both. With `made_up_under`, the book's correction
    account makes up for minutes that were spent, as a journal under that key, so that no member's
    account falls below its floor. Raises Refused (already_reversed when somebody else was first),
    NoSuchJournal.
    """
    further = (relates_to, made_up_under)
    try:
        row = _call(
            "SELECT * FROM ledger_reverse(%s, %s, %s, %s, %s, %s, %s, %s)",
            [community_id, key_of_original, key, effective_on, by, approver, *further],
        )
    except DatabaseError as error:
        if _state(error) != _NO_JOURNAL:
            raise
        raise NoSuchJournal(key_of_original) from error
    return _posted(row, key)


def move(
    community_id: int,
    destination_id: int,
    key: UUID,
    legs: Sequence[tuple[int, int, int]],
    *,
    effective_on: date,
    by: int,
    approver: int | None = None,
    policy: int | None = None,
    relates_to: date | None = None,
) -> Posted:
    """Move minutes of one holder to another community's book, in both or in none.

    A leg is (account here, account there, minutes); both are the holder's, of the same kind.
    Returns the transfers of the book that the hours leave. Raises Refused.
    """
    debits, credits, minutes = (list(column) for column in zip(*legs, strict=True))
    further = (effective_on, by, approver, policy, relates_to)
    row = _call(
        "SELECT * FROM ledger_move(%s, %s, %s, %s::bigint[], %s::bigint[], %s::bigint[],"
        " %s, %s, %s, %s, %s)",
        [community_id, destination_id, key, debits, credits, minutes, *further],
    )
    return _posted(row, key)


def close(
    community_id: int,
    key: UUID,
    holder: UUID,
    heir: int,
    *,
    effective_on: date,
    by: int,
    approver: int | None = None,
    policy: int | None = None,
    relates_to: date | None = None,
) -> Posted:
    """Empty the holder's frozen accounts: to the account `heir`, what was granted to the pool.

    No transfers when there was nothing on them. Raises Refused (not_frozen, held).
    """
    row = _call(
        "SELECT * FROM ledger_close_accounts(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [community_id, key, holder, heir, effective_on, by, approver, policy, relates_to],
    )
    return _posted(row, key)


def _posted(row: tuple[list[int], bool, str | None], key: UUID) -> Posted:
    transfer_ids, was_there, refused = row
    if refused:
        raise Refused(refused, key)
    return Posted(transfer_ids or [], was_there)


def _call(sql: str, parameters: list[Any]) -> tuple[Any, ...]:
    def send() -> tuple[Any, ...]:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchone()

    if connection.in_atomic_block:  # what the caller did before is lost too: the caller repeats it
        return send()
    return _once_more(send)


def _once_more(send: Callable[[], _Result]) -> _Result:
    """The result of `send`, tried again once when another writer was in the way."""
    try:
        return send()
    except (OperationalError, IntegrityError) as error:
        if not _is_worth_repeating(error):
            raise
        time.sleep(_PAUSE)  # or it would snatch the lock again from the writer it was in the way of
        return send()


def _is_worth_repeating(error: DatabaseError) -> bool:
    if isinstance(error, IntegrityError):
        diagnosis: Any = error.__cause__
        return diagnosis.diag.constraint_name == "ledger_transfer_leg_of_a_journal_is_posted_once"
    return _state(error) in (_DEADLOCK, _SERIALIZATION)


def _state(error: DatabaseError) -> str | None:
    return getattr(error.__cause__, "sqlstate", None)
