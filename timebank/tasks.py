"""Jobs of the pages that join the apps, by the worker."""

from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from services.papers.models import StatementRun
from timebank.statements import yearly

AGAIN = RetryStrategy(max_attempts=5, linear_wait=5)


@app.task(retry=AGAIN)
def make_statements(run: int) -> None:
    yearly.make(StatementRun.objects.select_related("area").get(pk=run), at=timezone.now())
