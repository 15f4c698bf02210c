"""Two at once: who closes a month, and who closes while hours of it are being booked."""

import os
import threading
import time

import psycopg
import pytest
from django.db import connection, transaction

from ledger.models import Period as ClosedPeriod
from services import visits
from services.models import ClosedMonth, MonthClosing, Visit
from tests.factories import StaffFactory, VisitFactory, community
from tests.timebank.test_month_closing import LATE, NOVEMBER, NOW, OCTOBER, month, served
from timebank import database
from timebank.months import closing

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*calls):
    """Run the calls on a connection each, started together; what each returned or raised."""
    together = threading.Barrier(len(calls))
    results = [None] * len(calls)

    def run(index, call):
        together.wait()
        try:
            results[index] = call()
        except Exception as error:
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return results


def test_of_two_who_approve_at_once_one_closes():
    served(OCTOBER)
    author = StaffFactory(role="administrator")
    asked = closing.ask(community(), OCTOBER, by=author, at=NOW)
    seconds = [StaffFactory(role="administrator") for _n in range(2)]

    results = at_once(
        *(lambda by=by: closing.approve(asked, by=by, at=NOW) for by in seconds),
    )

    kinds = sorted(type(result).__name__ for result in results)
    assert kinds == ["MonthClosing", "NotWaiting"]
    assert ClosedPeriod.objects.count() == ClosedMonth.objects.count() == 1


def test_of_two_who_ask_at_once_one_asks():
    people = [StaffFactory(role="administrator") for _n in range(2)]

    results = at_once(
        *(lambda by=by: closing.ask(community(), OCTOBER, by=by, at=NOW) for by in people)
    )

    kinds = sorted(type(result).__name__ for result in results)
    assert kinds == ["AskedBefore", "MonthClosing"]
    assert MonthClosing.objects.count() == 1


def test_a_visit_that_is_being_booked_is_waited_for_and_counted():
    author, second = StaffFactory(role="administrator"), StaffFactory(role="administrator")
    asked = closing.ask(community(), OCTOBER, by=author, at=NOW)
    booked, result = threading.Event(), []

    def book():
        with transaction.atomic():
            result.append(served(LATE, at=NOW))
            booked.set()
            time.sleep(0.5)
        connection.close()

    thread = threading.Thread(target=book)
    thread.start()
    booked.wait(10)
    closing.approve(asked, by=second, at=NOW)
    thread.join()

    assert result[0].counted_on is None
    assert month(OCTOBER).total.visits == 1
    assert month(OCTOBER).total.ledger_difference_minutes == 0


def test_a_visit_approved_while_the_month_is_being_closed_counts_after_it():
    visit = VisitFactory(service_date=LATE, entered_at=NOW)
    author, second = StaffFactory(role="administrator"), StaffFactory(role="administrator")
    checker = StaffFactory(role="checker")
    asked = closing.ask(community(), OCTOBER, by=author, at=NOW, reason="Time is up.")
    closed = threading.Event()

    def close():
        with transaction.atomic():
            closing.approve(asked, by=second, at=NOW)
            closed.set()
            time.sleep(0.5)
        connection.close()

    thread = threading.Thread(target=close)
    thread.start()
    closed.wait(10)
    visits.approve(visit, by=checker, at=NOW)
    thread.join()

    assert Visit.objects.get(pk=visit.pk).counted_on == NOVEMBER
    assert month(OCTOBER).total.visits == 0
    assert month(NOVEMBER).total.visits == 1
    assert month(NOVEMBER).total.ledger_difference_minutes == 0


@pytest.mark.parametrize("rounds", [6])
def test_booking_and_closing_at_once_never_deadlock_and_every_visit_counts_once(rounds):
    author, second = StaffFactory(role="administrator"), StaffFactory(role="administrator")
    waiting = [VisitFactory(service_date=LATE, entered_at=NOW) for _n in range(rounds)]
    checker = StaffFactory(role="checker")
    asked = closing.ask(community(), OCTOBER, by=author, at=NOW, reason="Time is up.")

    results = at_once(
        lambda: closing.approve(asked, by=second, at=NOW),
        *(lambda visit=visit: visits.approve(visit, by=checker, at=NOW) for visit in waiting),
    )

    assert not [result for result in results if isinstance(result, Exception)]
    counted = [month(first).total for first in (OCTOBER, NOVEMBER)]
    assert sum(total.visits for total in counted) == rounds
    assert [total.ledger_difference_minutes for total in counted] == [0, 0]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE services_closedmonth SET figures = '{}'",
        "DELETE FROM services_closedmonth",
        "TRUNCATE services_closedmonth CASCADE",
        "UPDATE services_monthclosing SET reason = 'other'",
        "DELETE FROM services_monthclosing",
    ],
)
def test_not_even_the_superuser_changes_a_closed_month_with_ordinary_triggers_off(statement):
    author, second = StaffFactory(role="administrator"), StaffFactory(role="administrator")
    closing.approve(closing.ask(community(), OCTOBER, by=author, at=NOW), by=second, at=NOW)
    where = database.superuser(os.environ["TIMEBANK_SOCKET"], connection.settings_dict["NAME"])

    with (
        psycopg.connect(where, options="-c session_replication_role=replica") as superuser,
        pytest.raises(psycopg.errors.RestrictViolation),
    ):
        superuser.execute(statement)
