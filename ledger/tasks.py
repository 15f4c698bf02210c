"""Jobs of the ledger, run by the worker."""

from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django import app

from ledger import grants, holds


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="ledger_roll_up")
def roll_up(timestamp: int) -> None:
    """Keep past balances quick to read; they are exact without it too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_roll_up()")


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
