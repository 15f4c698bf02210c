"""Jobs of the ledger, run by the worker."""

from django.db import connection
from procrastinate.contrib.django import app


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="ledger_roll_up")
def roll_up(timestamp: int) -> None:
    """Keep past balances and statements quick to read; they are exact without it too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_roll_up()")
        cursor.execute("SELECT ledger_list_by_day()")
