import datetime
import uuid

import pytest
from django.db import DataError, IntegrityError, transaction

from ledger import accounts, statements, transfers
from ledger.accounts import ISSUANCE
from ledger.models import Entry, Transfer, TransferKind
from ledger.transfers import Leg, Refused

from .conftest import CHECKER, CLERK, DAY

EARN, DONATE, COVER = TransferKind.EARN, TransferKind.DONATE, TransferKind.POOL_COVER


def give(book, debit, credit, minutes, *, key=None):
    return transfers.post(
        book.id,
        key or uuid.uuid4(),
        Leg(DONATE, debit, credit, minutes),
        effective_on=DAY,
        by=CLERK,
    )


def test_a_posting_moves_minutes_from_one_account_to_the_other(book, earn):
    posted = earn(book.wang, 90)

    assert statements.balance(book.id, book.wang) == (90, 0, 90)
    assert statements.balance(book.id, ISSUANCE).posted == -90
    assert posted.was_there is False


def test_a_posting_keeps_what_it_was_told(book):
    key = uuid.uuid4()

    posted = transfers.post(
        book.id,
        key,
        Leg(EARN, ISSUANCE, book.wang, 45),
        effective_on=DAY,
        by=CLERK,
        approver=CHECKER,
        policy=3,
    )

    row = Transfer.objects.get(community=book.id, id=posted.transfer_ids[0])
    assert (row.journal, row.leg, row.kind, row.amount) == (key, 1, EARN, 45)
    assert (row.actor, row.approver, row.policy, row.effective_on) == (CLERK, CHECKER, 3, DAY)
    assert (row.credit, row.credit_seq, row.credit_after, row.debit_seq) == (book.wang, 1, 45, 1)
    assert row.debit in accounts.stripes(ISSUANCE)


def test_entries_of_an_account_run_without_gaps_and_carry_the_balance(book, earn):
    earn(book.wang, 60)
    earn(book.wang, 30)
    give(book, book.wang, book.li, 50)

    lines = statements.lines(book.id, book.wang)

    assert [(e.seq, e.amount, e.balance_after) for e in lines] == [
        (3, -50, 40), (2, 30, 90), (1, 60, 60),
    ]  # fmt: skip


def test_a_list_of_lines_continues_before_the_last_one_seen(book, earn):
    for _ in range(5):
        earn(book.wang)

    first = statements.lines(book.id, book.wang, limit=2)
    second = statements.lines(book.id, book.wang, before_seq=first[-1].seq, limit=2)

    assert [e.seq for e in first + second] == [5, 4, 3, 2]


def test_the_same_key_and_content_return_the_first_result(book, earn):
    key = uuid.uuid4()
    first = earn(book.wang, key=key)

    again = earn(book.wang, key=key)

    assert again == (first.transfer_ids, True)
    assert Transfer.objects.filter(community=book.id).count() == 1


def test_another_author_means_the_same_posting(book):
    key, leg = uuid.uuid4(), Leg(EARN, ISSUANCE, book.wang, 60)
    first = transfers.post(book.id, key, leg, effective_on=DAY, by=CLERK)

    again = transfers.post(book.id, key, leg, effective_on=DAY, by=CHECKER)

    assert again == (first.transfer_ids, True)


@pytest.mark.parametrize(
    "change",
    [
        {"minutes": 61},
        {"account": "li"},
        {"on": DAY + datetime.timedelta(days=1)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_same_key_with_other_content_is_refused(book, earn, change):
    key = uuid.uuid4()
    earn(book.wang, key=key)
    account = getattr(book, change.pop("account", "wang"))

    with pytest.raises(Refused, match="key_reused"):
        earn(account, key=key, **change)

    assert Entry.objects.filter(community=book.id).count() == 2


def test_a_balance_never_goes_below_its_floor(book, earn):
    earn(book.wang, 60)

    with pytest.raises(Refused) as refused:
        give(book, book.wang, book.li, 61)

    assert refused.value.code == "floor"
    assert statements.balance(book.id, book.wang).posted == 60
    assert statements.balance(book.id, book.li).posted == 0


def test_a_balance_never_goes_above_its_ceiling(book, earn):
    accounts.set_limits(book.id, book.wang, floor=0, ceiling=100, frozen=False, by=CLERK)
    earn(book.wang, 100)

    with pytest.raises(Refused, match="ceiling"):
        earn(book.wang, 1)

    assert statements.balance(book.id, book.wang).posted == 100


@pytest.mark.parametrize("frozen", ["wang", "li"])
def test_a_frozen_account_neither_gives_nor_takes(book, earn, frozen):
    earn(book.wang, 60)
    account = getattr(book, frozen)
    accounts.set_limits(book.id, account, floor=0, ceiling=None, frozen=True, by=CLERK)

    with pytest.raises(Refused, match="frozen"):
        give(book, book.wang, book.li, 10)

    assert statements.balance(book.id, book.wang).posted == 60


@pytest.mark.parametrize("missing", ["debit", "credit"])
def test_an_account_that_is_not_there_is_refused(book, earn, missing):
    earn(book.wang, 60)
    ends = {"debit": book.wang, "credit": book.li} | {missing: 999_999_999}

    with pytest.raises(Refused, match="missing_account"):
        give(book, ends["debit"], ends["credit"], 10)

    assert statements.balance(book.id, book.wang).posted == 60


def test_a_refusal_leaves_no_trace_but_itself(book, earn):
    earn(book.wang, 60)

    with pytest.raises(Refused):
        give(book, book.wang, book.li, 61)
    earn(book.wang, 5)

    assert [e.seq for e in statements.lines(book.id, book.wang)] == [2, 1]


def test_a_refused_key_stays_refused_when_the_reason_has_gone(book, earn):
    key = uuid.uuid4()
    with pytest.raises(Refused, match="floor"):
        give(book, book.wang, book.li, 60, key=key)
    earn(book.wang, 60)

    with pytest.raises(Refused, match="floor"):
        give(book, book.wang, book.li, 60, key=key)

    assert statements.balance(book.id, book.li).posted == 0


def test_a_refused_key_is_not_free_for_other_content(book, earn):
    key = uuid.uuid4()
    with pytest.raises(Refused, match="floor"):
        give(book, book.wang, book.li, 60, key=key)

    with pytest.raises(Refused, match="key_reused"):
        earn(book.wang, 60, key=key)


@pytest.mark.parametrize("minutes", [0, -1, -(2**63) + 1])
def test_minutes_are_positive(book, earn, minutes):
    with pytest.raises((IntegrityError, DataError)), transaction.atomic():
        earn(book.wang, minutes)

    assert statements.balance(book.id, book.wang).posted == 0


def test_minutes_up_to_the_largest_bigint_are_exact(book, earn):
    accounts.set_limits(book.id, book.wang, floor=0, ceiling=None, frozen=False, by=CLERK)
    earn(book.wang, 2**63 - 1)

    with pytest.raises(DataError), transaction.atomic():
        earn(book.wang, 1)

    assert statements.balance(book.id, book.wang).posted == 2**63 - 1


@pytest.mark.parametrize(
    "day", [datetime.date(2028, 2, 29), datetime.date(1, 1, 1), datetime.date(9999, 12, 31)]
)
def test_any_day_of_the_calendar_is_kept(book, earn, day):
    earn(book.wang, 60, on=day)

    assert Transfer.objects.get(community=book.id).effective_on == day
    assert statements.as_effective(book.id, book.wang, day) == 60
