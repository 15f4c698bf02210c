import datetime
import uuid

import pytest
from django.db import IntegrityError, transaction

from ledger import (
    accounts,
    gifts,
    grants,
    moves,
    periods,
    redemptions,
    requests,
    statements,
    transfers,
)
from ledger.models import Account, AccountKind, MovementRequest, Transfer, TransferKind
from ledger.transfers import Leg, Refused
from ledger.verification import verify
from members.models import Area
from tests.factories import MemberFactory, StaffFactory, community

from .people import by, credit, hours

pytestmark = pytest.mark.django_db
HERE, THERE = "530111001001", "530111001002"


@pytest.fixture
def there(db):
    return community(THERE)


@pytest.fixture
def ask(member, there, clerk):
    def run(**changes):
        return moves.ask(member, **({"to": there} | by(clerk) | changes))

    return run


def clearing(here, other):
    account = Account.objects.get(community=here, peer=other.pk, kind=AccountKind.CLEARING)
    return statements.balance(here.pk, account.id).posted


def over_there(member, there):
    """Earned and gifted minutes in the other book."""
    found = {account.kind: account.id for account in accounts.of(there.pk, member.key)}
    kinds = (AccountKind.MEMBER, AccountKind.GIFTED)
    return tuple(statements.balance(there.pk, found.get(kind, 0)).posted for kind in kinds)


def test_hours_leave_one_book_and_enter_the_other_at_once(ask, approve, member, there):
    request = approve(ask())

    assert (hours(member), over_there(member, there)) == ((0, 0, 0), (600, 0))
    assert (clearing(member.area, there), clearing(there, member.area)) == (600, -600)
    kinds = Transfer.objects.filter(journal=request.key).order_by("kind")
    assert [(t.community_id, t.kind) for t in kinds] == [
        (member.area_id, TransferKind.MOVE_OUT),
        (there.pk, TransferKind.MOVE_IN),
    ]
    assert verify().faults == []


def test_what_was_given_stays_given_and_what_was_granted_stays(
    ask, approve, member, there, clerk, today
):
    giver = MemberFactory(volunteer={})
    credit(giver, 100)
    kin = {"to": member, "relation": "spouse", "proof": "register"}
    approve(gifts.ask(giver, minutes=40, **kin, **by(clerk)))
    approve(grants.ask(member, minutes=30, expires_on=today, reason="ill", **by(clerk)))

    approve(ask())

    assert hours(member) == (0, 0, 30)
    assert over_there(member, there) == (600, 40)


def test_hours_come_back_over_the_same_accounts(ask, approve, member, there, clerk):
    approve(ask())
    here = member.area
    member.area = there
    member.save(update_fields=["area"])
    other_checker = StaffFactory(role="checker", area=there)
    back = moves.ask(member, to=here, **by(StaffFactory(role="clerk", area=there)))

    approve(back, by=other_checker)

    assert (clearing(here, there), clearing(there, here)) == (0, 0)
    assert Account.objects.filter(kind=AccountKind.CLEARING).count() == 2


def test_a_move_is_reversed_in_both_books(ask, approve, member, there):
    request = approve(ask())

    posted = transfers.reverse(
        there.pk, request.key, key=uuid.uuid4(), effective_on=datetime.date(2026, 11, 25), by=7
    )

    assert len(posted.transfer_ids) == 1
    assert (hours(member), over_there(member, there)) == ((600, 0, 0), (0, 0))
    assert clearing(member.area, there) == 0
    assert verify().faults == []
    with pytest.raises(Refused, match="already_reversed"):
        transfers.reverse(
            member.area_id,
            request.key,
            key=uuid.uuid4(),
            effective_on=datetime.date(2026, 11, 25),
            by=7,
        )


def test_a_move_that_was_spent_there_is_reversed_in_neither(ask, approve, member, there):
    request = approve(ask())
    account = accounts.number_of(there.pk, member.key)
    leg = Leg(TransferKind.DONATE, account, accounts.POOL, 1)
    on = {"effective_on": datetime.date(2026, 11, 25), "by": 7}
    transfers.post(there.pk, uuid.uuid4(), leg, **on)

    with pytest.raises(Refused, match="floor"):
        transfers.reverse(member.area_id, request.key, key=uuid.uuid4(), **on)

    assert (hours(member), over_there(member, there)) == ((0, 0, 0), (599, 0))
    assert verify().faults == []


def test_what_the_other_book_refuses_leaves_this_one(ask, approve, member, there):
    accounts.open_for(there, [member.key])
    accounts.freeze(there.pk, member.key, frozen=True, by=7)

    with pytest.raises(requests.AccountFrozen):
        approve(ask())

    assert hours(member) == (600, 0, 0)
    assert verify().faults == []


def test_hours_that_are_held_stay(ask, approve, member, clerk, today):
    approve(redemptions.ask(member, minutes=10, on=today, **by(clerk)))

    with pytest.raises(requests.HoursAreHeld):
        approve(ask())


def test_there_is_nothing_to_move_of_an_empty_account(approve, there, clerk):
    with pytest.raises(requests.NotEnoughHours):
        approve(moves.ask(MemberFactory(), to=there, **by(clerk)))


def test_hours_move_to_another_community_and_nowhere_else(ask, member):
    with pytest.raises(moves.SameCommunity):
        ask(to=member.area)
    with pytest.raises(moves.NotACommunity):
        ask(to=Area.objects.get(code="530111001000"))
    assert MovementRequest.objects.count() == 0


def test_the_later_of_two_closings_counts(ask, approve, member, there, today):
    credit(MemberFactory(area=there), 1)
    last_month = today.replace(day=1) - datetime.timedelta(days=1)
    at = datetime.datetime.combine(today, datetime.time(4), datetime.UTC)
    periods.close_month(there, last_month, by=StaffFactory(), at=at)
    long_ago = at - datetime.timedelta(days=40)

    request = approve(ask(at=long_ago), at=long_ago)

    days = Transfer.objects.filter(journal=request.key).values_list("effective_on", "relates_to")
    assert set(days) == {(today.replace(day=1), long_ago.date())}


def test_the_same_key_moves_once(member, there):
    key, here = uuid.uuid4(), accounts.number_of(member.area_id, member.key)
    other = accounts.open_for(there, [member.key])[member.key]
    on = {"effective_on": datetime.date(2026, 11, 25), "by": 7}

    first = transfers.move(member.area_id, there.pk, key, [(here, other, 60)], **on)
    again = transfers.move(member.area_id, there.pk, key, [(here, other, 60)], **on)

    assert again == (first.transfer_ids, True)
    with pytest.raises(Refused, match="key_reused"):
        transfers.move(member.area_id, there.pk, key, [(here, other, 61)], **on)
    with pytest.raises(Refused, match="floor"):
        transfers.move(member.area_id, there.pk, uuid.uuid4(), [(here, other, 541)], **on)


def test_hours_do_not_move_to_another_person(member, there, relative):
    here = accounts.number_of(member.area_id, member.key)
    stranger = accounts.open_for(there, [relative.key])[relative.key]
    on = {"effective_on": datetime.date(2026, 11, 25), "by": 7}

    with pytest.raises(Exception, match="from a holder to the same"), transaction.atomic():
        transfers.move(member.area_id, there.pk, uuid.uuid4(), [(here, stranger, 60)], **on)


def test_a_key_of_the_other_book_is_not_used_again(member, there):
    key, here = uuid.uuid4(), accounts.number_of(member.area_id, member.key)
    other = accounts.open_for(there, [member.key])[member.key]
    on = {"effective_on": datetime.date(2026, 11, 25), "by": 7}
    transfers.post(there.pk, key, Leg(TransferKind.EARN, accounts.ISSUANCE, other, 1), **on)

    with pytest.raises(Refused, match="key_reused"):
        transfers.move(member.area_id, there.pk, key, [(here, other, 60)], **on)


def test_a_move_without_a_destination_is_not_written_down(member, clerk):
    with pytest.raises(IntegrityError, match="ledger_movementrequest_goes_to_another_community"):
        MovementRequest.objects.create(
            kind="move",
            key=uuid.uuid4(),
            area=member.area,
            destination=member.area,
            member=member,
            on=datetime.date(2026, 11, 25),
            author=clerk,
            asked_at=datetime.datetime(2026, 11, 25, tzinfo=datetime.UTC),
            needs_approval=True,
        )
