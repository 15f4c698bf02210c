"""Who pays for a visit: the elder's own hours, those set aside for the day, then the pool."""

import datetime
import uuid

import pytest

from ledger import approvals, holds, periods, redemptions
from ledger.models import Policy, Transfer, TransferKind
from members.models import Elder
from services import visits
from tests.factories import ElderFactory, StaffFactory, VolunteerFactory, community
from tests.ledger.people import credit
from tests.services.test_visits_imported import post, row
from tests.services.test_visits_log import NOW, TODAY, balance, log, pool
from tests.services.test_visits_races import second_while_first_is_open

pytestmark = pytest.mark.django_db
OCTOBER = datetime.date(2026, 10, 1)


@pytest.fixture
def volunteer():
    return VolunteerFactory().member


@pytest.fixture
def elder():
    return ElderFactory().member


@pytest.fixture
def uncovered():
    """An elder for whom the pool does not pay."""
    return ElderFactory(living=Elder.Living.WITH_CHILDREN).member


def set_aside(elder, minutes, on=TODAY):
    """A redemption of the elder that a second person has approved; its key is the hold's."""
    request = redemptions.ask(
        elder, minutes=minutes, on=on, by=StaffFactory(), at=NOW, key=uuid.uuid4()
    )
    return approvals.approve(request, by=StaffFactory(role="checker"), at=NOW)


def moved(kind):
    return list(Transfer.objects.filter(kind=kind).order_by("id").values_list("amount", flat=True))


def test_an_elder_with_hours_of_their_own_pays(volunteer, elder):
    credit(elder, 90)

    visit = log(volunteer, elder)

    assert visit.banked_minutes == 60
    assert (balance(volunteer), balance(elder), pool()) == (60, 30, 0)
    assert (moved(TransferKind.REDEEM), moved(TransferKind.POOL_COVER)) == ([60], [])


def test_the_pool_pays_what_the_elders_hours_do_not(volunteer, elder):
    credit(elder, 45)

    log(volunteer, elder)

    assert (balance(volunteer), balance(elder), pool()) == (60, 0, -15)
    assert (moved(TransferKind.REDEEM), moved(TransferKind.POOL_COVER)) == ([45], [15])


def test_for_whom_the_pool_does_not_pay_only_what_they_pay_is_bankable(volunteer, uncovered):
    credit(uncovered, 45)

    visit = log(volunteer, uncovered)

    assert (visit.banked_minutes, visit.not_banked) == (45, {"not_eligible": 15})
    assert (balance(volunteer), balance(uncovered), pool()) == (45, 0, 0)


def test_hours_set_aside_for_the_day_are_used_and_the_rest_is_free_again(volunteer, elder):
    credit(elder, 200)
    request = set_aside(elder, 120)

    log(volunteer, elder, minutes=90)

    assert not holds.is_open(elder.area_id, request.key)
    assert (balance(volunteer), balance(elder), pool()) == (90, 110, 0)


def test_a_visit_that_is_longer_than_what_was_set_aside_draws_on_the_rest(volunteer, elder):
    credit(elder, 100)
    request = set_aside(elder, 60)

    log(volunteer, elder, minutes=120)

    assert not holds.is_open(elder.area_id, request.key)
    assert (balance(volunteer), balance(elder), pool()) == (120, 0, -20)


def test_hours_set_aside_for_another_day_stay_so(volunteer, elder):
    credit(elder, 60)
    request = set_aside(elder, 60, on=TODAY + datetime.timedelta(days=2))

    log(volunteer, elder)

    assert holds.is_open(elder.area_id, request.key)
    assert (balance(elder), pool()) == (60, -60)


def test_hours_set_aside_for_a_relative_pay_the_relatives_visit(volunteer, elder):
    spouse = ElderFactory().member
    credit(spouse, 60)
    told = {"minutes": 60, "on": TODAY, "beneficiary": elder, "relation": "spouse", "proof": "簿"}
    request = redemptions.ask(spouse, **told, by=StaffFactory(), at=NOW, key=uuid.uuid4())
    approvals.approve(request, by=StaffFactory(role="checker"), at=NOW)

    log(volunteer, elder)

    assert (balance(volunteer), balance(spouse), pool()) == (60, 0, 0)


def test_undoing_gives_the_elder_the_hours_back(volunteer, elder):
    credit(elder, 45)
    clerk = StaffFactory()
    visit = log(volunteer, elder, by=clerk)

    visits.undo(visit, by=clerk, at=NOW)

    assert (balance(volunteer), balance(elder), pool()) == (0, 45, 0)


def test_a_visit_that_waits_is_paid_when_it_is_approved(volunteer, elder):
    visit = log(volunteer, elder, method="paper")
    credit(elder, 45)

    visits.approve(visit, by=StaffFactory(role="checker"), at=NOW)

    assert (balance(volunteer), balance(elder), pool()) == (60, 0, -15)


def test_a_historic_register_leaves_the_elders_hours_alone(volunteer, elder):
    credit(elder, 90)

    post([row(volunteer, elder)], (StaffFactory(), StaffFactory(role="checker")))

    assert (balance(elder), pool()) == (90, -90)


@pytest.mark.django_db(transaction=True)
def test_two_volunteers_at_once_do_not_use_the_same_hours(elder):
    credit(elder, 60)
    one, other, clerk = VolunteerFactory().member, VolunteerFactory().member, StaffFactory()

    second_while_first_is_open(
        lambda: log(one, elder, by=clerk), lambda: log(other, elder, by=clerk)
    )

    assert (balance(one), balance(other), balance(elder), pool()) == (60, 60, 0, -60)


class TestClosedMonth:
    @pytest.fixture(autouse=True)
    def closed(self, db):
        Policy.objects.create(effective_from=datetime.date(2026, 1, 1), due_workdays=60)
        periods.close_month(community(), OCTOBER, by=StaffFactory(), at=NOW)

    def placed(self):
        return set(Transfer.objects.values_list("effective_on", "relates_to"))

    def test_a_visit_of_a_closed_month_is_booked_on_the_first_open_day(self, volunteer, elder):
        day = datetime.date(2026, 10, 20)

        visit = log(volunteer, elder, service_date=day)

        assert (visit.service_date, visit.banked_minutes) == (day, 60)
        assert self.placed() == {(datetime.date(2026, 11, 1), day)}

    def test_so_is_its_undoing(self, volunteer, elder):
        day, clerk = datetime.date(2026, 10, 20), StaffFactory()
        visit = log(volunteer, elder, service_date=day, by=clerk)

        visits.undo(visit, by=clerk, at=NOW)

        assert self.placed() == {(datetime.date(2026, 11, 1), day)}
        assert balance(volunteer) == 0

    def test_so_is_a_row_of_a_register(self, volunteer, elder):
        post([row(volunteer, elder)], (StaffFactory(), StaffFactory(role="checker")))

        assert self.placed() == {(datetime.date(2026, 11, 1), datetime.date(2020, 1, 14))}
