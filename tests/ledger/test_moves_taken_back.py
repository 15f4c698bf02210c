"""A move between communities is reversed: the holder belongs again to where they came from."""

import datetime
import uuid

import pytest
from django.db import transaction
from django.utils import timezone

from ledger import accounts, moves, periods, redemptions, requests, reversals, statements, transfers
from ledger.models import MovementRequest, Transfer, TransferKind
from ledger.transfers import Leg
from ledger.verification import verify
from members.models import Area, Member
from tests.factories import StaffFactory, community

from .people import by, credit, hours

pytestmark = pytest.mark.django_db
THERE = "530111001002"


@pytest.fixture
def there(db):
    return community(THERE)


@pytest.fixture
def moved(member, there, clerk, approve):
    """The request of a move that was carried out; the member belongs to the other community."""
    return approve(moves.ask(member, to=there, **by(clerk)))


@pytest.fixture
def take_back(clerk, approve):
    def run(request, **more):
        told = {"reason": "another person of that name"} | by(clerk) | more
        return approve(reversals.ask(request.area, request.key, **told))

    return run


def now(member):
    return Member.objects.select_related("area").get(pk=member.pk)


def in_book(area, member):
    numbers = [one.id for one in accounts.of(area.pk, member.key)]
    return sum(statements.balance(area.pk, number).posted for number in numbers)


def test_the_member_belongs_again_to_where_they_came_from(moved, take_back, member, there):
    assert now(member).area == there

    done = take_back(moved)

    assert done.state == "done"
    assert now(member).area == member.area
    assert (hours(now(member)), in_book(there, member)) == ((600, 0, 0), 0)
    assert verify().faults == []


def test_it_is_asked_for_in_the_other_book_as_well(moved, member, there, approve):
    clerk, checker = (StaffFactory(role=role, area=there) for role in ("clerk", "checker"))

    approve(reversals.ask(there, moved.key, reason="x", **by(clerk)), by=checker)

    assert now(member).area == member.area
    assert hours(now(member)) == (600, 0, 0)


def test_what_was_earned_there_since_follows(moved, take_back, member, there):
    credit(now(member), 90)

    take_back(moved)

    assert hours(now(member)) == (690, 0, 0)
    assert in_book(there, member) == 0
    assert Transfer.objects.filter(kind=TransferKind.MOVE_OUT, community=there).count() == 1
    assert verify().faults == []


def test_what_was_spent_there_is_missing_and_nothing_changes(moved, take_back, member, there):
    account = accounts.number_of(there.pk, member.key)
    leg = Leg(TransferKind.DONATE, account, accounts.POOL, 1)
    day = datetime.date(2026, 11, 25)
    transfers.post(there.pk, uuid.uuid4(), leg, effective_on=day, by=7)

    with pytest.raises(requests.NotEnoughHours), transaction.atomic():
        take_back(moved)

    assert now(member).area == there
    assert in_book(there, member) == 599


def test_what_was_spent_there_is_made_up_for_when_two_say_so(moved, take_back, member, there):
    account = accounts.number_of(there.pk, member.key)
    leg = Leg(TransferKind.DONATE, account, accounts.POOL, 100)
    day = datetime.date(2026, 11, 25)
    transfers.post(there.pk, uuid.uuid4(), leg, effective_on=day, by=7)

    take_back(moved, makes_up=True)

    assert (hours(now(member)), in_book(there, member)) == ((600, 0, 0), 0)
    assert now(member).area == member.area


def test_who_has_hours_set_aside_there_does_not_go_back(moved, take_back, member, there, approve):
    clerk, checker = (StaffFactory(role=role, area=there) for role in ("clerk", "checker"))
    on = datetime.date(2026, 11, 26)
    asked = redemptions.ask(now(member), minutes=60, on=on, **by(clerk))
    approve(asked, by=checker)

    with pytest.raises(requests.HoursAreHeld), transaction.atomic():
        take_back(moved)

    assert now(member).area == there


def test_who_has_moved_on_is_not_sent_back(moved, take_back, member, there, approve):
    third = Area.objects.communities().exclude(pk__in=[member.area_id, there.pk]).first()
    clerk, checker = (StaffFactory(role=role, area=there) for role in ("clerk", "checker"))
    approve(moves.ask(now(member), to=third, **by(clerk)), by=checker)

    with pytest.raises(moves.MovedOn), transaction.atomic():
        take_back(moved, makes_up=True)

    assert now(member).area == third


def test_of_two_moves_that_wait_one_is_carried_out(member, there, clerk, approve):
    third = Area.objects.communities().exclude(pk__in=[member.area_id, there.pk]).first()
    first, second = (moves.ask(member, to=to, **by(clerk)) for to in (there, third))
    approve(first)

    with pytest.raises(moves.MovedOn), transaction.atomic():
        approve(second)

    assert now(member).area == there
    assert MovementRequest.objects.get(pk=second.pk).state == "waiting"


def test_a_month_closed_in_one_book_sends_it_to_the_first_day_open_in_both(
    take_back, member, there, clerk, approve
):
    october = datetime.datetime(2026, 10, 20, 4, tzinfo=datetime.UTC)
    moved = approve(moves.ask(member, to=there, **by(clerk, october)), at=october)
    before = set(Transfer.objects.values_list("id", flat=True))
    administrator = StaffFactory(role="administrator")
    periods.close_month(there, october.date(), by=administrator, at=timezone.now())

    take_back(moved)

    fresh = Transfer.objects.exclude(id__in=before)
    days = (datetime.date(2026, 11, 1), october.date())
    assert {(t.effective_on, t.relates_to) for t in fresh} == {days}
