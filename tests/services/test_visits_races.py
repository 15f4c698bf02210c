"""Two at once, on two connections, in a known order; the rule without its lock fails beside it."""

import os
import re
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest
from django.db import connection, connections, transaction

from ledger import accounts, statements
from ledger.models import Transfer, TransferKind
from services import visits
from services.models import Visit
from services.visits import recording, refusals
from tests.factories import ElderFactory, StaffFactory, VolunteerFactory
from tests.services.test_visits_imported import row
from tests.services.test_visits_log import NOW, log
from timebank import database

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 4


def at_once(*acts):
    """Run the acts on connections of their own, started together; give results or exceptions."""
    start = threading.Barrier(len(acts))

    def run(act):
        start.wait()
        try:
            return act()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def waits_for_a_lock():
    """Whether another connection of this database stands and waits for a lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0] > 0


def second_while_first_is_open(first, second):
    """Let `second` run while `first` has done its work and not committed; give both results."""
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            one = first()
            other = pool.submit(at_once, second)
            while not (waits_for_a_lock() or other.done()):
                pass
        return one, other.result()[0]


def without_the_lock():
    """The known-bad rule: logging a visit by functions like ours, but for the volunteer's lock."""
    ours = re.compile(r"(services_(?:book|log)_visit)\b")
    address = database.superuser(os.environ["TIMEBANK_SOCKET"], connection.settings_dict["NAME"])
    with psycopg.connect(address) as superuser:
        for name in ("services_book_visit", "services_log_visit"):
            (rule,) = superuser.execute(
                "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = %s", [name]
            ).fetchone()
            assert rule.count(" FOR NO KEY UPDATE") == (name == "services_book_visit")
            superuser.execute(ours.sub(r"\1_unlocked", rule.replace(" FOR NO KEY UPDATE", "")))
    return ours.sub(r"\1_unlocked", recording._WRITE)


@pytest.fixture
def pair():
    """Volunteer and elder; opening the volunteer's account would put two clerks in line as well."""
    volunteer = VolunteerFactory().member
    accounts.open_for(volunteer.area, [volunteer.key])
    return volunteer, ElderFactory().member


@pytest.fixture
def clerk():
    return StaffFactory(role="clerk")


def balance(member):
    return statements.standing_of(member).posted


def test_two_clerks_at_once_do_not_pass_the_cap_of_the_day(pair, clerk):
    other, second_elder = StaffFactory(), ElderFactory().member

    first, second = second_while_first_is_open(
        lambda: log(*pair, minutes=180, by=clerk),
        lambda: log(pair[0], second_elder, minutes=180, by=other),
    )

    assert (first.banked_minutes, second.banked_minutes) == (180, 60)
    assert balance(pair[0]) == 240


def test_without_the_lock_two_clerks_do_pass_it(pair, clerk, monkeypatch):
    monkeypatch.setattr(recording, "_WRITE", without_the_lock())
    other, second_elder = StaffFactory(), ElderFactory().member

    second_while_first_is_open(
        lambda: log(*pair, minutes=180, by=clerk),
        lambda: log(pair[0], second_elder, minutes=180, by=other),
    )

    assert balance(pair[0]) == 360


def test_two_clerks_who_log_the_first_hours_at_once_do_not_pass_the_cap(clerk):
    volunteer, elder = VolunteerFactory().member, ElderFactory().member
    other = StaffFactory()

    second_while_first_is_open(
        lambda: log(volunteer, elder, minutes=180, by=clerk),
        lambda: log(volunteer, elder, minutes=180, by=other),
    )

    assert balance(volunteer) == 240


def test_facts_that_change_again_and_again_end_in_words_and_book_nothing(pair, clerk, monkeypatch):
    gather = recording.facts.gather
    monkeypatch.setattr(
        recording.facts, "gather", lambda *args: replace(gather(*args), mark="(old)")
    )

    with pytest.raises(refusals.NotPosted):
        log(*pair, by=clerk)

    assert (Visit.objects.count(), balance(pair[0])) == (0, 0)


def test_one_visit_sent_several_times_at_once_is_booked_once(pair, clerk):
    key = uuid.uuid4()

    results = at_once(*[lambda: log(*pair, key=key, by=clerk)] * AT_ONCE)

    assert {visit.key for visit in results} == {key}
    assert (Visit.objects.count(), balance(pair[0])) == (1, 60)


def test_one_key_for_two_volunteers_at_once_books_one(pair, clerk):
    key, other = uuid.uuid4(), VolunteerFactory().member

    results = at_once(
        lambda: log(*pair, key=key, by=clerk), lambda: log(other, pair[1], key=key, by=clerk)
    )

    kinds = sorted(type(result).__name__ for result in results)
    assert kinds == ["KeyReused", "Visit"]
    assert Transfer.objects.filter(kind=TransferKind.EARN).count() == 1


def test_two_checkers_who_approve_at_once_book_once(pair, clerk):
    visit = log(*pair, method="paper", by=clerk)
    checkers = [StaffFactory(role="checker") for _ in range(2)]

    first, second = second_while_first_is_open(
        lambda: visits.approve(visit, by=checkers[0], at=NOW),
        lambda: visits.approve(visit, by=checkers[1], at=NOW),
    )

    assert first.approved_by == checkers[0]
    assert isinstance(second, refusals.NotWaiting)
    assert balance(pair[0]) == 60


def test_one_approves_while_another_sends_back(pair, clerk):
    visit = log(*pair, method="paper", by=clerk)
    checkers = [StaffFactory(role="checker") for _ in range(2)]

    _, second = second_while_first_is_open(
        lambda: visits.send_back(visit, by=checkers[0], at=NOW, reason="x"),
        lambda: visits.approve(visit, by=checkers[1], at=NOW),
    )

    assert isinstance(second, refusals.NotWaiting)
    assert not Transfer.objects.exists()


def test_two_who_undo_at_once_take_it_back_once(pair, clerk):
    visit = log(*pair, by=clerk)
    checker = StaffFactory(role="checker")

    first, second = second_while_first_is_open(
        lambda: visits.undo(visit, by=clerk, at=NOW),
        lambda: visits.undo(visit, by=checker, at=NOW),
    )

    assert first.state == "reversed"
    assert isinstance(second, refusals.CannotBeUndone)
    assert balance(pair[0]) == 0


def test_many_clerks_for_many_volunteers_at_once_lock_nobody_out(clerk):
    volunteers = [VolunteerFactory().member for _ in range(3)]
    elder = ElderFactory().member

    results = at_once(
        *[
            lambda volunteer=volunteer: log(volunteer, elder, minutes=30, by=clerk)
            for volunteer in volunteers
            for _ in range(AT_ONCE)
        ]
    )

    assert {type(result) for result in results} == {Visit}
    assert [balance(volunteer) for volunteer in volunteers] == [120, 120, 120]


def imported(pair, clerk, checker, **changes):
    rows = [row(*pair, service_date=NOW.date(), minutes=300, **changes)]
    return visits.post_imported(rows, batch_author=clerk, approver=checker, at=NOW)


def test_a_register_and_a_clerk_at_once_do_not_pass_the_cap_together(pair, clerk):
    checker = StaffFactory(role="checker")

    _, second = second_while_first_is_open(
        lambda: imported(pair, clerk, checker), lambda: log(*pair, minutes=180, by=clerk)
    )

    assert (second.banked_minutes, second.not_banked) == (0, {"day_cap": 180})
    assert balance(pair[0]) == 300


def test_two_registers_with_the_same_row_at_once_book_it_once(pair, clerk):
    checker, key = StaffFactory(role="checker"), uuid.uuid4()

    results = at_once(*[lambda: imported(pair, clerk, checker, key=key)] * AT_ONCE)

    assert {result.visits[key].key for result in results} == {key}
    assert (Visit.objects.count(), balance(pair[0])) == (1, 300)


def test_two_registers_at_once_do_not_pass_the_cap_together(pair, clerk):
    checker = StaffFactory(role="checker")

    at_once(*[lambda: imported(pair, clerk, checker)] * 2)

    assert sorted(Visit.objects.values_list("banked_minutes", flat=True)) == [180, 300]
    assert balance(pair[0]) == 480
