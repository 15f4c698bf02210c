import asyncio
import time

import pytest
from asgiref.sync import async_to_sync
from django.db import connection

from ledger import checkpoints, seals, statements, tasks
from ledger.models import Block, Verification

from .conftest import DAY


def test_the_job_rolls_up_accounts_with_many_new_entries(book, earn):
    for _ in range(64):
        earn(book.wang, 1)

    tasks.roll_up(0)

    with connection.cursor() as cursor:
        cursor.execute("SELECT account_id, seq FROM ledger_rolled WHERE account_id > 1000")
        assert cursor.fetchall() == [(book.wang, 64)]
    assert statements.as_effective(book.id, book.wang, DAY) == 64


@pytest.mark.django_db(transaction=True)
def test_the_job_seals_every_second_until_the_next_one(book, earn, monkeypatch):
    passes = []
    monkeypatch.setattr(tasks, "_PAUSE", 0.05)
    monkeypatch.setattr(seals, "seal", lambda: passes.append(time.time()))

    async_to_sync(tasks.seal.func)(time.time() - 59.5)

    assert 4 <= len(passes) <= 12


@pytest.mark.django_db(transaction=True)
def test_a_job_that_comes_late_seals_once(book, earn, monkeypatch):
    earn(book.wang)
    until = time.monotonic() + 20

    while not Block.objects.exists() and time.monotonic() < until:
        async_to_sync(tasks.seal.func)(0)

    assert Block.objects.get().size == 1


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_stops_does_not_wait_for_the_job(book, monkeypatch):
    async def stopped():
        job = asyncio.create_task(tasks.seal(time.time()))
        await asyncio.sleep(0.3)
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)
        return job.cancelled()

    assert async_to_sync(stopped)()


@pytest.mark.django_db(transaction=True)
def test_the_jobs_of_the_night_make_a_checkpoint_and_verify(book, earn, seal, caplog, tamper):
    tasks.checkpoint(0)
    assert checkpoints.latest() is None
    earn(book.wang)
    seal()

    tasks.checkpoint(0)
    tasks.verify(0)
    assert (checkpoints.latest().number, Verification.objects.get().faults) == (1, 0)

    tamper("UPDATE ledger_transfer SET actor = 99")
    tasks.verify(0)
    assert Verification.objects.latest("id").faults == 1
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert record.fields["check"] == "leaf"
