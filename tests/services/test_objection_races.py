"""Two who say at once that a line is not right, and two who answer: one waits, one is answered."""

import uuid

import pytest

from services import objections
from services.models import Objection
from tests.factories import ElderFactory, StaffFactory, UserFactory, VisitFactory, VolunteerFactory
from tests.services.test_objections import answer, say
from tests.services.test_visits_log import log
from tests.services.test_visits_races import second_while_first_is_open

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clerk():
    return StaffFactory(role="clerk")


@pytest.fixture
def volunteer():
    return VolunteerFactory().member


@pytest.fixture
def visit(volunteer, clerk):
    return log(volunteer, ElderFactory().member, by=clerk)


def test_of_two_at_once_one_waits(volunteer, visit, clerk):
    user = UserFactory(member=volunteer)

    first, second = second_while_first_is_open(
        lambda: say(volunteer, visit, user), lambda: say(volunteer, visit, clerk)
    )

    assert isinstance(second, objections.WaitsAlready)
    assert list(Objection.objects.all()) == [first]


def test_without_the_lock_the_database_still_lets_one_wait(volunteer, visit, clerk, monkeypatch):
    monkeypatch.setattr(objections, "_lock", lambda _member: None)

    first, second = second_while_first_is_open(
        lambda: say(volunteer, visit, clerk), lambda: say(volunteer, visit, clerk)
    )

    assert isinstance(second, objections.WaitsAlready)
    assert list(Objection.objects.all()) == [first]


def test_a_double_tap_is_one_objection(volunteer, visit, clerk):
    key = uuid.uuid4()

    first, second = second_while_first_is_open(
        lambda: say(volunteer, visit, clerk, key=key), lambda: say(volunteer, visit, clerk, key=key)
    )

    assert first == second
    assert Objection.objects.count() == 1


def test_two_at_once_do_not_pass_the_limit(volunteer, visit, clerk, monkeypatch):
    monkeypatch.setattr(objections, "MOST_WAITING", 1)
    other = VisitFactory(volunteer=volunteer)

    _first, second = second_while_first_is_open(
        lambda: say(volunteer, visit, clerk), lambda: say(volunteer, other, clerk)
    )

    assert isinstance(second, objections.TooMany)


def test_of_two_who_answer_at_once_one_does(volunteer, visit, clerk):
    said = say(volunteer, visit, clerk)
    one, other = StaffFactory(role="checker"), StaffFactory(role="checker")

    _first, second = second_while_first_is_open(
        lambda: answer(said, one), lambda: answer(said, other, outcome="mended")
    )

    assert isinstance(second, objections.NotWaiting)
    assert Objection.objects.get().answered_by == one
