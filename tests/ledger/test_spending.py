import datetime
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import accounts, spending, statements
from ledger.models import AccountKind
from ledger.spending import NotEnough, Source, draw, in_order

from .conftest import CLERK

KINDS = (AccountKind.GRANT, AccountKind.GIFTED, AccountKind.MEMBER)
SOON, LATE = datetime.date(2026, 12, 1), datetime.date(2027, 1, 1)
EARNED = Source(1001, AccountKind.MEMBER, 60)
GIFTED = Source(2001, AccountKind.GIFTED, 30)
FIRST = Source(3002, AccountKind.GRANT, 20, SOON)
SECOND = Source(3001, AccountKind.GRANT, 10, LATE)


def test_grants_go_first_by_expiry_then_gifts_then_what_was_earned():
    assert in_order([EARNED, GIFTED, SECOND, FIRST]) == [FIRST, SECOND, GIFTED, EARNED]


@pytest.mark.parametrize(
    ("minutes", "parts"),
    [
        (1, [(3002, 1)]),
        (20, [(3002, 20)]),
        (21, [(3002, 20), (3001, 1)]),
        (61, [(3002, 20), (3001, 10), (2001, 30), (1001, 1)]),
        (120, [(3002, 20), (3001, 10), (2001, 30), (1001, 60)]),
        (0, []),
    ],
)
def test_a_use_draws_one_source_after_the_other(minutes, parts):
    drawn = draw([FIRST, SECOND, GIFTED, EARNED], minutes)

    assert [(part.account, part.minutes) for part in drawn] == parts


def test_more_than_there_is_is_not_drawn_at_all():
    with pytest.raises(NotEnough) as refused:
        draw([FIRST, EARNED], 81)

    assert refused.value.available == 80


sources = st.lists(
    st.builds(
        Source,
        account=st.integers(1, 10**6),
        kind=st.sampled_from(KINDS),
        minutes=st.integers(1, 500),
        expires_on=st.dates(SOON, LATE),
    ),
    unique_by=lambda source: source.account,
)


@given(sources, st.integers(0, 2000))
def test_what_is_drawn_adds_up_and_leaves_nothing_before_the_last(found, minutes):
    found = in_order(found)
    if minutes > sum(source.minutes for source in found):
        with pytest.raises(NotEnough):
            draw(found, minutes)
        return

    drawn = draw(found, minutes)

    assert sum(part.minutes for part in drawn) == minutes
    assert [part.account for part in drawn] == [s.account for s in found[: len(drawn)]]
    assert [part.minutes for part in drawn[:-1]] == [s.minutes for s in found[: len(drawn)][:-1]]


@pytest.mark.django_db
def test_nothing_is_available_on_frozen_accounts_or_to_who_has_none(book, earn, community):
    (holder,) = accounts.Account.objects.filter(id=book.wang).values_list("holder", flat=True)
    earn(book.wang, 60)
    assert spending.available(book.id, holder, on=SOON) == 60

    accounts.freeze(book.id, holder, frozen=True, by=CLERK)

    assert spending.available(book.id, holder, on=SOON) == 0
    assert spending.available(book.id, uuid.uuid4(), on=SOON) == 0


@pytest.mark.django_db
def test_who_is_frozen_is_frozen_in_what_is_opened_later(book, community):
    (holder,) = accounts.Account.objects.filter(id=book.wang).values_list("holder", flat=True)
    accounts.freeze(book.id, holder, frozen=True, by=CLERK)

    opened = [
        accounts.open_gifted(community, holder),
        *accounts.open_grants(
            community, {uuid.uuid4(): holder}, purpose="special", expires_on=SOON
        ).values(),
    ]

    frozen = accounts.Balance.objects.filter(community=community, frozen=True)
    assert set(frozen.values_list("account_id", flat=True)) == {book.wang, *opened}
    assert [account.id for account in accounts.of(book.id, holder)] == [
        book.wang,
        opened[1],
        opened[0],
    ]


def test_holdings_add_up():
    assert statements.Holdings(earned=60, gifted=30, granted=10).total == 100
