"""Jobs of members, by the worker: messages, and every night what is to be forgotten or closed."""

from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from members import devices, drafts, lockout, notices, signing_in, staff_accounts, tries

# 4, 16, 64 seconds, 4, 17 minutes, 1 and 4 hours.
LATER = RetryStrategy(max_attempts=notices.TRIES + 3, exponential_wait=4)


@app.task(retry=LATER)
def deliver(notice: int) -> None:
    notices.deliver(notice, at=timezone.now())


@app.periodic(cron="40 2 * * *")
@app.task(queueing_lock="members_forget")
def forget(timestamp: int) -> None:
    """What was kept for limits, sign-ins and messages goes when it is of no more use."""
    for module in (signing_in, tries, lockout, devices, drafts, notices):
        module.forget_old(at=timezone.now())


@app.periodic(cron="50 2 * * *")
@app.task(queueing_lock="members_disable_unused")
def disable_unused(timestamp: int) -> None:
    staff_accounts.disable_unused(at=timezone.now())
