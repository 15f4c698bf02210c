"""Minutes set aside, and what becomes of them, once."""

import datetime
import uuid

import psycopg
import pytest
from django.db import connection, transaction
from django.utils import timezone

from ledger import accounts, holds, statements, tasks, transfers
from ledger.accounts import ISSUANCE
from ledger.models import AccountKind, Hold, HoldResolution, Transfer, TransferKind
from ledger.spending import Source
from ledger.transfers import Leg, NoSuchHold, Refused
from ledger.verification import verify

from .conftest import CHECKER, CLERK, DAY, address

pytestmark = pytest.mark.django_db
LATER = datetime.datetime(2035, 1, 1, tzinfo=datetime.UTC)
PAST = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
REDEEM = {"kind": TransferKind.REDEEM, "credit": ISSUANCE}


@pytest.fixture
def reserve(book, earn):
    """Give Wang an hour and set minutes aside."""
    earn(book.wang, 60)

    def set_aside(*minutes_of, key=None, expires_at=LATER):
        key = key or uuid.uuid4()
        parts = [Source(account, AccountKind.MEMBER, m) for account, m in minutes_of]
        is_new = holds.reserve(book.id, key, parts, expires_at=expires_at, by=CLERK)
        return key, is_new

    return set_aside


def charge(book, hold, minutes, *, key=None):
    return holds.charge(
        book.id,
        hold,
        key=key or uuid.uuid4(),
        minutes=minutes,
        effective_on=DAY,
        by=CLERK,
        **REDEEM,
    )


def standing(book, account=None):
    return statements.balance(book.id, account or book.wang)


def test_what_is_held_stays_posted_and_is_not_available(book, reserve):
    hold, is_new = reserve((book.wang, 40))

    assert is_new
    assert standing(book) == (60, 40, 20)
    assert holds.held(book.id, hold) == 40
    assert holds.is_open(book.id, hold)


def test_what_is_held_cannot_be_used_for_anything_else(book, reserve):
    reserve((book.wang, 40))

    leg = Leg(TransferKind.DONATE, book.wang, accounts.POOL, 21)
    with pytest.raises(Refused, match="floor"):
        transfers.post(book.id, uuid.uuid4(), leg, effective_on=DAY, by=CLERK)
    with pytest.raises(Refused, match="floor"):
        reserve((book.wang, 21))


def test_the_same_key_holds_once(book, reserve):
    hold, _ = reserve((book.wang, 40))

    assert reserve((book.wang, 40), key=hold) == (hold, False)
    with pytest.raises(Refused, match="key_reused"):
        reserve((book.wang, 41), key=hold)
    assert standing(book).held == 40


def test_a_refused_hold_stays_refused_and_changes_nothing(book, reserve, earn):
    key = uuid.uuid4()
    with pytest.raises(Refused, match="floor"):
        reserve((book.wang, 61), key=key)
    earn(book.wang, 60)

    with pytest.raises(Refused, match="floor"):
        reserve((book.wang, 61), key=key)
    assert (standing(book).held, Hold.objects.count()) == (0, 0)


def test_a_hold_on_several_accounts_is_set_as_a_whole_or_not_at_all(book, reserve, earn):
    earn(book.li, 10)
    with pytest.raises(Refused, match="floor"):
        reserve((book.wang, 60), (book.li, 11))
    assert standing(book).held == 0

    hold, _ = reserve((book.li, 10), (book.wang, 60))

    assert holds.held(book.id, hold) == 70


def test_nothing_is_held_on_a_frozen_account(book, reserve):
    accounts.set_limits(book.id, book.wang, floor=0, ceiling=None, frozen=True, by=CLERK)

    with pytest.raises(Refused, match="frozen"):
        reserve((book.wang, 1))


def test_a_charge_takes_what_was_served_and_frees_the_rest(book, reserve):
    hold, _ = reserve((book.wang, 40))

    charge(book, hold, 30)

    assert standing(book) == (30, 0, 30)
    resolution = HoldResolution.objects.get(community=book.id)
    assert (resolution.kind, resolution.amount) == (HoldResolution.Kind.CHARGED, 30)
    assert not holds.is_open(book.id, hold)
    assert verify().faults == []


def test_a_charge_draws_the_accounts_in_the_order_of_the_hold(book, reserve, earn):
    earn(book.li, 20)
    hold, _ = reserve((book.li, 20), (book.wang, 30))

    charge(book, hold, 25)

    assert (standing(book, book.li), standing(book)) == ((0, 0, 0), (55, 0, 55))
    amounts = HoldResolution.objects.order_by("hold_id").values_list("amount", flat=True)
    assert list(amounts) == [20, 5]


def test_more_than_was_held_is_not_charged(book, reserve):
    hold, _ = reserve((book.wang, 40))

    with pytest.raises(holds.MoreThanHeld):
        charge(book, hold, 41)
    assert standing(book) == (60, 40, 20)


def test_a_charge_sent_again_returns_the_first_result(book, reserve):
    hold, _ = reserve((book.wang, 40))
    key = uuid.uuid4()
    first = charge(book, hold, 30, key=key)

    again = charge(book, hold, 30, key=key)

    assert again == (first.transfer_ids, True)
    assert standing(book).posted == 30


def test_a_hold_is_resolved_once(book, reserve):
    hold, _ = reserve((book.wang, 40))
    charge(book, hold, 30)

    with pytest.raises(Refused, match="already_resolved"), transaction.atomic():
        charge(book, hold, 10)
    with pytest.raises(Refused, match="already_resolved"):
        holds.release(book.id, hold, key=uuid.uuid4(), by=CLERK)
    assert standing(book) == (30, 0, 30)


def test_a_charge_that_the_ledger_refuses_leaves_the_hold_open(book, reserve):
    hold, _ = reserve((book.wang, 40))
    accounts.set_limits(book.id, book.wang, floor=0, ceiling=None, frozen=True, by=CLERK)

    with pytest.raises(Refused, match="frozen"):
        charge(book, hold, 30)

    assert standing(book) == (60, 40, 20)
    assert holds.is_open(book.id, hold)


def test_a_release_frees_everything_and_the_same_key_does_it_once(book, reserve):
    hold, _ = reserve((book.wang, 40))
    key = uuid.uuid4()

    assert holds.release(book.id, hold, key=key, by=CLERK)
    assert not holds.release(book.id, hold, key=key, by=CLERK)

    assert standing(book) == (60, 0, 60)
    assert Transfer.objects.count() == 1
    assert verify().faults == []


def test_a_journal_of_ones_own_resolves_the_hold_with_it(book, reserve):
    hold, _ = reserve((book.wang, 40))
    legs = [
        Leg(TransferKind.EARN, ISSUANCE, book.li, 50),
        *holds.legs(book.id, hold, minutes=40, **REDEEM),
        Leg(TransferKind.REDEEM, book.wang, ISSUANCE, 10),  # more than was held, as it is there
    ]

    transfers.post_journal(
        book.id, uuid.uuid4(), legs, effective_on=DAY, by=CLERK, approver=CHECKER, hold=hold
    )

    assert (standing(book), standing(book, book.li).posted) == ((10, 0, 10), 50)
    assert HoldResolution.objects.get().amount == 40
    assert verify().faults == []


def test_what_does_not_exist_cannot_be_charged_or_released(book):
    missing = uuid.uuid4()
    legs = [Leg(TransferKind.EARN, ISSUANCE, book.li, 50)]

    with pytest.raises(NoSuchHold), transaction.atomic():
        holds.release(book.id, missing, key=uuid.uuid4(), by=CLERK)
    with pytest.raises(NoSuchHold):
        charge(book, missing, 1)
    with pytest.raises(NoSuchHold):
        holds.held(book.id, missing)
    with pytest.raises(NoSuchHold), transaction.atomic():
        transfers.post_journal(
            book.id, uuid.uuid4(), legs, effective_on=DAY, by=CLERK, hold=missing
        )


def test_holds_expire_once_and_only_in_time(book, reserve):
    old, _ = reserve((book.wang, 40), expires_at=PAST)
    young, _ = reserve((book.wang, 20))

    assert holds.expire(at=timezone.now()) == 1
    assert holds.expire(at=timezone.now()) == 0

    assert standing(book) == (60, 20, 40)
    assert (holds.is_open(book.id, old), holds.is_open(book.id, young)) == (False, True)
    assert HoldResolution.objects.get().kind == HoldResolution.Kind.EXPIRED
    assert verify().faults == []


def test_nobody_lets_holds_expire_before_their_time(book, reserve):
    reserve((book.wang, 40), expires_at=timezone.now() + datetime.timedelta(days=1))

    assert holds.expire(at=LATER) == 0


def test_what_has_expired_is_not_charged(book, reserve):
    hold, _ = reserve((book.wang, 40), expires_at=PAST)
    holds.expire(at=timezone.now())

    with pytest.raises(Refused, match="already_resolved"):
        charge(book, hold, 40)


def test_the_job_lets_holds_expire(book, reserve):
    reserve((book.wang, 40), expires_at=PAST)

    tasks.expire_holds(0)

    assert standing(book).held == 0


# As the web role calls it, past all of Python.
CHARGE = """SELECT transfer_ids, refused FROM ledger_post_journal(%s, %s, %s::smallint[],
    %s::bigint[], %s::bigint[], %s::bigint[], %s, 7, NULL, NULL, NULL, %s)"""


def charged_by_sql(book, hold, *minutes, key=None):
    legs = [(6, book.wang, 1, m) for m in minutes]
    columns = [list(column) for column in zip(*legs, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(CHARGE, [book.id, key or uuid.uuid4(), *columns, DAY, hold])
        return cursor.fetchone()


class TestMoreThanHeld:
    def test_the_sql_refuses_a_charge_above_the_hold(self, book, reserve):
        hold, _ = reserve((book.wang, 40))
        key = uuid.uuid4()

        assert charged_by_sql(book, hold, 41, key=key) == (None, "more_than_held")

        assert standing(book) == (60, 40, 20)
        assert holds.is_open(book.id, hold)
        assert charged_by_sql(book, hold, 41, key=key) == (None, "more_than_held")
        assert verify().faults == []

    def test_what_is_drawn_beyond_the_hold_is_a_leg_of_its_own_from_free_hours(self, book, reserve):
        hold, _ = reserve((book.wang, 40))

        ids, refused = charged_by_sql(book, hold, 40, 15)

        assert (len(ids), refused) == (2, None)
        assert standing(book) == (5, 0, 5)
        assert HoldResolution.objects.get(community=book.id).amount == 40
        assert verify().faults == []

    def test_a_second_leg_never_draws_on_the_hold(self, book, reserve):
        hold, _ = reserve((book.wang, 40))

        assert charged_by_sql(book, hold, 30, 15)[1] is None
        assert standing(book) == (15, 0, 15)
        assert HoldResolution.objects.get(community=book.id).amount == 30
        assert verify().faults == []

    def test_free_hours_have_their_floor_all_the_same(self, book, reserve):
        hold, _ = reserve((book.wang, 40))

        assert charged_by_sql(book, hold, 40, 21) == (None, "floor")
        assert standing(book) == (60, 40, 20)

    @pytest.mark.django_db(transaction=True)
    def test_no_function_can_write_a_charge_above_the_hold(self, book, reserve):
        reserve((book.wang, 40))
        hold = Hold.objects.get(community=book.id)

        with (
            psycopg.connect(address("postgres")) as owner,
            pytest.raises(
                psycopg.errors.CheckViolation, match="charged with what it holds"
            ) as refused,
        ):
            owner.execute(
                "INSERT INTO ledger_hold_resolution"
                " (community_id, hold_id, kind, amount, journal, actor)"
                " VALUES (%s, %s, 1, 41, gen_random_uuid(), 7)",
                [book.id, hold.id],
            )

        name = "ledger_hold_resolution_charges_what_is_held"
        assert refused.value.diag.constraint_name == name
