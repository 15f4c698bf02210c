"""R11: what members said is not right in a period, and how far the answers are."""

import datetime
import json
import uuid

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from members.models import Area
from services import objections
from services.models import Objection, Visit
from tests.factories import StaffFactory, UserFactory, VisitFactory, VolunteerFactory, community
from timebank.reports import r11
from timebank.reports.periods import Period

pytestmark = pytest.mark.django_db

MARCH = Period(datetime.date(2026, 3, 1), datetime.date(2026, 3, 31))
ELSEWHERE = "530111001002"


def moment(day):
    return timezone.make_aware(datetime.datetime.fromisoformat(f"{day}T10:00"))


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def say(db):
    """A volunteer says that a visit is not right; answered on a day where one is given."""

    def say(day, *, code="530111001001", reason="time", answered=None, outcome="right"):
        place = community(code)
        visit = VisitFactory(
            area=place,
            volunteer=VolunteerFactory(member__area=place, member__name="程家祥").member,
            state=Visit.State.CONFIRMED,
            confirmed_at=moment("2026-02-01"),
            service_date=datetime.date(2026, 1, 20),
        )
        told = {"reason": reason, "words": "不对", "at": moment(day), "key": uuid.uuid4()}
        by = UserFactory(member=visit.volunteer)
        said = objections.write_down(visit.volunteer, visit, by=by, **told)
        if answered:
            by = StaffFactory(role="checker", area=place)
            told = {"outcome": outcome, "words": "看过", "by": by, "at": moment(answered)}
            objections.answer(said, **told)
        return said

    return say


def report(code="530111001001", period=MARCH):
    return r11.figures(Area.objects.get(code=code), period)


def test_each_is_counted_by_the_day_on_which_it_was_said(say):
    for day in ("2026-02-28", "2026-03-01", "2026-03-31", "2026-04-01"):
        say(day)

    assert report().total.said == 2


def test_answers_are_told_apart_by_what_was_found_and_when(say):
    say("2026-03-02", answered="2026-03-16", outcome="mended")  # the tenth working day
    say("2026-03-02", answered="2026-03-17")
    say("2026-03-30")

    total = report().total

    assert (total.said, total.answered, total.answered_late) == (3, 2, 1)
    assert (total.mended, total.right) == (1, 1)
    assert (total.waiting, total.overdue) == (1, 1)


def test_what_is_not_due_yet_is_not_overdue(say):
    say(timezone.localdate())
    today = Period(timezone.localdate(), timezone.localdate())

    found = report(period=today)

    assert (found.total.waiting, found.total.overdue) == (1, 0)
    assert r11.as_document(found).checks[0].holds


@pytest.mark.parametrize(
    ("code", "names"),
    [("530111001001", ["March 2026"]), ("530111001000", ["石虎关社区", "关上中心区社区"])],
)
def test_rows_and_reasons_add_up_to_the_total(say, code, names):
    say("2026-03-02", reason="person")
    say("2026-03-03", code=ELSEWHERE, reason="not_there", answered="2026-03-04")

    found = report(code)

    expected = 2 if code == "530111001000" else 1
    assert found.total.said == expected
    assert sum(one.said for _row, one in found.rows) == expected
    assert sum(one.said for _reason, one in found.by_reason) == expected
    if found.is_by_month:
        assert [row.name for row, _one in found.rows] == names


def test_the_list_names_nobody_in_full_and_holds_no_words(say):
    say("2026-03-02", answered="2026-03-05")

    document = r11.as_document(report())

    text = str([section.table.lines() for section in document.sections])
    assert "程*祥" in text
    assert "It was right" in text
    assert "程家祥" not in text
    assert "不对" not in text
    assert "看过" not in text


def test_an_empty_period_says_so(db):
    document = r11.as_document(report())

    assert document.sections[-1].table.note == (
        "Nobody said in this time that something is not right."
    )


def test_the_page_and_its_files_open(client, say):
    say("2026-03-02")
    client.force_login(StaffFactory(role="administrator", area=community()))
    client.cookies["django_language"] = "en"
    query = {"area": "530111001001", "start": "2026-03-01", "end": "2026-03-31"}

    page = client.get("/admin/reports/R11/", query)
    book = client.get("/admin/reports/R11/", query | {"format": "xlsx"})
    table = client.get("/admin/reports/R11/", query | {"format": "csv"})

    assert "1 wait longer than ten working days." in page.content.decode()
    assert (book.status_code, table.status_code) == (200, 200)
    assert "程*祥" in table.content.decode()


def test_a_clerk_reads_it_not(client):
    client.force_login(StaffFactory(role="clerk"))

    assert client.get("/admin/reports/R11/").status_code == 403


def test_the_command_prints_it(say, capsys):
    say("2026-03-02")
    options = {"area": "石虎关社区", "start": "2026-03-01", "end": "2026-03-31"}

    call_command("report", "R11", **options, format="json")

    data = json.loads(capsys.readouterr().out)
    assert (data["report"], data["said"], data["overdue"]) == ("R11", 1, 1)
    assert data["by_month"][0]["code"] == "2026-03"


def test_it_takes_the_same_number_of_queries_for_one_and_for_three(say):
    counts = []
    for extra in (1, 2):
        for _n in range(extra):
            say("2026-03-02")
        with CaptureQueriesContext(connection) as queries:
            r11.as_document(report())
        counts.append(len(queries))

    assert Objection.objects.count() == 3
    assert counts[0] == counts[1]
