"""Jobs of the ledger, run by the worker."""

import asyncio
import logging
import time

from asgiref.sync import sync_to_async
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django import app

from ledger import checkpoints, grants, holds, seals, verification

logger = logging.getLogger(__name__)

_PAUSE = 1  # second


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="ledger_roll_up")
def roll_up(timestamp: int) -> None:
    """Keep past balances and statements quick to read; they are exact without it too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_roll_up()")
        cursor.execute("SELECT ledger_list_by_day()")


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="ledger_expire_holds")
def expire_holds(timestamp: int) -> None:
    """Free what was set aside for too long."""
    holds.expire(at=timezone.now())


@app.periodic(cron="10 * * * *")
@app.task(queueing_lock="ledger_expire_grants")
def expire_grants(timestamp: int) -> None:
    """Give what is left of expired grants back to the pools; each hour, as days end elsewhere."""
    grants.expire(at=timezone.now())


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="ledger_seal")
async def seal(timestamp: int) -> None:
    """Seal what is ready, every second until the next minute's job takes over.

    One that overlaps with the next is harmless, and one that was killed is missed for a minute.
    """
    while True:
        await sync_to_async(seals.seal)()
        if time.time() >= timestamp + 60 - _PAUSE:
            break
        await asyncio.sleep(_PAUSE)
    await sync_to_async(seals.is_late)()


@app.periodic(cron="10 0 * * *")
@app.task(queueing_lock="ledger_checkpoint")
def checkpoint(timestamp: int) -> None:
    """Sign the day's heads; `manage.py checkpoint` gives the note away."""
    try:
        checkpoints.make(at=timezone.now())
    except checkpoints.NothingSealed:
        logger.info("there is nothing to make a checkpoint over")


@app.periodic(cron="20 3 * * *")
@app.task(queueing_lock="ledger_verify")
def verify(timestamp: int) -> None:
    """Recompute the whole ledger every night, and say it loudly when a row does not fit."""
    result = verification.verify()
    verification.keep(result)
    for fault in result.faults:
        fields = {"check": fault.check, "community": fault.community, "transfer": fault.transfer}
        logger.error("the ledger does not add up", extra={"fields": fields})
