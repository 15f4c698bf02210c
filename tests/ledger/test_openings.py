import datetime

import pytest
from django.db import IntegrityError

from ledger import openings, periods, requests, statements
from ledger.models import Transfer, TransferKind
from ledger.requests import State
from tests.factories import MemberFactory, StaffFactory

from .people import by, hours

pytestmark = pytest.mark.django_db
DAY = datetime.date(2019, 12, 31)


@pytest.fixture
def ask(clerk):
    def run(member, minutes=900, **changes):
        content = {"minutes": minutes, "on": DAY, "evidence": "scan 12"} | by(clerk) | changes
        return openings.ask(member, **content)

    return run


def test_hours_from_paper_come_over_with_two_persons(ask, approve):
    newcomer = MemberFactory()
    request = ask(newcomer)
    assert (request.state, hours(newcomer)) == (State.WAITING, (0, 0, 0))

    request = approve(request)

    assert hours(newcomer) == (900, 0, 0)
    transfer = Transfer.objects.get(journal=request.key)
    assert (transfer.kind, transfer.effective_on) == (TransferKind.OPENING, DAY)
    assert (transfer.actor, transfer.approver) == (request.author_id, request.approver_id)


def test_an_opening_balance_needs_its_evidence(ask):
    with pytest.raises(IntegrityError, match="ledger_movementrequest_says_what_its_kind_needs"):
        ask(MemberFactory(), evidence="")


def test_an_opening_balance_stays_under_the_cap(ask, approve, member):
    with pytest.raises(requests.AccountFull):
        approve(ask(member, 90_000))

    assert hours(member) == (600, 0, 0)


def test_an_opening_balance_of_a_closed_month_keeps_its_day(ask, approve, today):
    newcomer = MemberFactory()
    approve(ask(MemberFactory()))
    at = datetime.datetime(2020, 2, 3, tzinfo=datetime.UTC)
    periods.close_month(newcomer.area, datetime.date(2020, 1, 1), by=StaffFactory(), at=at)

    request = approve(ask(newcomer))

    transfer = Transfer.objects.get(journal=request.key)
    assert (transfer.effective_on, transfer.relates_to) == (datetime.date(2020, 2, 1), DAY)
    assert statements.as_effective(newcomer.area_id, transfer.credit, today) == 900
