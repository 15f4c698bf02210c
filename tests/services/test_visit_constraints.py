"""What the database itself refuses about a visit, by the name of the constraint."""

import datetime
import uuid

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from members import encryption
from members.models.encrypted import Sealed
from services.models import Visit
from tests.factories import ElderFactory, StaffFactory, VisitFactory, VolunteerFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()
HOUR = datetime.timedelta(hours=1)


def refused(name):
    return pytest.raises(IntegrityError, match=f'"services_visit_{name}"')


def set_to(**values):
    """Write past every rule of Python's."""
    visit = VisitFactory()
    with transaction.atomic():
        Visit.objects.filter(pk=visit.pk).update(**values)


@pytest.mark.parametrize(
    "figures",
    [
        {"bankable_minutes": 61},
        {"bankable_minutes": 30, "banked_minutes": 31, "not_banked": {"day_cap": 29}},
    ],
)
def test_banked_at_most_bankable_at_most_served(figures):
    with refused("banks_at_most_what_was_served"):
        set_to(**figures)


@pytest.mark.parametrize("minutes", [0, 1441])
def test_a_visit_lasts_a_minute_to_a_day(minutes):
    with refused("served_minutes_are_of_one_day"):
        set_to(
            served_minutes=minutes, bankable_minutes=0, not_banked={"x": minutes} if minutes else {}
        )


def test_nobody_visits_themselves():
    both = ElderFactory(member=VolunteerFactory().member).member

    with refused("volunteer_is_not_the_elder"):
        VisitFactory(volunteer=both, elder=both)


def test_no_one_approves_their_own():
    clerk = StaffFactory()

    with refused("approver_is_not_the_author"):
        VisitFactory(entered_by=clerk, approved_by=clerk)


def test_no_one_sends_back_their_own():
    clerk = StaffFactory()

    with refused("returner_is_not_the_author"):
        VisitFactory(
            entered_by=clerk,
            state="returned",
            returned_by=clerk,
            returned_at=NOW,
            return_reason="x",
        )


@pytest.mark.parametrize(
    "times",
    [
        {"started_at": NOW},
        {"ended_at": NOW},
        {"started_at": NOW, "ended_at": NOW},
        {"started_at": NOW, "ended_at": NOW - HOUR},
    ],
)
def test_a_start_has_an_end_after_it(times):
    # A range that runs backwards is refused by the exclusion constraint's own expression.
    match = "services_visit_start_and_end|range lower bound"
    with pytest.raises(Exception, match=match), transaction.atomic():
        set_to(**times)


def test_a_confirmed_visit_has_its_time():
    with refused("confirmed_has_its_time"):
        set_to(state="confirmed")


@pytest.mark.parametrize(
    "values",
    [
        {"state": "reversed"},
        {"state": "reversed", "reversed_at": NOW},
        {"reversed_at": NOW},
    ],
)
def test_a_reversed_visit_names_who_and_when(values):
    with refused("reversed_names_who_and_when"):
        set_to(**values)


@pytest.mark.parametrize(
    "values",
    [
        {"state": "returned"},
        {"state": "returned", "returned_at": NOW},
        {"return_reason": Sealed(encryption.EMPTIED)},
    ],
)
def test_a_returned_visit_says_who_when_and_why(values):
    with refused("returned_says_who_when_and_why"):
        set_to(**values)


def test_a_visit_that_is_returned_without_a_reason_is_refused():
    with refused("returned_says_who_when_and_why"):
        set_to(state="returned", returned_at=NOW, returned_by=StaffFactory())


def test_banked_minutes_of_a_confirmed_visit_have_a_journal():
    with refused("banked_minutes_have_a_journal"):
        set_to(state="confirmed", confirmed_at=NOW, banked_minutes=60, not_banked={})


@pytest.mark.parametrize(
    "reasons", [{}, {"day_cap": 59}, {"day_cap": 61}, {"day_cap": 40, "waived": 30}]
)
def test_every_minute_not_banked_has_a_reason(reasons):
    with refused("every_minute_not_banked_has_a_reason"):
        set_to(not_banked=reasons)


@pytest.mark.parametrize("state", ["completed", "confirmed"])
def test_a_volunteer_is_in_one_place_at_a_time(state):
    volunteer = VolunteerFactory().member
    VisitFactory(
        volunteer=volunteer,
        started_at=NOW,
        ended_at=NOW + HOUR,
        state=state,
        confirmed_at=NOW if state == "confirmed" else None,
    )

    with refused("volunteer_is_in_one_place_at_a_time"):
        VisitFactory(volunteer=volunteer, started_at=NOW + HOUR / 2, ended_at=NOW + 2 * HOUR)


def test_a_visit_that_was_undone_leaves_its_time_free():
    volunteer = VolunteerFactory().member
    times = {"started_at": NOW, "ended_at": NOW + HOUR}
    undone = {"state": "reversed", "reversed_by": StaffFactory(), "reversed_at": NOW}
    VisitFactory(volunteer=volunteer, **times, **undone)

    assert VisitFactory(volunteer=volunteer, **times)


@pytest.mark.parametrize("field", ["key", "journal"])
def test_a_key_and_a_journal_belong_to_one_visit(field):
    one = uuid.uuid4()
    VisitFactory(**{field: one})

    with refused(f"{field}_key"):
        VisitFactory(**{field: one})
