"""Spoilt functions in a copy of the database: the check that each mutant names has to notice.

What is tested here are the tests: a line that may be changed unnoticed is a line without one.
"""

import os

import psycopg
import pytest
from django.db import connection
from psycopg import errors

from tests import copies

from ..desk import Desk
from . import checks, races
from .table import MUTANTS

CHECKS = checks.CHECKS + races.CHECKS


@pytest.fixture(scope="module")
def workshop(django_db_setup, worker_id):
    name = f"mutants_{worker_id}"
    with copies.copy(connection.settings_dict["NAME"], name):
        yield lambda user: f"host={os.environ['TIMEBANK_SOCKET']} user={user} dbname={name}"


@pytest.fixture
def desk(workshop):
    one = Desk(workshop)
    yield one
    one.leave()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_check_passes_on_the_functions_as_they_are(desk, check):
    check(desk)


def short(mutant):
    """In CI those whose check takes milliseconds; the others wait for `make soak`."""
    marks = () if mutant.check in checks.CHECKS else pytest.mark.slow
    return pytest.param(mutant, id=mutant.name, marks=marks)


@pytest.mark.parametrize("mutant", [short(mutant) for mutant in MUTANTS])
def test_a_mutant_is_noticed(desk, mutant):
    with mutant.at_work(desk.connect("postgres")):
        try:
            mutant.check(desk)
        except (errors.SyntaxErrorOrAccessRuleViolation, errors.InternalError):
            raise  # no mutant but a mistake: it could not have gone unnoticed
        except (AssertionError, psycopg.Error):
            return
    pytest.fail(f"{mutant.check.__name__} does not notice: {mutant.name}")


def test_every_check_kills_a_mutant():
    assert {mutant.check for mutant in MUTANTS} == set(CHECKS)
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
