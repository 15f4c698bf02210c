"""Two fresh books in a copy of the database, and the ledger's verbs said briefly.

Verbs return why they were refused, or None; the checks ask for what the book then holds.
"""

import datetime
import itertools
import uuid

import psycopg

from ledger.verification import CHECKS

DAY = datetime.date(2026, 11, 2)
LATER = datetime.datetime(2090, 1, 1, tzinfo=datetime.UTC)
PAST = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
ISSUANCE, POOL = 1, 17
_codes = itertools.count(530199000000)


class Desk:
    """The books `here` and `there`; wang, li and zhang have an account in each, 500 at most."""

    def __init__(self, address):
        self.address = address
        self.opened = []
        self.web = self.connect()
        self.here, self.there = self.community(), self.community()
        self.holders = dict(zip(("wang", "li", "zhang"), sorted_keys(3), strict=True))
        self.wang, self.li, self.zhang = self.open(self.here)
        self.wang_there, *_ = self.open(self.there)

    def connect(self, user="timebank_web", **options):
        options = {"autocommit": True} | options
        self.opened.append(psycopg.connect(self.address(user), **options))
        return self.opened[-1]

    def leave(self):
        for one in self.opened:
            one.close()

    def community(self):
        code = str(next(_codes))
        (number,) = self.web.execute(
            "INSERT INTO members_area (code, name_zh, name_en, level, parent_id, path)"
            " SELECT %s, %s, %s, 'community', id, path || %s FROM members_area"
            " WHERE level = 'subdistrict' ORDER BY id LIMIT 1 RETURNING id",
            [code, code, code, f"{code}/"],
        ).fetchone()
        return number

    def open(self, book, holders=None, on=None):
        """The accounts of the holders, in the order of their keys."""
        rows = (on or self.web).execute(
            "SELECT holder, id FROM ledger_open_accounts(%s, %s::uuid[], 500)",
            [book, holders or list(self.holders.values())],
        )
        return [number for _, number in sorted(rows)]

    def post(self, debit, credit, minutes, *, key=None, kind=1, day=DAY, on=None, book=None):
        return self.sent(debit, credit, minutes, key=key, kind=kind, day=day, on=on, book=book)[2]

    def sent(self, debit, credit, minutes, *, key=None, kind=1, day=DAY, on=None, book=None):
        """Transfer, whether it was there, refusal."""
        return one(
            on or self.web,
            "SELECT * FROM ledger_post(%s, %s, %s::smallint, %s, %s, %s, %s, 7)",
            *(book or self.here, key or uuid.uuid4(), kind, debit, credit, minutes, day),
        )

    def journal(self, *legs, key=None, kind=1, day=DAY, hold=None, on=None):
        debits, credits, amounts = (list(column) for column in zip(*legs, strict=True))
        return one(
            on or self.web,
            "SELECT refused FROM ledger_post_journal(%s, %s, %s::smallint[], %s::bigint[],"
            " %s::bigint[], %s::bigint[], %s, 7, NULL, NULL, NULL, %s)",
            *(self.here, key or uuid.uuid4(), [kind] * len(legs), debits, credits, amounts, day),
            hold,
        )[0]

    def batch(self, *legs, keys=None, day=DAY, on=None):
        """How many journals are new, or why none of them stands."""
        debits, credits, amounts = (list(column) for column in zip(*legs, strict=True))
        n = len(legs)
        try:
            return one(
                on or self.web,
                "SELECT ledger_post_batch(%s, %s::uuid[], %s::smallint[], %s::bigint[],"
                " %s::bigint[], %s::bigint[], %s::date[], 7)",
                *(self.here, keys or [uuid.uuid4() for _ in legs], [1] * n, debits, credits),
                *(amounts, [day] * n),
            )[0]
        except psycopg.Error as error:
            if error.sqlstate != "TB001":
                raise
            return error.diag.message_primary

    def reverse(self, original, *, key=None, on=None, made_up=None, day=DAY, book=None):
        return one(
            on or self.web,
            "SELECT refused FROM ledger_reverse(%s, %s, %s, %s, 7, 8, NULL, %s)",
            *(book or self.here, original, key or uuid.uuid4(), day, made_up),
        )[0]

    def reserve(self, *parts, key, until=LATER, on=None):
        accounts, amounts = (list(column) for column in zip(*parts, strict=True))
        return one(
            on or self.web,
            "SELECT refused FROM ledger_reserve(%s, %s, %s::bigint[], %s::bigint[], %s, 7)",
            *(self.here, key, accounts, amounts, until),
        )[0]

    def release(self, hold, *, key=None, on=None):
        sql = "SELECT refused FROM ledger_release(%s, %s, %s, 7)"
        return one(on or self.web, sql, self.here, hold, key or uuid.uuid4())[0]

    def move(self, minutes, *, key=None, day=DAY, ends=None, on=None):
        """From wang's account here to theirs there, unless `ends` says books and accounts."""
        here, there, out, into = ends or (self.here, self.there, self.wang, self.wang_there)
        return one(
            on or self.web,
            "SELECT refused FROM ledger_move(%s, %s, %s, %s::bigint[], %s::bigint[],"
            " %s::bigint[], %s, 7)",
            *(here, there, key or uuid.uuid4(), [out], [into], [minutes], day),
        )[0]

    def close(self, name, heir, *, key=None, day=DAY, on=None):
        sql = "SELECT refused FROM ledger_close_accounts(%s, %s, %s, %s, %s, 7)"
        holder = self.holders[name]
        return one(on or self.web, sql, self.here, key or uuid.uuid4(), holder, heir, day)[0]

    def close_period(self, through, *, on=None):
        sql = "SELECT ledger_close_period(%s, %s, 7)"
        return one(on or self.web, sql, self.here, through)[0]

    def freeze(self, account, *, frozen=True, floor=0, ceiling=500, on=None):
        sql = "SELECT ledger_set_limits(%s, %s, %s, %s, %s, 7)"
        (on or self.web).execute(sql, [self.here, account, floor, ceiling, frozen])

    def grant_account(self, name):
        """A new grant's account, and its key, under which it has to be filled."""
        key = uuid.uuid4()
        sql = "SELECT id FROM ledger_open_grants(%s, %s::uuid[], %s::uuid[], 'x', '2090-01-01')"
        return one(self.web, sql, self.here, [key], [self.holders[name]])[0], key

    def has(self, account, book=None):
        """Minutes on the account, and those of them that are held."""
        rows = self.web.execute(
            "SELECT sum(posted)::bigint, sum(held)::bigint FROM ledger_balance"
            " WHERE community_id = %s AND ledger_family(account_id) = %s",
            [book or self.here, account],
        )
        return rows.fetchone()

    def journals(self):
        """Every leg of the two books, as it stands."""
        rows = self.web.execute(
            "SELECT journal, leg, kind, ledger_family(debit), ledger_family(credit), amount,"
            " reverses FROM ledger_transfer WHERE community_id = ANY (%s) ORDER BY id",
            [[self.here, self.there]],
        )
        return rows.fetchall()

    def state(self):
        """All that a refused verb must leave as it is: every row but those that keep refusals."""
        tables = ["balance", "transfer", "unsealed", "hold", "hold_resolution", "account", "period"]
        return [
            self.web.execute(
                f"SELECT t::text FROM ledger_{table} t WHERE community_id = ANY (%s) ORDER BY 1",
                [[self.here, self.there]],
            ).fetchall()
            for table in tables
        ]

    def faults(self):
        """What `verify_ledger` would say of the two books: the names of its checks."""
        found = set()
        for name, check in CHECKS.items():
            rows = self.web.execute(
                f"SELECT FROM ({check}) wrong WHERE community_id = ANY (%s) LIMIT 1",
                [[self.here, self.there]],
            )
            if rows.fetchone() is not None:
                found.add(name)
        return found


def one(connection, sql, *arguments):
    return connection.execute(sql, list(arguments)).fetchone()


def sorted_keys(count):
    """In the order of their accounts' numbers."""
    return sorted((uuid.uuid4() for _ in range(count)), key=lambda key: key.bytes)
