"""What the public pool of a book may still give, where a policy sets how low it may go.

The pool is sixteen accounts. Without a limit nobody waits for anybody; with one, those who take
from it do so one after the other (docs/decisions/0017).
"""

from django.db import connection


def room(community_id: int) -> int | None:
    """Minutes that the pool may still give today; None where the rules set no limit."""
    return _ask("ledger_pool_room", community_id)


def lock(community_id: int) -> int | None:
    """The same, while nobody else takes from the pool until the transaction ends.

    To be asked after closed months (`booking.first_open_day`) and before anything is posted.
    """
    return _ask("ledger_pool_lock", community_id)


def _ask(function: str, community_id: int) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [community_id])
        return cursor.fetchone()[0]
