import datetime
import uuid

import pytest

from ledger import statements, transfers
from ledger.accounts import ISSUANCE, POOL
from ledger.models import Transfer, TransferKind
from ledger.transfers import Leg, NoSuchJournal, Refused

from .conftest import CHECKER, CLERK, DAY

LATER = DAY + datetime.timedelta(days=3)


@pytest.fixture
def donated(book):
    """The key of a journal of three legs: earned, donated, covered."""
    key = uuid.uuid4()
    legs = [
        Leg(TransferKind.EARN, ISSUANCE, book.wang, 60),
        Leg(TransferKind.DONATE, book.wang, POOL, 50),
        Leg(TransferKind.POOL_COVER, POOL, ISSUANCE, 60),
    ]
    transfers.post_journal(book.id, key, legs, effective_on=DAY, by=CLERK, policy=4)
    return key


def reverse(book, original, key=None, **more):
    more = {"by": CHECKER, "effective_on": LATER} | more
    return transfers.reverse(book.id, original, key=key or uuid.uuid4(), **more)


def test_a_reversal_mirrors_every_leg_the_last_one_first(book, donated):
    posted = reverse(book, donated)

    original = list(Transfer.objects.filter(journal=donated).order_by("-leg"))
    mirror = [Transfer.objects.get(community=book.id, id=i) for i in posted.transfer_ids]
    assert [(m.debit, m.credit, m.amount, m.reverses) for m in mirror] == [
        (o.credit, o.debit, o.amount, o.id) for o in original
    ]
    assert {(m.kind, m.actor, m.effective_on, m.policy) for m in mirror} == {
        (TransferKind.REVERSAL, CHECKER, LATER, 4)
    }


def test_after_a_reversal_every_balance_is_as_before(book, donated):
    reverse(book, donated)

    assert [statements.balance(book.id, a).posted for a in (book.wang, POOL, ISSUANCE)] == [0, 0, 0]


def test_a_journal_is_reversed_only_once(book, donated):
    reverse(book, donated)

    with pytest.raises(Refused, match="already_reversed"):
        reverse(book, donated)


def test_the_same_reversal_again_returns_the_first_result(book, donated):
    key = uuid.uuid4()
    first = reverse(book, donated, key)

    assert reverse(book, donated, key) == (first.transfer_ids, True)


def test_the_key_of_a_reversal_is_not_free_for_another_one(book, donated, earn):
    key, other = uuid.uuid4(), uuid.uuid4()
    earn(book.wang, 60, key=other)
    reverse(book, donated, key)

    with pytest.raises(Refused, match="key_reused"):
        reverse(book, other, key)


def test_the_key_of_the_original_is_not_free_for_its_reversal(book, donated):
    with pytest.raises(Refused, match="key_reused"):
        reverse(book, donated, donated)


def test_minutes_that_are_spent_cannot_be_taken_back(book, earn):
    key = uuid.uuid4()
    earn(book.wang, 60, key=key)
    gift = Leg(TransferKind.DONATE, book.wang, POOL, 1)
    transfers.post(book.id, uuid.uuid4(), gift, effective_on=DAY, by=CLERK)

    with pytest.raises(Refused, match="floor"):
        reverse(book, key)

    assert statements.balance(book.id, book.wang).posted == 59


def test_what_was_never_posted_cannot_be_reversed(book):
    with pytest.raises(NoSuchJournal):
        reverse(book, uuid.uuid4())


def test_a_reversal_can_name_its_approver(book, donated):
    posted = reverse(book, donated, by=CLERK, approver=CHECKER)

    row = Transfer.objects.get(community=book.id, id=posted.transfer_ids[0])
    assert (row.actor, row.approver) == (CLERK, CHECKER)
