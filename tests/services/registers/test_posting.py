import datetime
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from django.conf import settings
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ledger import accounts, statements
from ledger.models import Transfer
from members.models import Member
from services.models import RegisterBatch, RegisterRow, Visit
from services.registers import batches, posting
from tests.factories import StaffFactory
from tests.services.registers.workbooks import (
    ELDERS,
    LI,
    VISIT,
    VISITS,
    VOLUNTEERS,
    WANG,
    approve,
    post,
    read,
    reasons,
    register,
    xlsx,
)


def visit_on(day, mark="是", volunteer="王敏"):
    return [f"2020-03-{day:02}", volunteer, *VISIT[2:7], mark]


def balance(member):
    return statements.standing_of(member).posted


@pytest.mark.django_db
def test_a_posted_row_is_a_confirmed_visit_with_its_hours_on_the_account():
    author, approver = StaffFactory(), StaffFactory(role="checker")

    batch = posting.post(approve(read(register(VISIT), by=author), by=approver))

    visit = Visit.objects.get()
    assert (visit.state, visit.source, visit.served_minutes) == ("confirmed", "import", 60)
    assert (visit.entered_by, visit.approved_by) == (author, approver)
    assert timezone.localtime(visit.started_at).hour == 9
    assert balance(visit.volunteer) == 60
    assert batch.state == "applied"
    assert batch.rows_done == batch.rows_total == 3
    assert not batch.rows.exclude(outcome="posted").exists()


@pytest.mark.django_db
def test_a_row_that_was_not_banked_is_served_and_moves_nothing():
    post(register(visit_on(2), visit_on(3, "否")))

    visit = Visit.objects.get(service_date="2020-03-03")
    assert (visit.served_minutes, visit.banked_minutes) == (60, 0)
    assert visit.not_banked == {"waived": 60}
    assert balance(visit.volunteer) == 60


@pytest.mark.django_db
def test_hours_over_the_cap_for_imports_are_served_and_not_banked():
    long_day = [["2020-03-02", "王敏", "李建国", "情感陪伴", None, None, h, "是"] for h in (5, 4)]

    post(register(*long_day))

    assert sum(Visit.objects.values_list("served_minutes", flat=True)) == 540
    assert balance(Member.objects.get(name="王敏")) == 480


@pytest.mark.django_db
def test_somebody_without_a_date_is_registered_by_the_first_visit():
    post(register(visit_on(9), visit_on(2), volunteers=[[*WANG[:5], None]]))

    assert Member.objects.get(name="王敏").registered_on == datetime.date(2020, 3, 2)
    assert Member.objects.get(name="李建国").registered_on == datetime.date(2020, 3, 2)


@pytest.mark.django_db
def test_posting_again_changes_nothing():
    batch = post(register(VISIT))
    before = list(Visit.objects.values()), list(Transfer.objects.values())

    posting.post(batch)

    assert (list(Visit.objects.values()), list(Transfer.objects.values())) == before


@pytest.mark.django_db
def test_a_register_that_is_not_approved_is_not_posted():
    batch = posting.post(read(register(VISIT)))

    assert batch.state == "prepared"
    assert not Visit.objects.exists()


@pytest.mark.django_db
def test_a_visit_that_came_on_record_after_the_approval_is_not_doubled():
    waiting = approve(read(register(VISIT)))
    post(register(VISIT, visit_on(9)))

    batch = posting.post(waiting)

    assert Visit.objects.filter(service_date="2020-03-02").count() == 1
    assert batch.rows.get(kind="visit").outcome == "same"
    assert Member.objects.count() == 2


@pytest.mark.django_db
def test_a_row_that_the_ledger_refuses_stays_with_its_reason_and_the_others_are_posted():
    batch = approve(read(register(visit_on(2, "否"), visit_on(3))))
    let_the_pool_give(0, batch)

    batch = posting.post(batch)

    assert reasons(batch) == {3: "refused_by_ledger"}
    assert Visit.objects.get().service_date == datetime.date(2020, 3, 2)
    assert batch.state == "applied"


@pytest.mark.django_db
def test_a_row_that_the_ledger_refused_is_posted_when_nothing_stands_against_it_any_more():
    batch = approve(read(register(VISIT)))
    let_the_pool_give(0, batch)
    posting.post(batch)
    let_the_pool_give(None, batch)

    batch = posting.post(approve(batches.check_again(batch)))

    assert not reasons(batch)
    assert balance(Member.objects.get(name="王敏")) == 60


def let_the_pool_give(minutes, batch):
    accounts.open_book(batch.area)
    for stripe in accounts.stripes(accounts.POOL):
        accounts.set_limits(batch.area_id, stripe, floor=minutes, ceiling=None, frozen=False, by=1)


@pytest.mark.django_db
def test_visits_of_a_person_whose_own_row_was_refused_wait_too():
    batch = approve(read(register(VISIT)))
    batch.rows.filter(kind="volunteer").update(outcome="cannot", reason="missing_name")

    batch = posting.post(batch)

    assert reasons(batch) == {2: "person_not_posted"}


@pytest.mark.django_db
def test_twenty_rows_take_as_many_statements_as_three():
    few = approve(read(register(*(visit_on(day) for day in range(1, 4)))))
    more = approve(read(register(*(visit_on(day) for day in range(4, 24)))))

    with CaptureQueriesContext(connection) as for_few:
        posting.post(few)
    with CaptureQueriesContext(connection) as for_more:
        posting.post(more)

    assert len(for_more) <= len(for_few)


# Two at once, and killed in the middle


@pytest.mark.django_db(transaction=True)
def test_two_approvals_at_once_approve_once():
    batch = read(register(VISIT))
    checkers = [StaffFactory(role="checker"), StaffFactory(role="checker")]
    results = []

    def press(checker):
        try:
            results.append(approve(RegisterBatch.objects.get(pk=batch.pk), by=checker).approved_by)
        except batches.NotWaiting as refusal:
            results.append(type(refusal))
        finally:
            connections.close_all()

    with transaction.atomic():
        batches.lock(batch)
        threads = [threading.Thread(target=press, args=[checker]) for checker in checkers]
        [thread.start() for thread in threads]
        time.sleep(0.3)
    [thread.join() for thread in threads]

    assert batches.NotWaiting in results
    assert len([result for result in results if result in checkers]) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_post_each_row_once(monkeypatch):
    monkeypatch.setattr(posting, "CHUNK", 3)
    batch = approve(read(register(*(visit_on(day) for day in range(1, 25)))))

    def work():
        posting.post(RegisterBatch.objects.get(pk=batch.pk))
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    batch.refresh_from_db()
    assert Visit.objects.count() == 24
    assert balance(Member.objects.get(name="王敏")) == 24 * 60
    assert batch.rows_done == batch.rows_total == 26


WORKER = """
import django, os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "timebank.settings"
from django.conf import settings
settings.DATABASES["default"] |= {"NAME": sys.argv[1], "HOST": sys.argv[2], "OPTIONS": {}}
django.setup()
from services.models import RegisterBatch
from services.registers import posting
posting.CHUNK = 5
posting.post(RegisterBatch.objects.get(pk=sys.argv[3]))
"""


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_the_middle_leaves_nothing_undone_and_nothing_doubled():
    volunteers = [
        [f"王{c}", "女", None, f"1381234{n:04}", None, None] for n, c in enumerate("甲乙丙")
    ]
    visits = [visit_on(day, volunteer=v[0]) for v in volunteers for day in range(1, 29)]
    sheets = {"志愿者": [VOLUNTEERS, *volunteers], "老人": [ELDERS, LI], "记录": [VISITS, *visits]}
    batch = approve(read(xlsx(sheets)))

    _kill_in_the_middle(batch)
    killed_at = Visit.objects.count()
    batch = posting.post(RegisterBatch.objects.get(pk=batch.pk))

    assert 0 < killed_at < 84
    assert Visit.objects.count() == 84
    assert batch.state == "applied"
    assert batch.rows_done == batch.rows_total
    for volunteer in Member.objects.filter(volunteer__isnull=False):
        assert balance(volunteer) == 28 * 60
    assert RegisterRow.objects.filter(outcome="posted").count() == 88


def _kill_in_the_middle(batch):
    """Let another process post the batch, and kill it after its first visits are committed."""
    database = connection.settings_dict
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, database["NAME"], database["HOST"], str(batch.pk)],
        cwd=settings.BASE_DIR,
    )
    deadline = time.monotonic() + 60
    while not Visit.objects.exists() and time.monotonic() < deadline:
        time.sleep(0.001)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
