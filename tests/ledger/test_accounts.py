import uuid

import pytest
from django.db import IntegrityError, connection, transaction

from ledger import accounts, statements
from ledger.accounts import ISSUANCE, POOL
from ledger.models import Account, AccountKind, Balance
from members.models import Area

from .conftest import CLERK


def test_the_first_account_opens_the_book_with_its_stripes(community):
    accounts.open_for(community, [uuid.uuid4()])

    kinds = Account.objects.filter(community=community).values_list("id", "kind")
    book = {number: kind for number, kind in kinds if number <= 1000}
    assert book == dict.fromkeys(range(1, 17), AccountKind.ISSUANCE) | dict.fromkeys(
        range(17, 33), AccountKind.POOL
    )


def test_a_holder_has_one_account_however_often_it_is_opened(community):
    key, other = uuid.uuid4(), uuid.uuid4()
    first = accounts.open_for(community, [key, key])

    again = accounts.open_for(community, [key, other])

    assert again[key] == first[key] > 1000
    assert again[other] not in (None, first[key])


def test_a_holder_has_an_account_in_each_book(community):
    key = uuid.uuid4()
    neighbour = Area.objects.get(code="530111001002")

    ours, theirs = accounts.open_for(community, [key]), accounts.open_for(neighbour, [key])

    assert ours[key] != theirs[key]


def test_opening_a_book_twice_changes_nothing(community):
    accounts.open_book(community)
    accounts.open_book(community)

    assert Balance.objects.filter(community=community).count() == 32


def test_a_member_never_owes_hours_and_is_capped_by_the_policy(book):
    account = Balance.objects.get(community=book.id, account_id=book.wang)

    assert (account.floor, account.ceiling, account.frozen) == (0, 1500 * 60, False)


def test_issuance_and_pool_may_run_below_zero(book):
    limits = Balance.objects.filter(community=book.id, account_id__lte=32)

    assert set(limits.values_list("floor", "ceiling")) == {(None, None)}


def test_a_change_of_limits_is_kept_with_its_author(book):
    accounts.set_limits(book.id, book.wang, floor=0, ceiling=600, frozen=True, by=CLERK)

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT community_id, account_id, floor, ceiling, frozen, actor"
            " FROM ledger_limit_change WHERE account_id = %s ORDER BY id",
            [book.wang],
        )
        assert cursor.fetchall() == [
            (book.id, book.wang, 0, 1500 * 60, False, None),
            (book.id, book.wang, 0, 600, True, CLERK),
        ]


def test_limits_of_an_account_that_is_not_there_are_refused(book):
    with (
        pytest.raises(IntegrityError, match="ledger_limit_change_is_of_an_account"),
        transaction.atomic(),
    ):
        accounts.set_limits(book.id, 999_999, floor=0, ceiling=1, frozen=False, by=CLERK)


@pytest.mark.parametrize(
    ("limits", "constraint"),
    [
        ({"floor": 61, "ceiling": None}, "ledger_balance_available_is_not_below_floor"),
        ({"floor": 0, "ceiling": 59}, "ledger_balance_posted_is_not_above_ceiling"),
    ],
)
def test_limits_that_are_broken_already_are_refused(book, earn, limits, constraint):
    earn(book.wang, 60)

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        accounts.set_limits(book.id, book.wang, **limits, frozen=False, by=CLERK)


@pytest.mark.parametrize(("head", "first"), [(ISSUANCE, 1), (POOL, 17)])
def test_a_head_stands_for_sixteen_stripes(head, first):
    assert accounts.stripes(head) == list(range(first, first + 16))


def test_a_member_without_an_account_has_no_standing(book):
    assert accounts.number_of(book.id, uuid.uuid4()) is None
    assert statements.balance(book.id, 999_999) == (0, 0, 0)
