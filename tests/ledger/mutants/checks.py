"""Short checks of what the ledger's functions do, each on two fresh books.

Each passes on the functions as they are, and kills those mutants of them that name it.
"""

import datetime
import uuid

from ..desk import ISSUANCE, PAST, POOL


def what_is_posted_adds_up(desk):
    wang, li, zhang = desk.wang, desk.li, desk.zhang
    key = uuid.uuid4()
    assert desk.post(ISSUANCE, wang, 100) is None
    assert desk.post(wang, li, 30) is None
    assert desk.post(li, wang, 10) is None
    assert desk.journal((ISSUANCE, zhang, 50), (zhang, POOL, 20), (zhang, wang, 5), key=key) is None
    assert desk.batch((wang, zhang, 15), (ISSUANCE, li, 40), (li, wang, 1)) == 3
    assert [desk.has(account) for account in (ISSUANCE, POOL, wang, li, zhang)] == [
        *((-190, 0), (20, 0)),
        *((71, 0), (59, 0), (40, 0)),
    ]
    assert desk.faults() == set()


def limits_hold_to_the_minute(desk):
    ways = [
        lambda *leg, **more: desk.post(*leg, **more),
        lambda *leg, **more: desk.journal(leg, **more),
        lambda *leg, **more: desk.batch(leg, **more),
    ]
    desk.post(ISSUANCE, desk.wang, 490)
    desk.close_period("2020-01-31")
    closed, first_open = datetime.date(2020, 1, 31), datetime.date(2020, 2, 1)
    for way in ways:
        before = desk.state()
        assert way(ISSUANCE, desk.wang, 11) == "ceiling"
        assert way(desk.wang, POOL, 491) == "floor"
        assert way(desk.wang, desk.li, 491) == "floor"
        assert way(ISSUANCE, desk.wang, 1, day=closed) == "closed"
        assert way(desk.wang, POOL, 1, day=closed) == "closed"
        assert way(ISSUANCE, 424242, 1) == "missing_account"
        assert desk.state() == before
        assert way(ISSUANCE, desk.wang, 10, day=first_open) in (None, 1)
        assert way(desk.wang, POOL, 500) in (None, 1)
        assert way(ISSUANCE, desk.wang, 490) in (None, 1)
    desk.freeze(desk.wang)
    for way in ways:
        assert way(ISSUANCE, desk.wang, 1) == "frozen"
        assert way(desk.wang, POOL, 1) == "frozen"
    assert desk.faults() == set()


def a_new_account_owes_nothing(desk):
    (opened,) = desk.open(desk.here, [uuid.uuid4()])
    granted, _ = desk.grant_account("wang")
    assert desk.post(opened, POOL, 1) == "floor"
    assert desk.post(granted, POOL, 1, kind=9) == "floor"
    assert desk.post(ISSUANCE, opened, 501) == "ceiling"
    assert desk.post(ISSUANCE, opened, 500) is None
    assert desk.faults() == set()


def held_minutes_are_not_spent(desk):
    desk.post(ISSUANCE, desk.wang, 60)
    hold = uuid.uuid4()
    assert desk.reserve((desk.wang, 40), key=hold) is None
    before = desk.state()
    assert desk.post(desk.wang, desk.li, 21) == "floor"
    assert desk.journal((desk.wang, desk.li, 21)) == "floor"
    assert desk.batch((desk.wang, desk.li, 21)) == "floor"
    assert desk.reserve((desk.wang, 21), key=uuid.uuid4()) == "floor"
    assert desk.state() == before
    assert desk.post(desk.wang, desk.li, 20) is None
    assert desk.has(desk.wang) == (40, 40)
    assert desk.faults() == set()


def a_key_is_one_posting(desk):
    single, several, batch = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    first = desk.sent(ISSUANCE, desk.wang, 60, key=single)
    assert desk.journal((ISSUANCE, desk.li, 60), key=several) is None
    assert desk.batch((ISSUANCE, desk.zhang, 60), keys=[batch]) == 1
    before = desk.state()
    assert desk.sent(ISSUANCE, desk.wang, 60, key=single) == (first[0], True, None)
    assert desk.journal((ISSUANCE, desk.li, 60), key=several) is None
    assert desk.batch((ISSUANCE, desk.zhang, 60), keys=[batch]) == 0
    later = datetime.date(2026, 11, 3)
    for other in (
        *((ISSUANCE, desk.wang, 61), (ISSUANCE, desk.li, 60), (POOL, desk.wang, 60)),
        *((desk.zhang, desk.wang, 60),),
    ):
        assert desk.post(*other, key=single) == "key_reused"
        assert desk.journal(other, other, key=single) == "key_reused"
        assert desk.batch(other, keys=[single]) == "key_reused"
    assert desk.post(ISSUANCE, desk.wang, 60, key=single, day=later) == "key_reused"
    assert desk.post(ISSUANCE, desk.wang, 60, key=single, kind=3) == "key_reused"
    assert desk.state() == before


def a_refusal_is_kept_against_its_key(desk):
    single, several, hold = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    assert desk.post(desk.wang, POOL, 60, key=single) == "floor"
    assert desk.journal((ISSUANCE, desk.li, 9), (desk.wang, POOL, 60), key=several) == "floor"
    assert desk.reserve((desk.wang, 60), key=hold) == "floor"
    assert desk.has(desk.li) == (0, 0)
    desk.post(ISSUANCE, desk.wang, 300)
    assert desk.post(desk.wang, POOL, 60, key=single) == "floor"
    assert desk.journal((ISSUANCE, desk.li, 9), (desk.wang, POOL, 60), key=several) == "floor"
    assert desk.reserve((desk.wang, 60), key=hold) == "floor"
    assert desk.batch((desk.wang, POOL, 60), keys=[single]) == "floor"
    assert desk.has(desk.wang) == (300, 0)


def a_reversal_mirrors_once(desk):
    original, reversal = uuid.uuid4(), uuid.uuid4()
    desk.journal((ISSUANCE, desk.wang, 60), (desk.wang, POOL, 20), key=original)
    assert desk.reverse(original, key=reversal) is None
    assert desk.reverse(original, key=reversal) is None
    before = desk.state()
    assert desk.reverse(original) == "already_reversed"
    assert desk.state() == before
    legs = [row for row in desk.journals() if row[0] == reversal]
    assert [row[1:6] for row in legs] == [
        (1, 5, POOL, desk.wang, 20),
        (2, 5, desk.wang, ISSUANCE, 60),
    ]
    assert [desk.has(account) for account in (ISSUANCE, POOL, desk.wang)] == [(0, 0)] * 3
    assert desk.faults() == set()


def spent_hours_are_made_up_for_to_the_minute(desk):
    original, made_up = uuid.uuid4(), uuid.uuid4()
    desk.post(ISSUANCE, desk.wang, 60, key=original)
    desk.post(desk.wang, desk.li, 25)
    assert desk.reverse(original) == "floor"
    assert desk.reverse(original, made_up=made_up) is None
    assert (desk.has(33), desk.has(desk.wang), desk.has(desk.li)) == ((-25, 0), (0, 0), (25, 0))
    assert desk.faults() == set()


def a_hold_is_resolved_once(desk):
    desk.post(ISSUANCE, desk.wang, 100)
    charged, released, key = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    assert desk.reserve((desk.wang, 40), key=charged) is None
    assert desk.reserve((desk.wang, 40), key=charged) is None
    assert desk.reserve((desk.wang, 41), key=charged) == "key_reused"
    assert desk.reserve((desk.wang, 50), key=released) is None
    assert desk.has(desk.wang) == (100, 90)
    assert desk.journal((desk.wang, ISSUANCE, 30), kind=6, hold=charged) is None
    assert desk.has(desk.wang) == (70, 50)
    assert desk.release(released, key=key) is None
    assert desk.release(released, key=key) is None
    assert desk.has(desk.wang) == (70, 0)
    before = desk.state()
    for hold in (charged, released):
        assert desk.journal((desk.wang, ISSUANCE, 1), kind=6, hold=hold) == "already_resolved"
        assert desk.release(hold) == "already_resolved"
    assert desk.state() == before
    assert desk.faults() == set()


def a_hold_expires_when_its_time_is_over(desk):
    desk.post(ISSUANCE, desk.wang, 100)
    old, charged, open_one = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    desk.reserve((desk.wang, 10), key=old, until=PAST)
    desk.reserve((desk.wang, 20), key=charged, until=PAST)
    desk.reserve((desk.wang, 30), key=open_one)
    desk.journal((desk.wang, ISSUANCE, 20), kind=6, hold=charged)
    far = datetime.datetime(2095, 1, 1, tzinfo=datetime.UTC)
    desk.web.execute("SELECT ledger_expire_holds(%s)", [far])
    assert desk.has(desk.wang) == (80, 30)
    desk.web.execute("SELECT ledger_expire_holds(%s)", [far])
    assert desk.has(desk.wang) == (80, 30)
    assert desk.release(old) == "already_resolved"
    assert desk.faults() == set()


def a_move_is_in_both_books_or_in_none(desk):
    desk.post(ISSUANCE, desk.wang, 100)
    desk.post(ISSUANCE, desk.wang_there, 470, book=desk.there)
    key, reversal = uuid.uuid4(), uuid.uuid4()
    assert desk.move(30, key=key) is None
    assert desk.move(30, key=key) is None
    assert (desk.has(desk.wang), desk.has(desk.wang_there, desk.there)) == ((70, 0), (500, 0))
    before = desk.state()
    assert desk.move(31, key=key) == "key_reused"
    assert desk.move(1) == "ceiling"
    assert desk.move(71) == "floor"
    assert desk.state() == before
    assert desk.faults() == set()
    assert desk.reverse(key, key=reversal) is None
    assert (desk.has(desk.wang), desk.has(desk.wang_there, desk.there)) == ((100, 0), (470, 0))
    assert desk.faults() == set()


def a_closure_empties_frozen_accounts(desk):
    grant, key_of_grant = desk.grant_account("wang")
    key, hold = uuid.uuid4(), uuid.uuid4()
    desk.post(ISSUANCE, desk.wang, 100)
    desk.post(POOL, grant, 25, kind=8, key=key_of_grant)
    assert desk.close("wang", desk.li) == "not_frozen"
    desk.reserve((desk.wang, 10), key=hold)
    for account, ceiling in ((desk.wang, 500), (grant, None)):
        desk.freeze(account, ceiling=ceiling)
    assert desk.close("wang", desk.li) == "held"
    desk.release(hold)
    assert desk.close("wang", desk.li, key=key) is None
    assert desk.close("wang", desk.li, key=key) is None
    assert [desk.has(a) for a in (desk.wang, grant, desk.li, POOL)] == [
        *((0, 0), (0, 0)),
        *((100, 0), (0, 0)),
    ]
    assert desk.post(ISSUANCE, desk.wang, 1) == "frozen"
    assert desk.faults() == set()


def a_closed_month_stays_closed(desk):
    desk.post(ISSUANCE, desk.wang, 10, day=datetime.date(2020, 1, 31))
    assert desk.close_period("2020-01-31") is True
    assert desk.close_period("2020-01-31") is False
    later = uuid.uuid4()
    (opened,) = desk.open(desk.here, [later])
    for account in (desk.wang, opened):
        assert desk.post(ISSUANCE, account, 1, day=datetime.date(2020, 1, 31)) == "closed"
        assert desk.post(ISSUANCE, account, 1, day=datetime.date(2020, 2, 1)) is None
    assert desk.faults() == set()


def reads_of_the_past_are_sums(desk):
    days = [datetime.date(2026, month, day) for month in (9, 10, 11) for day in (1, 15, 30)]
    for number, day in enumerate([*days, *reversed(days), *days]):
        desk.post(ISSUANCE, desk.wang, number + 1, day=day)
        if number % 7 == 6:
            desk.web.execute("SELECT ledger_roll_up(1)")
            desk.web.execute("SELECT ledger_list_by_day(1)")
    desk.web.execute("SELECT ledger_roll_up(1)")
    rows = desk.web.execute(
        "SELECT effective_on, recorded_at, amount, balance_after FROM ledger_entry"
        " WHERE community_id = %s AND account_id = %s ORDER BY seq",
        [desk.here, desk.wang],
    ).fetchall()
    for day in (*days, datetime.date(2026, 8, 31), datetime.date(2027, 1, 1)):
        sql = "SELECT ledger_as_effective(%s, %s, %s)"
        found = desk.web.execute(sql, [desk.here, desk.wang, day]).fetchone()[0]
        assert found == sum(amount for on, _, amount, _ in rows if on <= day)
    for _, moment, _, after in rows:
        sql = "SELECT ledger_as_recorded(%s, %s, %s)"
        assert desk.web.execute(sql, [desk.here, desk.wang, moment]).fetchone()[0] == after
    assert desk.faults() == set()


CHECKS = [
    what_is_posted_adds_up,
    limits_hold_to_the_minute,
    a_new_account_owes_nothing,
    held_minutes_are_not_spent,
    a_key_is_one_posting,
    a_refusal_is_kept_against_its_key,
    a_reversal_mirrors_once,
    spent_hours_are_made_up_for_to_the_minute,
    a_hold_is_resolved_once,
    a_hold_expires_when_its_time_is_over,
    a_move_is_in_both_books_or_in_none,
    a_closure_empties_frozen_accounts,
    a_closed_month_stays_closed,
    reads_of_the_past_are_sums,
]
