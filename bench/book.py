"""The book that is posted to: one community with 10,000 volunteers, as the limit has accounts."""

import functools
import uuid

from bench.server import HERE
from members.models import Area

ROOT = HERE.parent
COUNT = 10_000


class Book:
    """A community and the first of its volunteers' accounts, which have consecutive numbers."""

    def __init__(self, community, first):
        self.community = community
        self.first = first

    @property
    def accounts(self):
        return list(range(self.first, self.first + COUNT))

    @property
    def variables(self):
        """For pgbench: account n of 1 … 10,000 is :base + n."""
        return {"community": self.community, "base": self.first - 1}


@functools.cache
def opened(server):
    """The book, opened on first use; floors low enough that no random posting is refused."""
    community = community_of_its_own("Posting")
    holders = [uuid.uuid4() for _ in range(COUNT)]
    with server.as_superuser() as connection:
        accounts = connection.execute(
            "SELECT min(id), max(id) FROM ledger_open_accounts(%s, %s, 1000000000)",
            [community, holders],
        ).fetchone()
        assert accounts[1] - accounts[0] + 1 == COUNT
        connection.execute(
            "UPDATE ledger_balance SET floor = -1000000000 WHERE community_id = %s AND floor = 0",
            [community],
        )
        connection.execute("VACUUM ANALYZE ledger_account, ledger_balance")
    return Book(community, accounts[0])


def community_of_its_own(name):
    """The id of a new community, where nobody else has posted anything."""
    parent = Area.objects.filter(level=Area.Level.SUBDISTRICT).order_by("code")[0]
    code = str(int(parent.code) + 900 + Area.objects.filter(name_zh__startswith="bench").count())
    return Area.objects.create(
        code=code,
        name_zh=f"bench {name}",
        name_en=name,
        level=Area.Level.COMMUNITY,
        parent=parent,
        path=f"{parent.path}{code}/",
    ).pk


def check_nothing_was_refused(server):
    """A refusal takes less work than a posting: counted as one, it would flatter the figures."""
    with server.as_superuser() as connection:
        refused = connection.execute("SELECT count(*), min(code) FROM ledger_refusal").fetchone()
    if refused[0]:
        raise RuntimeError(f"{refused[0]} postings were refused ({refused[1]}), not posted")
