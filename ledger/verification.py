"""Recomputing the whole ledger from its transfers, and naming the first row that does not fit.

Each check is one statement, so that it sees one state of the book while others post; the rows
stay in the database. Dates, kinds and authors are repeated by nothing but the leaves of blocks,
which are recomputed block by block; and whoever rewrites those too, a checkpoint kept elsewhere
contradicts.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from django.db import connection

from ledger import accounts, chains, notes
from ledger.faults import Fault
from members.models import Area

Progress = Callable[[str, int, int], None]  # what is checked, how many transfers of how many

# Each returns community_id, transfer_id, journal, expected, found of rows that are wrong.
CHECKS = {
    "account": """
        SELECT t.community_id, t.id AS transfer_id, t.journal,
            'account ' || side.account AS expected, 'no such account' AS found
        FROM ledger_transfer t, LATERAL (VALUES (t.debit), (t.credit)) AS side (account)
        WHERE NOT EXISTS (
            SELECT FROM ledger_account a JOIN ledger_balance b
                ON b.community_id = a.community_id AND b.account_id = a.id
            WHERE a.community_id = t.community_id AND a.id = side.account)
    """,
    "sequence": """
        SELECT e.community_id, e.transfer_id, e.journal,
            format('account %%s seq %%s', e.account_id, e.before + 1) AS expected,
            format('seq %%s', e.seq) AS found
        FROM (SELECT x.*, coalesce(lag(x.seq) OVER w, 0) AS before FROM ledger_entry x
            WINDOW w AS (PARTITION BY x.community_id, x.account_id ORDER BY x.seq)) e
        WHERE e.seq <> e.before + 1
    """,
    "running_balance": """
        SELECT e.community_id, e.transfer_id, e.journal,
            format('account %%s after %%s', e.account_id, e.before + e.amount) AS expected,
            format('after %%s', e.balance_after) AS found
        FROM (SELECT x.*, coalesce(lag(x.balance_after) OVER w, 0)::numeric AS before
            FROM ledger_entry x
            WINDOW w AS (PARTITION BY x.community_id, x.account_id ORDER BY x.seq)) e
        WHERE e.balance_after <> e.before + e.amount
    """,
    "balance": """
        SELECT b.community_id, e.transfer_id, e.journal,
            format('account %%s posted %%s seq %%s', b.account_id,
                coalesce(e.balance_after, 0), coalesce(e.seq, 0)) AS expected,
            format('posted %%s seq %%s', b.posted, b.seq) AS found
        FROM ledger_balance b LEFT JOIN LATERAL (
            SELECT x.* FROM ledger_entry x
            WHERE x.community_id = b.community_id AND x.account_id = b.account_id
            ORDER BY x.seq DESC LIMIT 1) e ON true
        WHERE (b.posted, b.seq) <> (coalesce(e.balance_after, 0), coalesce(e.seq, 0))
    """,
    "held": """
        SELECT b.community_id, NULL::bigint AS transfer_id, h.key AS journal,
            format('account %%s held %%s', b.account_id, coalesce(h.amount, 0)) AS expected,
            format('held %%s', b.held) AS found
        FROM ledger_balance b LEFT JOIN (
            SELECT o.community_id, o.account_id, sum(o.amount) AS amount,
                (array_agg(o.key ORDER BY o.id))[1] AS key
            FROM ledger_hold o WHERE NOT EXISTS (SELECT FROM ledger_hold_resolution r
                WHERE r.community_id = o.community_id AND r.hold_id = o.id)
            GROUP BY o.community_id, o.account_id) h
            ON h.community_id = b.community_id AND h.account_id = b.account_id
        WHERE b.held <> coalesce(h.amount, 0)
    """,
    "charge": """
        SELECT h.community_id, t.id AS transfer_id, h.key AS journal,
            format('hold %%s of %%s: charged %%s under %%s', h.id, h.amount,
                least(h.amount, coalesce(t.amount, 0)), r.journal) AS expected,
            format('charged %%s', r.amount) AS found
        FROM ledger_hold_resolution r
        JOIN ledger_hold h ON h.community_id = r.community_id AND h.id = r.hold_id
        LEFT JOIN LATERAL (SELECT x.id, x.amount FROM ledger_transfer x
            WHERE x.community_id = h.community_id AND x.journal = r.journal
                AND x.debit = h.account_id AND r.kind = 1
            ORDER BY x.leg LIMIT 1) t ON true
        WHERE r.amount <> least(h.amount, coalesce(t.amount, 0))
    """,
    "clearing": """
        SELECT a.community_id, t.id AS transfer_id, t.journal,
            format('account %%s posted %%s, the opposite of account %%s in community %%s',
                a.id, -coalesce(o.posted, 0), o.account_id, a.peer) AS expected,
            format('posted %%s', b.posted) AS found
        FROM ledger_account a
        JOIN ledger_balance b ON b.community_id = a.community_id AND b.account_id = a.id
        LEFT JOIN ledger_account p ON p.community_id = a.peer AND p.peer = a.community_id
        LEFT JOIN ledger_balance o ON o.community_id = p.community_id AND o.account_id = p.id
        LEFT JOIN LATERAL (SELECT x.id, x.journal FROM ledger_transfer x
            WHERE x.community_id = a.community_id AND a.id IN (x.debit, x.credit)
                AND coalesce((SELECT sum(y.amount) FROM ledger_transfer y
                    WHERE y.community_id = a.peer AND y.journal = x.journal), 0)
                <> (SELECT sum(z.amount) FROM ledger_transfer z
                    WHERE z.community_id = a.community_id AND z.journal = x.journal)
            ORDER BY x.id LIMIT 1) t ON true
        WHERE a.kind = 5 AND (b.posted <> -coalesce(o.posted, 0) OR t.id IS NOT NULL)
    """,
    "grant": """
        SELECT t.community_id, t.id AS transfer_id, t.journal,
            format('account %%s is filled once, by its grant %%s', a.id, a.grant_key) AS expected,
            format('kind %%s under %%s', t.kind, t.journal) AS found
        FROM ledger_account a JOIN ledger_transfer t
            ON t.community_id = a.community_id AND t.credit = a.id
        WHERE a.kind = 4 AND t.kind NOT IN (5, 14, 15) AND (t.kind <> 8 OR t.journal <> a.grant_key)
    """,
    "join": """
        SELECT t.community_id, t.id AS transfer_id, t.journal,
            format('account %%s of kind %%s and one of the same source', d.id, d.kind)
                AS expected,
            format('account %%s of kind %%s', c.id, c.kind) AS found
        FROM ledger_transfer t
        JOIN ledger_account d ON d.community_id = t.community_id AND d.id = t.debit
        JOIN ledger_account c ON c.community_id = t.community_id AND c.id = t.credit
        WHERE t.kind = 15 AND (d.kind NOT IN (1, 4, 6) OR d.holder = c.holder
            OR (d.kind, d.expires_on, d.purpose) IS DISTINCT FROM (c.kind, c.expires_on, c.purpose))
    """,
    "period": """
        SELECT b.community_id, NULL::bigint AS transfer_id, NULL::uuid AS journal,
            format('account %%s closed through %%s', b.account_id, p.closed) AS expected,
            format('closed through %%s', b.closed_through) AS found
        FROM ledger_balance b LEFT JOIN (SELECT x.community_id, max(x.closed_through) AS closed
            FROM ledger_period x GROUP BY x.community_id) p ON p.community_id = b.community_id
        WHERE b.closed_through IS DISTINCT FROM p.closed
    """,
    "closed": """
        SELECT t.community_id, t.id AS transfer_id, t.journal,
            format('after %%s, which was closed at %%s', p.closed_through, p.recorded_at)
                AS expected,
            format('%%s recorded at %%s', t.effective_on, t.recorded_at) AS found
        FROM ledger_period p JOIN ledger_transfer t ON t.community_id = p.community_id
            AND t.effective_on <= p.closed_through AND t.recorded_at > p.recorded_at
    """,
    "limits": """
        SELECT b.community_id, NULL::bigint AS transfer_id, NULL::uuid AS journal,
            format('account %%s floor %%s ceiling %%s frozen %%s', b.account_id,
                c.floor, c.ceiling, c.frozen) AS expected,
            format('floor %%s ceiling %%s frozen %%s', b.floor, b.ceiling, b.frozen) AS found
        FROM ledger_balance b LEFT JOIN LATERAL (
            SELECT x.* FROM ledger_limit_change x
            WHERE x.community_id = b.community_id AND x.account_id = b.account_id
            ORDER BY x.id DESC LIMIT 1) c ON true
        WHERE (b.floor, b.ceiling, b.frozen) IS DISTINCT FROM (c.floor, c.ceiling, c.frozen)
    """,
    "zero_sum": """
        SELECT b.community_id, NULL::bigint AS transfer_id, NULL::uuid AS journal,
            'sum of the book 0' AS expected, format('sum %%s', sum(b.posted)) AS found
        FROM ledger_balance b GROUP BY b.community_id HAVING sum(b.posted) <> 0
    """,
    "legs": """
        SELECT t.community_id, min(t.id) AS transfer_id, t.journal,
            format('legs 1 to %%s', count(*)) AS expected,
            format('legs %%s', string_agg(t.leg::text, ', ' ORDER BY t.leg)) AS found
        FROM ledger_transfer t GROUP BY t.community_id, t.journal
        HAVING min(t.leg) <> 1 OR max(t.leg) <> count(*)
    """,
    "reversal": """
        SELECT r.community_id, r.id AS transfer_id, r.journal,
            coalesce(format('leg %%s of transfer %%s: %%s from %%s to %%s', n.legs + 1 - o.leg,
                o.id, o.amount, o.credit, o.debit),
                format('transfer %%s', r.reverses)) AS expected,
            format('leg %%s: %%s from %%s to %%s', r.leg, r.amount, r.debit, r.credit) AS found
        FROM ledger_transfer r
        LEFT JOIN ledger_transfer o ON o.community_id = r.community_id AND o.id = r.reverses
        LEFT JOIN LATERAL (SELECT count(*) AS legs FROM ledger_transfer x
            WHERE x.community_id = o.community_id AND x.journal = o.journal) n ON true
        WHERE r.reverses IS NOT NULL
            AND (r.debit, r.credit, r.amount, r.leg::bigint)
            IS DISTINCT FROM (o.credit, o.debit, o.amount, n.legs + 1 - o.leg)
    """,
    "outbox": """
        SELECT coalesce(t.community_id, s.community_id) AS community_id,
            coalesce(t.id, s.transfer_id) AS transfer_id, t.journal,
            'a transfer and its outbox row or leaf' AS expected,
            CASE WHEN t.id IS NULL THEN 'no transfer'
                WHEN s.transfer_id IS NULL THEN 'neither outbox row nor leaf'
                ELSE format('%%s of them', s.times) END AS found
        FROM ledger_transfer t FULL JOIN (
            SELECT x.community_id, x.transfer_id, count(*) AS times FROM (
                SELECT u.community_id, u.transfer_id FROM ledger_unsealed u
                UNION ALL
                SELECT b.community_id, unnest(b.transfer_ids) FROM ledger_block b) x
            GROUP BY x.community_id, x.transfer_id) s
            ON s.community_id = t.community_id AND s.transfer_id = t.id
        WHERE t.id IS NULL OR s.transfer_id IS NULL OR s.times > 1
    """,
    "rolled_days": """
        SELECT coalesce(d.community_id, e.community_id) AS community_id,
            NULL::bigint AS transfer_id, NULL::uuid AS journal,
            format('account %%s day %%s net %%s', coalesce(d.account_id, e.account_id),
                coalesce(d.effective_on, e.effective_on), e.net) AS expected,
            format('net %%s', d.net) AS found
        FROM ledger_day d FULL JOIN (
            SELECT x.community_id, x.account_id, x.effective_on, sum(x.amount) AS net
            FROM ledger_rolled r JOIN ledger_entry x ON x.community_id = r.community_id
                AND x.account_id = r.account_id AND x.seq <= r.seq
            GROUP BY x.community_id, x.account_id, x.effective_on) e
            ON e.community_id = d.community_id AND e.account_id = d.account_id
            AND e.effective_on = d.effective_on
        WHERE d.net IS DISTINCT FROM e.net
    """,
    "rolled_months": """
        SELECT coalesce(m.community_id, e.community_id) AS community_id,
            NULL::bigint AS transfer_id, NULL::uuid AS journal,
            format('account %%s month %%s closing %%s', coalesce(m.account_id, e.account_id),
                coalesce(m.month, e.month), e.closing) AS expected,
            format('closing %%s', m.closing) AS found
        FROM ledger_month m FULL JOIN (
            SELECT x.community_id, x.account_id,
                date_trunc('month', x.effective_on)::date AS month,
                sum(sum(x.amount)) OVER (PARTITION BY x.community_id, x.account_id
                    ORDER BY date_trunc('month', x.effective_on)) AS closing
            FROM ledger_rolled r JOIN ledger_entry x ON x.community_id = r.community_id
                AND x.account_id = r.account_id AND x.seq <= r.seq
            GROUP BY x.community_id, x.account_id, date_trunc('month', x.effective_on)) e
            ON e.community_id = m.community_id AND e.account_id = m.account_id
            AND e.month = m.month
        WHERE m.closing IS DISTINCT FROM e.closing
    """,
    "marks": """
        SELECT coalesce(m.community_id, e.community_id) AS community_id, e.transfer_id, e.journal,
            format('account %%s seq %%s at %%s balances %%s',
                coalesce(m.account_id, e.account_id), coalesce(m.seq, e.seq),
                e.moments, e.balances) AS expected,
            format('from %%s at %%s balances %%s', m.recorded_at, m.moments, m.balances) AS found
        FROM ledger_mark m FULL JOIN (
            SELECT x.community_id, x.account_id, max(x.seq) AS seq,
                (array_agg(x.transfer_id ORDER BY x.seq))[1] AS transfer_id,
                (array_agg(x.journal ORDER BY x.seq))[1] AS journal,
                array_agg(x.recorded_at ORDER BY x.seq) AS moments,
                array_agg(x.balance_after ORDER BY x.seq) AS balances
            FROM ledger_rolled r JOIN ledger_entry x
                ON x.community_id = r.community_id AND x.account_id = r.account_id
                AND x.seq <= r.seq / 16 * 16
            GROUP BY x.community_id, x.account_id, (x.seq - 1) / 16) e
            ON e.community_id = m.community_id AND e.account_id = m.account_id AND e.seq = m.seq
        WHERE (m.recorded_at, m.moments, m.balances)
            IS DISTINCT FROM (e.moments[1], e.moments, e.balances)
    """,
    "listed_lines": """
        SELECT coalesce(d.community_id, e.community_id) AS community_id, e.transfer_id, e.journal,
            format('account %%s seq %%s day %%s', coalesce(d.account_id, e.account_id),
                coalesce(d.seq, e.seq), e.effective_on) AS expected,
            format('day %%s', d.effective_on) AS found
        FROM ledger_by_day d FULL JOIN (
            SELECT x.* FROM ledger_listed l JOIN ledger_entry x ON x.community_id = l.community_id
                AND x.account_id = l.account_id AND x.seq <= l.seq) e
            ON e.community_id = d.community_id AND e.account_id = d.account_id AND e.seq = d.seq
        WHERE d.effective_on IS DISTINCT FROM e.effective_on
    """,
}
BOOKS = "(%(books)s::bigint[] IS NULL OR community_id = ANY (%(books)s))"
FIRST = f"""
    SELECT a.code, wrong.transfer_id, wrong.journal, wrong.expected, wrong.found
    FROM (SELECT * FROM ({{check}}) every WHERE {BOOKS}) wrong
    LEFT JOIN members_area a ON a.id = wrong.community_id
    ORDER BY wrong.transfer_id, a.code LIMIT 1
"""  # noqa: S608
COUNT = f"""
    SELECT (SELECT count(DISTINCT community_id) FROM ledger_account WHERE {BOOKS}) AS books,
        (SELECT count(*) FROM ledger_balance WHERE {BOOKS}) AS accounts,
        count(*) AS transfers, count(*) FILTER (WHERE leg = 1) AS journals,
        count(reverses) AS reversed
    FROM ledger_transfer WHERE {BOOKS}
"""  # noqa: S608


class Verification(NamedTuple):
    """What was counted, and the first fault of each check that found one."""

    checked: dict[str, int]
    faults: list[Fault]

    @property
    def first_bad(self) -> Fault | None:
        """The fault of the earliest transfer."""
        return min(self.faults, key=lambda f: (f.transfer is None, f.transfer), default=None)


def verify(
    area: Area | None = None,
    *,
    outside: Sequence[str] = (),
    keys: Sequence[notes.PublicKey] = (),
    on_progress: Progress = lambda check, done, of: None,
) -> Verification:
    """Check every book, or those of the area and all below it.

    `outside` are checkpoints that were kept elsewhere, as signed by one of `keys`; raises
    notes.BadNote when one is not.
    """
    books = None if area is None else list(Area.objects.within(area).values_list("pk", flat=True))
    against = [chains.fault_against(note, keys) for note in outside]
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"books": books})
        names = [column.name for column in cursor.description]
        checked = dict(zip(names, cursor.fetchone(), strict=True))
        faults = []
        for name, check in CHECKS.items():
            on_progress(name, 0, checked["transfers"])
            cursor.execute(FIRST.format(check=check), {"books": books})
            if row := cursor.fetchone():
                code, transfer, journal, expected, found = row
                faults.append(
                    Fault(name, code, transfer, journal and str(journal), expected, found)
                )
    faults += _first_of_each_check(_sealed_faults(area, checked["transfers"], on_progress))
    return Verification(checked, faults + [fault for fault in against if fault])


def _sealed_faults(area: Area | None, transfers: int, on_progress: Progress) -> Iterator[Fault]:
    done = 0

    def on_block(size: int) -> None:
        nonlocal done
        done += size
        on_progress("blocks", done, transfers)

    for community in accounts.books(area):
        yield from chains.faults(community.pk, community.code, on_block)
    yield from chains.checkpoint_faults()


def _first_of_each_check(faults: Iterable[Fault]) -> list[Fault]:
    first: dict[str, Fault] = {}
    for fault in faults:
        known = first.setdefault(fault.check, fault)
        if (fault.transfer or 0) < (known.transfer or 0):
            first[fault.check] = fault
    return list(first.values())


def keep(result: Verification) -> None:
    """Keep that the whole ledger was verified, for those who ask when that was."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ledger_keep_verification(%s, %s)",
            [result.checked["transfers"], len(result.faults)],
        )
