"""When a staff account is locked after wrong passwords: the judgement that django-axes asks for.

Five wrong passwords in 15 minutes lock the account at that address. Wider limits, against a guess
from many addresses or at many accounts, lock nobody out of the place where they work: they do not
count for an account that has been in use at that address within the last 30 days.
"""

from datetime import datetime, timedelta
from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.db.models import Sum
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from members import devices, networks

AT_ONE_PLACE = 5
OF_ACCOUNT = 20
OF_ADDRESS = 50
KEPT = timedelta(days=2)


class Lockout(AxesDatabaseHandler):
    def is_locked(self, request: HttpRequest, credentials: dict | None = None) -> bool:
        account = account_of(request, credentials)
        address = network_of(request)
        now = request.axes_attempt_time  # type: ignore[attr-defined]
        recent = AccessAttempt.objects.filter(attempt_time__gte=get_cool_off_threshold(request))

        def failures(**of: Any) -> int:
            return recent.filter(**of).aggregate(n=Sum("failures_since_start"))["n"] or 0

        if failures(username=account, ip_address=address) >= AT_ONE_PLACE:
            return True
        if devices.is_at_home(_written(credentials), address=address, at=now):
            return False
        return (
            failures(username=account) >= OF_ACCOUNT or failures(ip_address=address) >= OF_ADDRESS
        )


def account_of(request: HttpRequest, credentials: dict | None) -> str:
    """What stands for the account where failures are counted: one however it is written.

    A keyed hash: people type phones and passwords there.
    """
    return salted_hmac("members.lockout", _written(credentials), algorithm="sha256").hexdigest()


def _written(credentials: dict | None) -> str:
    return str((credentials or {}).get("username") or "").casefold()[:150]


def network_of(request: HttpRequest) -> str | None:
    return networks.place_of(request)


def nobody(*args: Any) -> str:
    """What axes may write into our logs about somebody: nothing."""
    return ""


def forget_old(*, at: datetime) -> None:
    AccessAttempt.objects.filter(attempt_time__lt=at - KEPT).delete()
