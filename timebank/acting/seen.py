"""What an agent sees of the elder for whom they act: by the scope of the agency, and no more.

Never of the file: no ID number, phone, address or note; of others the shortened name.
"""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from ledger import outcomes
from ledger.models import MovementRequest
from ledger.statements import holdings_of
from members import access_log
from members.agents import Scope
from members.models import Agent, User
from services.models import Visit
from timebank import passbook

LINES = 10
VISITS = 5
REQUESTS = 10
SHOWN = (Visit.State.COMPLETED, Visit.State.CONFIRMED)


def of(agency: Agent, *, by: User, at: datetime, page: str) -> dict[str, Any]:
    """The parts of the elder's page; what is not in the scope is not there. A look is kept."""
    parts: dict[str, Any] = {}
    if Scope.SEE in agency.scopes:
        parts["account"] = passbook.opened(agency.member, at=at, limit=LINES)
    if Scope.CONFIRM in agency.scopes:
        parts["visits"] = _visits(agency)
    access_log.acted(agency.member, list(parts), by=by, at=at, page=page)
    if Scope.ASK in agency.scopes:
        latest = requests(agency, by=by).order_by("-asked_at", "-pk")[:REQUESTS]
        parts["outcomes"] = outcomes.of(latest)
    return parts


def account(agency: Agent, *, by: User, at: datetime, page: str) -> dict[str, Any] | None:
    """What is available, where the agent may see the account; a look is kept."""
    if Scope.SEE not in agency.scopes:
        return None
    access_log.acted(agency.member, ["account"], by=by, at=at, page=page)
    return {"available": passbook.parts(holdings_of(agency.member).total), "at": at}


def requests(agency: Agent, *, by: User) -> QuerySet[MovementRequest]:
    """What the agent has asked for in the elder's name."""
    return MovementRequest.objects.filter(member=agency.member, author=by)


def _visits(agency: Agent) -> QuerySet[Visit]:
    """Those to the elder that wait or were recorded last."""
    found = Visit.objects.filter(elder=agency.member, state__in=SHOWN)
    people = found.select_related("category", "volunteer")
    return people.order_by("-service_date", "-pk")[:VISITS]
