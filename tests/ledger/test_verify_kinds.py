"""verify_ledger finds what was changed about holds, clearing accounts, grants and closed months."""

import datetime
import uuid

import pytest

from ledger import accounts, holds, transfers
from ledger.accounts import POOL
from ledger.models import AccountKind, TransferKind
from ledger.spending import Source
from ledger.transfers import Leg
from ledger.verification import verify
from members.models import Area

from .conftest import CLERK, DAY

pytestmark = pytest.mark.django_db(transaction=True)
LATER = datetime.datetime(2090, 1, 1, tzinfo=datetime.UTC)


def found(check):
    """The fault that this check names, in a ledger that is not clean."""
    faults = {fault.check: fault for fault in verify().faults}
    assert check in faults, faults
    return faults[check]


@pytest.fixture
def hold(book, earn):
    earn(book.wang, 60)
    key = uuid.uuid4()
    holds.reserve(
        book.id, key, [Source(book.wang, AccountKind.MEMBER, 40)], expires_at=LATER, by=CLERK
    )
    assert verify().faults == []
    return key


@pytest.fixture
def charged(book, hold):
    holds.charge(
        book.id,
        hold,
        key=uuid.uuid4(),
        minutes=30,
        kind=TransferKind.REDEEM,
        credit=1,
        effective_on=DAY,
        by=CLERK,
    )
    assert verify().faults == []
    return hold


@pytest.fixture
def moved(book, earn):
    """Half an hour of Wang's in the other book; the transfer that left this one."""
    earn(book.wang, 60)
    (holder,) = accounts.Account.objects.filter(id=book.wang).values_list("holder", flat=True)
    other = Area.objects.get(code="530111001002")
    there = accounts.open_for(other, [holder])[holder]
    posted = transfers.move(
        book.id, other.pk, uuid.uuid4(), [(book.wang, there, 30)], effective_on=DAY, by=CLERK
    )
    assert verify().faults == []
    return posted.transfer_ids[0]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger_balance SET held = held + 1 WHERE account_id = {wang}",
        "DELETE FROM ledger_hold",
        "UPDATE ledger_hold SET amount = 41",
        "INSERT INTO ledger_hold_resolution (community_id, hold_id, kind, amount, actor)"
        " SELECT community_id, id, 3, 0, 0 FROM ledger_hold",
    ],
)
def test_minutes_that_are_held_for_nobody_are_named(book, hold, tamper, change):
    tamper(change.format(wang=book.wang))

    assert f"account {book.wang} " in found("held").expected


@pytest.mark.parametrize("amount", [29, 31, 0])
def test_a_charge_of_other_minutes_than_were_posted_is_named(charged, tamper, amount):
    tamper("UPDATE ledger_hold_resolution SET amount = %s", amount)

    fault = found("charge")
    assert (fault.journal, fault.found) == (str(charged), f"charged {amount}")


def test_a_charge_without_its_transfer_is_named(charged, tamper):
    tamper("UPDATE ledger_hold_resolution SET journal = gen_random_uuid()")

    assert found("charge").journal == str(charged)


def test_clearing_accounts_that_are_not_opposite_are_named(moved, tamper):
    tamper(
        "UPDATE ledger_balance b SET posted = posted + 1 FROM ledger_account a WHERE a.kind = 5"
        " AND a.id = b.account_id AND a.community_id ="
        " (SELECT id FROM members_area WHERE code = '530111001001')"
    )

    assert "the opposite of" in found("clearing").expected


def test_a_move_that_has_one_side_only_is_named(moved, tamper):
    tamper("UPDATE ledger_transfer SET journal = gen_random_uuid() WHERE id = %s", moved)

    assert found("clearing").transfer == moved


def test_a_grant_that_is_filled_twice_is_named(book, community, tamper):
    (holder,) = accounts.Account.objects.filter(id=book.wang).values_list("holder", flat=True)
    key = uuid.uuid4()
    opened = accounts.open_grants(
        community, {key: holder}, purpose="special", expires_on=LATER.date()
    )
    leg = Leg(TransferKind.GRANT, POOL, opened[key], 60)
    transfers.post(book.id, key, leg, effective_on=DAY, by=CLERK)
    assert verify().faults == []

    (again,) = transfers.post(book.id, uuid.uuid4(), leg, effective_on=DAY, by=CLERK).transfer_ids

    assert found("grant").transfer == again


def test_an_account_that_does_not_know_the_closed_month_is_named(book, connect, tamper):
    with connect() as web:
        web.execute("SELECT ledger_close_period(%s, '2020-01-31', 7)", [book.id])
    assert verify().faults == []

    tamper("UPDATE ledger_balance SET closed_through = NULL WHERE account_id = %s", book.wang)

    fault = found("period")
    assert fault.expected == f"account {book.wang} closed through 2020-01-31"


def test_an_entry_moved_into_a_closed_month_is_named(book, connect, tamper, earn):
    with connect() as web:
        web.execute("SELECT ledger_close_period(%s, '2020-01-31', 7)", [book.id])
    late = earn(book.wang).transfer_ids[0]

    tamper("UPDATE ledger_transfer SET effective_on = '2020-01-31' WHERE id = %s", late)

    assert found("closed").transfer == late
