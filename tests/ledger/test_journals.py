import uuid

import pytest
from django.db import connection, transaction

from ledger import accounts, statements, transfers
from ledger.accounts import ISSUANCE, POOL
from ledger.models import Transfer, TransferKind
from ledger.transfers import Journal, Leg, Refused

from .conftest import CLERK, DAY

EARN, DONATE, COVER = TransferKind.EARN, TransferKind.DONATE, TransferKind.POOL_COVER


def earned_and_covered(account, minutes=60):
    return [Leg(EARN, ISSUANCE, account, minutes), Leg(COVER, POOL, ISSUANCE, minutes)]


def donated(account, minutes=60):
    return [
        Leg(EARN, ISSUANCE, account, minutes),
        Leg(DONATE, account, POOL, minutes),
        Leg(COVER, POOL, ISSUANCE, minutes),
    ]


def post(book, legs, key=None):
    return transfers.post_journal(book.id, key or uuid.uuid4(), legs, effective_on=DAY, by=CLERK)


def test_all_legs_of_a_journal_are_posted_in_order(book):
    posted = post(book, donated(book.wang, 90))

    rows = Transfer.objects.filter(community=book.id).order_by("leg")
    assert [(r.id, r.leg, r.kind) for r in rows] == list(
        zip(posted.transfer_ids, [1, 2, 3], [EARN, DONATE, COVER], strict=True)
    )
    assert [statements.balance(book.id, a).posted for a in (book.wang, POOL, ISSUANCE)] == [0, 0, 0]


def test_one_refused_leg_refuses_the_journal(book):
    legs = [*earned_and_covered(book.wang), Leg(DONATE, book.wang, POOL, 61)]

    with pytest.raises(Refused, match="floor"):
        post(book, legs)

    assert not Transfer.objects.filter(community=book.id).exists()
    assert statements.balance(book.id, book.wang).posted == 0


def test_limits_hold_after_every_leg_not_only_after_the_last(book):
    accounts.set_limits(book.id, book.wang, floor=0, ceiling=100, frozen=False, by=CLERK)

    with pytest.raises(Refused, match="ceiling"):
        post(book, donated(book.wang, 101))
    with pytest.raises(Refused, match="floor"):
        post(book, [Leg(DONATE, book.wang, POOL, 10), Leg(EARN, ISSUANCE, book.wang, 10)])


def test_the_same_journal_again_returns_the_first_result(book):
    key = uuid.uuid4()
    first = post(book, donated(book.wang), key)

    assert post(book, donated(book.wang), key) == (first.transfer_ids, True)
    assert Transfer.objects.filter(community=book.id).count() == 3


@pytest.mark.parametrize("other", [donated, lambda a: earned_and_covered(a)[:1]])
def test_a_journal_with_more_or_fewer_legs_is_other_content(book, other):
    key = uuid.uuid4()
    post(book, earned_and_covered(book.wang), key)

    with pytest.raises(Refused, match="key_reused"):
        post(book, other(book.wang), key)


def test_one_leg_is_the_same_content_posted_singly_or_as_a_journal(book, earn):
    key = uuid.uuid4()
    first = earn(book.wang, 60, key=key)

    assert post(book, [Leg(EARN, ISSUANCE, book.wang, 60)], key) == (first.transfer_ids, True)


def test_a_refused_journal_stays_refused(book, earn):
    key, legs = uuid.uuid4(), [Leg(DONATE, book.wang, POOL, 10), Leg(COVER, POOL, ISSUANCE, 10)]
    with pytest.raises(Refused, match="floor"):
        post(book, legs, key)
    earn(book.wang, 60)

    with pytest.raises(Refused, match="floor"):
        post(book, legs, key)


def test_legs_of_one_journal_use_one_stripe(book):
    post(book, donated(book.wang))

    rows = list(Transfer.objects.filter(community=book.id).order_by("leg"))
    assert rows[0].debit == rows[2].credit
    assert rows[1].credit == rows[2].debit


def test_a_batch_posts_what_is_not_there_yet(book):
    first = [Journal(uuid.uuid4(), donated(book.wang), DAY) for _ in range(3)]
    more = [Journal(uuid.uuid4(), earned_and_covered(book.li), DAY) for _ in range(2)]

    assert transfers.post_batch(book.id, first, by=CLERK) == 3
    assert transfers.post_batch(book.id, first + more, by=CLERK) == 2
    assert transfers.post_batch(book.id, first + more, by=CLERK) == 0
    assert statements.balance(book.id, book.li).posted == 120
    assert Transfer.objects.filter(community=book.id).count() == 13


def test_a_batch_is_as_if_posted_one_after_the_other(book):
    journals = [
        Journal(uuid.uuid4(), [Leg(EARN, ISSUANCE, book.wang, 60)], DAY),
        Journal(uuid.uuid4(), [Leg(DONATE, book.wang, book.li, 60)], DAY),
        Journal(uuid.uuid4(), [Leg(DONATE, book.li, POOL, 20)], DAY),
    ]

    transfers.post_batch(book.id, journals, by=CLERK)

    lines = statements.lines(book.id, book.li) + statements.lines(book.id, book.wang)
    assert [(e.seq, e.balance_after) for e in lines] == [(2, 40), (1, 60), (2, 0), (1, 60)]


def test_a_batch_names_the_first_key_that_is_refused_and_posts_nothing(book):
    good, bad = uuid.uuid4(), uuid.uuid4()
    journals = [
        Journal(good, earned_and_covered(book.wang), DAY),
        Journal(bad, [Leg(DONATE, book.wang, POOL, 61)], DAY),
    ]

    with pytest.raises(Refused) as refused:
        transfers.post_batch(book.id, journals, by=CLERK)

    assert (refused.value.code, refused.value.key) == ("floor", bad)
    assert not Transfer.objects.filter(community=book.id).exists()
    assert transfers.post_batch(book.id, journals[:1], by=CLERK) == 1


def test_a_refused_batch_leaves_the_callers_transaction_usable(book, earn):
    with transaction.atomic():
        earn(book.li, 30)
        with pytest.raises(Refused):
            transfers.post_batch(
                book.id, [Journal(uuid.uuid4(), [Leg(DONATE, book.wang, POOL, 1)], DAY)], by=CLERK
            )

    assert statements.balance(book.id, book.li).posted == 30


def test_a_batch_refuses_other_content_under_a_known_key(book):
    key = uuid.uuid4()
    transfers.post_batch(book.id, [Journal(key, donated(book.wang), DAY)], by=CLERK)

    with pytest.raises(Refused, match="key_reused"):
        transfers.post_batch(book.id, [Journal(key, donated(book.li), DAY)], by=CLERK)


def test_a_key_twice_in_one_batch_is_posted_once_or_refused(book):
    key = uuid.uuid4()
    journal = Journal(key, donated(book.wang), DAY)

    assert transfers.post_batch(book.id, [journal, journal], by=CLERK) == 1
    with pytest.raises(Refused, match="key_reused"):
        transfers.post_batch(book.id, [journal, Journal(key, donated(book.li), DAY)], by=CLERK)


def test_a_batch_refuses_a_key_that_was_refused_singly(book, earn):
    key, legs = uuid.uuid4(), [Leg(DONATE, book.wang, POOL, 10)]
    with pytest.raises(Refused, match="floor"):
        post(book, legs, key)
    earn(book.wang, 60)

    with pytest.raises(Refused, match="floor"):
        transfers.post_batch(book.id, [Journal(key, legs, DAY)], by=CLERK)


def test_an_empty_batch_posts_nothing(book):
    assert transfers.post_batch(book.id, [], by=CLERK) == 0


def test_a_batch_is_one_statement_however_long(book, django_assert_num_queries):
    journals = [Journal(uuid.uuid4(), donated(book.wang), DAY) for _ in range(200)]

    with django_assert_num_queries(3):  # with its savepoint
        transfers.post_batch(book.id, journals, by=CLERK)

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ledger_unsealed")
        assert cursor.fetchone() == (600,)
