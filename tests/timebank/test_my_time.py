import gzip
import re
import uuid
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.urls import reverse
from django.utils import timezone

from ledger import accounts, donations, holds, spending, transfers
from ledger.accounts import ISSUANCE, POOL
from ledger.models import TransferKind
from ledger.transfers import Leg
from services.models import Category, Visit
from tests.factories import ElderFactory, StaffFactory, UserFactory, VisitFactory, VolunteerFactory
from timebank import passbook

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 20)


@pytest.fixture
def volunteer():
    return VolunteerFactory(member__name="高桂峰").member


@pytest.fixture
def read(client, volunteer):
    """The words of a page as the volunteer reads it, each run of white space as one space."""
    client.force_login(UserFactory(member=volunteer))

    def read(name="my_time", language="en", **query):
        response = client.get(reverse(name), query, headers={"Accept-Language": language})
        main = re.search(r"<main.*</main>", response.content.decode(), re.DOTALL)[0]
        return " ".join(re.sub(r"<[^>]+>", " ", main).split())

    return read


def bank(volunteer, minutes, *, elder_name="王秀英", day=DAY):
    """A confirmed visit, its hours banked and covered by the pool."""
    key = uuid.uuid4()
    visit = VisitFactory(
        volunteer=volunteer,
        elder=ElderFactory(member__name=elder_name).member,
        category=Category.objects.get(code="shopping"),
        service_date=day,
        state=Visit.State.CONFIRMED,
        confirmed_at=timezone.now(),
        served_minutes=minutes,
        bankable_minutes=minutes,
        banked_minutes=minutes,
        journal=key,
    )
    account = accounts.open_for(volunteer.area, [volunteer.key])[volunteer.key]
    legs = [
        Leg(TransferKind.EARN, ISSUANCE, account, minutes),
        Leg(TransferKind.POOL_COVER, POOL, ISSUANCE, minutes),
    ]
    transfers.post_journal(volunteer.area_id, key, legs, effective_on=day, by=visit.entered_by_id)
    return visit


def test_a_volunteer_reads_what_is_available_and_where_it_comes_from(read, volunteer):
    bank(volunteer, 90, day=date(2026, 11, 2))
    bank(volunteer, 1400)
    bank(volunteer, 634)

    words = read()

    assert "高桂峰" in words
    assert re.search(r"35 h 24 min as of .* \d\d:\d\d", words)
    newest = words.index(
        "Nov. 20, 2026 Shopping together 王*英 +10 h 34 min in balance 35 h 24 min"
    )
    assert newest < words.index("Nov. 2, 2026 Shopping together 王*英 +1 h 30 min in balance")
    assert "王秀英" not in words


def test_my_time_shows_the_last_five_lines(read, volunteer):
    for minutes in range(31, 38):
        bank(volunteer, minutes)

    words = read()

    assert words.count("balance") == 5
    assert "+37 min" in words
    assert "+32 min" not in words


def test_a_donation_that_was_taken_back_says_what_was_undone(read, volunteer):
    bank(volunteer, 90)
    told = {"by": StaffFactory(), "at": timezone.now()}
    donations.undo(donations.give(volunteer, minutes=30, key=uuid.uuid4(), **told), **told)

    words = read()

    assert "Donated to the public pool −30 min out" in words
    assert "Undone: Donated to the public pool +30 min in" in words


def test_on_a_frozen_account_nothing_is_available_and_the_page_says_why(read, volunteer):
    bank(volunteer, 90)
    accounts.freeze(volunteer.area_id, volunteer.key, frozen=True, by=StaffFactory().pk)

    for page in ("my_time", "my_time_records", "my_hours", "my_hours_donate"):
        words = read(page)
        assert "Your account is frozen." in words
        assert "1 h 30 min Use my hours" not in words
    assert "Available 0 min" in read()
    assert "On it are 1 h 30 min ." in read()


def test_what_was_undone_is_a_line_of_its_own(read, volunteer):
    visit = bank(volunteer, 90)
    transfers.reverse(
        volunteer.area_id, visit.journal, key=uuid.uuid4(), by=visit.entered_by_id, effective_on=DAY
    )

    words = read()

    assert "Undone: Shopping together 王*英 −1 h 30 min out balance 0 min" in words
    assert "Shopping together 王*英 +1 h 30 min in balance 1 h 30 min" in words


def test_what_moved_without_a_visit_is_named_by_its_kind(read, volunteer):
    visit = bank(volunteer, 90)
    account = accounts.open_for(volunteer.area, [volunteer.key])[volunteer.key]
    gift = Leg(TransferKind.DONATE, account, POOL, 30)
    transfers.post(volunteer.area_id, uuid.uuid4(), gift, effective_on=DAY, by=visit.entered_by_id)

    assert "Donated to the public pool −30 min out balance 1 h" in read()


def test_visits_that_wait_for_confirmation_are_told(read, volunteer):
    VisitFactory(volunteer=volunteer, served_minutes=60)
    assert "1 visit of 1 h is waiting for confirmation." in read()

    VisitFactory(volunteer=volunteer, served_minutes=30, bankable_minutes=30)
    assert "2 visits of 1 h 30 min are waiting for confirmation." in read()


@pytest.fixture
def rich(volunteer):
    """Hours of each kind: 90 minutes earned, 60 given, 240 granted, 30 of these set aside."""
    visit = bank(volunteer, 90)
    by = {"by": visit.entered_by_id, "approver": 8}
    gifted = accounts.open_gifted(volunteer.area, volunteer.key)
    key, area = uuid.uuid4(), volunteer.area
    until = timezone.localdate() + timedelta(days=5)
    grant = accounts.open_grants(area, {key: volunteer.key}, purpose="2026-11", expires_on=until)
    other = bank(VolunteerFactory().member, 60).volunteer
    giver = accounts.number_of(area.pk, other.key)
    for leg in (
        Leg(TransferKind.GIFT, giver, gifted, 60),
        Leg(TransferKind.GRANT, POOL, grant[key], 240),
    ):
        transfers.post(area.pk, uuid.uuid4(), leg, effective_on=DAY, **by)
    sources = spending.draw(spending.sources(area.pk, volunteer.key, on=DAY), 30)
    expires = timezone.now() + timedelta(days=9)
    holds.reserve(area.pk, uuid.uuid4(), sources, expires_at=expires, **by)
    return volunteer


def test_hours_of_every_source_stand_in_one_passbook(read, rich):
    words = read()

    assert "Available 6 h as of" in words
    assert "Earned 1 h 30 min Granted, until" in words
    assert "3 h 30 min Given by relatives 1 h Set aside for a visit 30 min" in words
    assert "Granted by the community +4 h in balance 6 h 30 min" in words
    assert "Given by a relative +1 h in balance 2 h 30 min" in words
    assert "+1 h 30 min in balance 1 h 30 min" in words


def test_every_line_of_all_accounts_is_read_once_in_order(client, rich, monkeypatch):
    monkeypatch.setattr("timebank.views.PAGE_OF_LINES", 2)
    client.force_login(UserFactory(member=rich))

    seen, query = [], {}
    while query is not None:
        shown = client.get(reverse("my_time_records"), query).context
        seen += [(line.minutes, line.balance) for line in shown["lines"]]
        query = {"before": shown["older"]} if shown["older"] else None

    assert seen == [(240, 390), (60, 150), (90, 90)]


def test_a_grant_that_has_run_out_is_not_available(rich):
    shown = passbook.opened(rich, at=timezone.now() + timedelta(days=6), limit=5)

    assert shown["available"] == [120, 30]
    assert [part.until for part in shown["sources"]] == [None, None]


def test_my_time_leads_to_all_that_hours_are_for(read, client):
    read()

    page = client.get(reverse("my_time")).content.decode()

    for name in ("my_hours_donate", "my_hours_gift", "my_hours_redeem", "my_hours"):
        assert f'href="{reverse(name)}"' in page


def test_whoever_has_no_hours_yet_is_told_what_to_do(read):
    for name in ("my_time", "my_time_records"):
        words = read(name)
        assert "0 min" in words
        assert "No hours yet" in words
        assert "Call us" in words


def test_nobody_reads_another_s_hours(read, volunteer):
    bank(VolunteerFactory().member, 90)

    assert "+1 h 30 min" not in read()
    assert "No hours yet" in read("my_time_records")


@pytest.mark.parametrize("name", ["my_time", "my_time_records"])
def test_staff_have_no_hours_and_strangers_sign_in_first(client, name):
    assert client.get(reverse(name)).url == f"{reverse('sign_in')}?next={reverse(name)}"

    client.force_login(StaffFactory())
    assert client.get(reverse(name)).url == reverse("home")
    assert client.post(reverse(name)).status_code == 405


@pytest.mark.parametrize("visits", [1, 3])
def test_my_time_asks_the_database_ten_times_for_one_line_and_for_three(
    client, volunteer, django_assert_num_queries, visits
):
    for _ in range(visits):
        bank(volunteer, 60)
    client.force_login(UserFactory(member=volunteer))

    with django_assert_num_queries(10):
        client.get(reverse("my_time"))


def test_the_passbook_is_read_page_by_page_to_its_first_line(client, read, volunteer, monkeypatch):
    monkeypatch.setattr("timebank.views.PAGE_OF_LINES", 3)
    for minutes in range(31, 38):
        bank(volunteer, minutes)

    seen, query = [], {}
    while query is not None:
        seen += re.findall(r"\+(\d\d) min", read("my_time_records", **query))
        older = client.get(reverse("my_time_records"), query).context["older"]
        query = {"before": older} if older else None

    assert seen == [str(minutes) for minutes in range(37, 30, -1)]


@pytest.mark.parametrize("before", ["0", "1", "-1", "x", "9" * 30, "<b>", "١"])
def test_an_odd_place_in_the_passbook_is_no_error(read, volunteer, before):
    bank(volunteer, 60)

    assert "Passbook" in read("my_time_records", before=before)


def test_the_page_weighs_less_than_thirty_kilobytes(client, volunteer):
    for _ in range(6):
        bank(volunteer, 60)
    client.force_login(UserFactory(member=volunteer))

    html = client.get(reverse("my_time")).content.decode()

    parts = set(re.findall(r'(?:href|src)="/static/([^"]+)"', html))
    assert parts
    whole = [html.encode(), *(Path(finders.find(part)).read_bytes() for part in parts)]
    assert sum(len(gzip.compress(part)) for part in whole) < 30_000


@pytest.mark.parametrize(
    ("minutes", "parts"), [(0, [0]), (24, [24]), (60, [60]), (2124, [2100, 24])]
)
def test_hours_and_minutes_are_each_kept_in_one_piece(minutes, parts):
    assert passbook.parts(minutes) == parts
