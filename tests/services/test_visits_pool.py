"""A pool that may give no more: the visit is served, and not bankable for what nobody pays."""

import datetime

import pytest

from ledger import approvals, moves
from ledger import pool as public_pool
from ledger.models import Policy
from ledger.policy import VisitFacts, credit
from services import visits
from services.models import Visit
from services.visits import doubts, refusals
from tests.factories import ElderFactory, StaffFactory, VolunteerFactory, community
from tests.ledger.people import by
from tests.ledger.people import credit as give
from tests.services.test_visits_imported import post, row
from tests.services.test_visits_log import NOW, TODAY, balance, log, pool
from tests.services.test_visits_races import second_while_first_is_open

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    return VolunteerFactory().member, ElderFactory().member


def limit(floor):
    Policy.objects.create(effective_from=datetime.date(2020, 1, 1), pool_floor=floor)


def waiting(pair, **told):
    return log(*pair, method=Visit.Method.PAPER, **told)


FACTS = {
    "minutes": 60,
    "service_date": TODAY,
    "recorded_on": TODAY,
    "grade": "A",
    "is_measured": True,
    "is_eligible": True,
}
CASES = [  # what decides it; bankable, from the elder, from the pool, reasons
    ({"pool_available": None}, (60, 0, 60, {})),
    ({"pool_available": 60}, (60, 0, 60, {})),
    ({"pool_available": 20}, (20, 0, 20, {"pool_exhausted": 40})),
    ({"pool_available": 0}, (0, 0, 0, {"pool_exhausted": 60})),
    ({"pool_available": 0, "elder_available": 45}, (45, 45, 0, {"pool_exhausted": 15})),
    ({"pool_available": 10, "elder_available": 45}, (55, 45, 10, {"pool_exhausted": 5})),
    ({"pool_available": 0, "is_eligible": False}, (0, 0, 0, {"not_eligible": 60})),
    (
        {"pool_available": 0, "is_eligible": False, "is_urgent": True},
        (0, 0, 0, {"pool_exhausted": 60}),
    ),
    ({"pool_available": 0, "choice": "waive"}, (60, 0, 0, {"waived": 60})),
    (
        {"pool_available": 30, "is_imported": True, "elder_available": 99},
        (30, 0, 30, {"pool_exhausted": 30}),
    ),
    (
        {"pool_available": 30, "used_that_day": 220},
        (20, 0, 20, {"pool_exhausted": 30, "day_cap": 10}),
    ),
]


@pytest.mark.parametrize(("facts", "expected"), CASES)
def test_what_nobody_pays_is_not_bankable(facts, expected):
    worth = credit(VisitFacts(**FACTS | facts), Policy(effective_from=TODAY))

    assert (worth.bankable, worth.from_elder, worth.from_pool, dict(worth.reasons)) == expected
    assert worth.served == worth.banked + sum(worth.reasons.values())


def test_a_visit_banks_what_the_pool_may_still_give(people):
    limit(-45)

    visit = log(*people)

    assert (visit.served_minutes, visit.bankable_minutes, visit.banked_minutes) == (60, 45, 45)
    assert visit.not_banked == {"pool_exhausted": 15}
    assert (balance(people[0]), pool(), public_pool.room(visit.area_id)) == (45, -45, 0)


def test_an_elder_with_hours_is_served_as_before(people):
    limit(0)
    give(people[1], 60)

    visit = log(*people)

    assert (visit.banked_minutes, visit.not_banked) == (60, {})
    assert pool() == 0


def test_the_clerk_is_warned_before_it_is_saved(people):
    limit(-45)

    with pytest.raises(doubts.Doubts) as raised:
        log(*people, seen=[])

    (doubt,) = raised.value.doubts
    assert doubt.code == "pool_exhausted"
    assert "15" in doubt.sentence
    assert not Visit.objects.exists()
    assert log(*people, seen=["pool_exhausted"]).banked_minutes == 45


def test_without_a_limit_nobody_is_warned(people):
    assert log(*people, seen=[]).banked_minutes == 60


def test_what_waits_banks_what_the_pool_may_give_when_it_is_approved(people):
    limit(-60)
    first, second = (waiting((VolunteerFactory().member, ElderFactory().member)) for _ in range(2))
    checker = StaffFactory(role="checker")

    one = visits.approve(first, by=checker, at=NOW)
    other = visits.approve(second, by=checker, at=NOW)

    assert (one.banked_minutes, other.banked_minutes) == (60, 0)
    assert (other.state, other.not_banked) == ("confirmed", {"pool_exhausted": 60})
    assert other.journal is None


def test_a_register_is_paid_row_by_row_as_far_as_the_pool_may(people):
    limit(-100)
    rows = [row(VolunteerFactory().member, people[1], minutes=minutes) for minutes in (60, 60, 60)]

    done = post(rows, (StaffFactory(), StaffFactory(role="checker")))

    assert [done.visits[one.key].banked_minutes for one in rows] == [60, 40, 0]
    assert done.visits[rows[1].key].not_banked == {"pool_exhausted": 20}
    assert pool() == -100


def test_a_donated_row_of_a_register_takes_nothing_from_the_pool(people):
    limit(-60)
    rows = [row(*people, choice="donate", minutes=60), row(*people, minutes=60)]

    done = post(rows, (StaffFactory(), StaffFactory(role="checker")))

    assert [done.visits[one.key].bankable_minutes for one in rows] == [60, 60]
    assert pool() == -60


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    def test_two_clerks_never_pass_the_limit_and_the_second_banks_the_rest(self):
        limit(-90)
        pairs = [(VolunteerFactory().member, ElderFactory().member) for _ in range(2)]
        clerks = [StaffFactory() for _ in range(2)]

        first, second = second_while_first_is_open(
            lambda: log(*pairs[0], by=clerks[0]), lambda: log(*pairs[1], by=clerks[1])
        )

        assert (first.banked_minutes, second.banked_minutes) == (60, 30)
        assert second.not_banked == {"pool_exhausted": 30}
        assert pool() == -90

    def test_a_clerk_and_a_checker_at_once_never_pass_the_limit(self):
        limit(-90)
        pairs = [(VolunteerFactory().member, ElderFactory().member) for _ in range(2)]
        old, clerk, checker = waiting(pairs[0]), StaffFactory(), StaffFactory(role="checker")

        first, second = second_while_first_is_open(
            lambda: log(*pairs[1], by=clerk), lambda: visits.approve(old, by=checker, at=NOW)
        )

        assert (first.banked_minutes, second.banked_minutes) == (60, 30)
        assert pool() == -90

    def test_a_register_and_a_clerk_at_once_never_pass_the_limit(self):
        limit(-90)
        pairs = [(VolunteerFactory().member, ElderFactory().member) for _ in range(2)]
        clerk, staff = StaffFactory(), (StaffFactory(), StaffFactory(role="checker"))
        one = row(*pairs[0], minutes=60)

        done, second = second_while_first_is_open(
            lambda: post([one], staff), lambda: log(*pairs[1], by=clerk)
        )

        assert (done.visits[one.key].banked_minutes, second.banked_minutes) == (60, 30)
        assert pool() == -90


@pytest.mark.django_db(transaction=True)
class TestMoves:
    def test_a_visit_logged_while_its_volunteer_moves_is_booked_in_neither_book(self, people):
        volunteer, elder = people
        give(volunteer, 60)
        asked = moves.ask(volunteer, to=community("530111001002"), **by(StaffFactory()))
        checker, clerk = StaffFactory(role="checker"), StaffFactory()

        _moved, visit = second_while_first_is_open(
            lambda: approvals.approve(asked, by=checker, at=NOW),
            lambda: log(volunteer, elder, by=clerk),
        )

        assert isinstance(visit, refusals.OtherCommunity)
        assert not Visit.objects.exists()
