import datetime
import uuid

import pytest

from ledger import accounts, statements, transfers
from ledger.accounts import POOL
from ledger.models import TransferKind
from ledger.transfers import Leg
from tests.factories import VolunteerFactory
from tests.timebank.statements.conftest import DAY, NOW
from timebank.reports.periods import Period
from timebank.statements import document

MARCH = Period(datetime.date(2026, 3, 1), datetime.date(2026, 3, 31))
WEEK = datetime.timedelta(days=7)


def of(member, period=MARCH, **more):
    return document.of_period(member, period, at=NOW, **{"limit": 100} | more)


def test_a_statement_lists_the_period_between_its_balances(volunteer, fill):
    fill((60, DAY), (30, DAY - WEEK * 2), (90, DAY + WEEK), (45, DAY + WEEK * 5))

    found = of(volunteer)

    assert found.opening == 30
    assert [(line.day, line.minutes, line.balance) for line in found.lines] == [
        (DAY, 60, 90),
        (DAY + WEEK, 90, 180),
    ]
    assert found.closing == 180
    assert (found.paid_in, found.paid_out) == (150, 0)
    assert found.following is None
    assert found.account_number == f"530111001001-{found.account}"


def test_its_figures_are_those_of_the_ledger(volunteer, fill):
    visits = fill((60, DAY), (30, DAY - WEEK * 2), (90, DAY + WEEK))
    account = accounts.number_of(volunteer.area_id, volunteer.key)
    by = visits[0].entered_by_id
    gift = Leg(TransferKind.DONATE, account, POOL, 40)
    transfers.post(volunteer.area_id, uuid.uuid4(), gift, effective_on=DAY + WEEK, by=by)
    key = uuid.uuid4()
    transfers.reverse(volunteer.area_id, visits[0].journal, key=key, by=by, effective_on=DAY)

    found = of(volunteer)

    book = (volunteer.area_id, account)
    before = MARCH.start - datetime.timedelta(days=1)
    assert found.opening == statements.as_effective(*book, before) == 30
    assert found.closing == statements.as_effective(*book, MARCH.end) == 80
    assert found.opening + found.paid_in - found.paid_out == found.closing
    assert (found.paid_in, found.paid_out) == (150, 100)
    assert [line.is_reversal for line in found.lines] == [False, True, False, False]


def test_a_late_record_stands_on_the_day_of_the_service(volunteer, fill):
    fill((60, DAY + WEEK))
    fill((30, DAY))

    assert [(line.minutes, line.balance) for line in of(volunteer).lines] == [(30, 30), (60, 90)]


def test_pages_follow_each_other(volunteer, fill):
    fill(*[(minutes, DAY) for minutes in range(31, 38)])

    seen, after, carried = [], None, 0
    while True:
        page = of(volunteer, limit=3, after=after)
        assert page.carried == carried
        seen += [line.minutes for line in page.lines]
        carried = page.lines[-1].balance
        if not page.following:
            break
        after = page.following

    assert seen == list(range(31, 38))
    assert carried == page.closing


def test_who_never_had_hours_has_an_empty_statement(db):
    found = of(VolunteerFactory().member)

    assert (found.opening, found.lines, found.closing, found.account_number) == (0, [], 0, "")


def test_a_file_has_an_end(volunteer, fill, monkeypatch):
    monkeypatch.setattr(document, "MOST_LINES", 2)
    fill(*[(60, DAY)] * 2)
    assert len(document.whole(volunteer, MARCH, at=NOW).lines) == 2

    fill((60, DAY))

    with pytest.raises(document.TooLong):
        document.whole(volunteer, MARCH, at=NOW)


@pytest.mark.parametrize("number", [1, 5])
def test_a_statement_asks_the_database_five_times(
    volunteer, fill, django_assert_num_queries, number
):
    fill(*[(60, DAY)] * number)

    with django_assert_num_queries(5):
        of(volunteer)
