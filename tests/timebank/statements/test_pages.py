import re
import uuid
from urllib.parse import unquote

import pytest
from django.urls import reverse
from django.utils import timezone

from ledger import approvals, grants
from services.papers.models import StatementPrint
from tests.factories import StaffFactory, UserFactory, VolunteerFactory, community
from tests.ledger.people import by
from tests.services.papers import reading
from tests.timebank.statements.conftest import DAY
from timebank.statements import document, views

STAFF = ["clerk", "checker", "coordinator", "administrator", "auditor"]
MARCH = {"start": "2026-03-01", "end": "2026-03-31"}


def words(response):
    main = re.search(r"<main.*</main>", response.content.decode(), re.DOTALL)[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


@pytest.fixture
def read(client):
    """A page in English."""

    def read(name, *args, **query):
        address = reverse(name, args=args)
        return client.get(address, query, headers={"Accept-Language": "en"})

    return read


def test_a_member_reads_any_period_of_their_own(client, read, volunteer, fill):
    fill((60, DAY), (30, DAY.replace(month=5)))
    client.force_login(UserFactory(member=volunteer))

    text = words(read("my_statement", **MARCH))

    assert "March 1, 2026 – March 31, 2026" in text
    assert "Opening balance 0 min Closing balance 1 h" in text
    assert "March 8, 2026 Shopping together 王*英 +1 h in balance 1 h" in text
    assert "+30 min" not in text
    assert "Closing balance 1 h 30 min" in words(read("my_statement", start="2026-01-01"))


def test_a_statement_tells_nothing_of_days_that_have_not_come(client, read, volunteer, fill):
    fill((60, DAY))
    client.force_login(UserFactory(member=volunteer))

    page = read("my_statement", start="2026-01-01", end="2099-12-31")

    assert page.context["statement"].period.end == timezone.localdate()


def test_it_says_that_granted_hours_stand_elsewhere(client, read, volunteer, clerk, fill):
    fill((60, DAY))
    client.force_login(clerk)
    assert "Granted hours" not in words(read("statement", volunteer.number))
    told = {"minutes": 60, "expires_on": timezone.localdate(), "reason": "ill", **by(clerk)}
    approvals.approve(
        grants.ask(volunteer, **told), by=StaffFactory(role="checker"), at=timezone.now()
    )

    page = read("statement", volunteer.number)
    table = read("statement", volunteer.number, format="csv").content.decode()
    paper = read("statement", volunteer.number, format="pdf").content

    assert "Granted hours, and those given by relatives, are not in it" in words(page)
    assert "Granted hours, and those given by relatives" in table
    assert "Granted hours, and those given by relatives" in reading.words(paper)


def test_staff_read_the_same_of_a_member_in_their_area(client, read, volunteer, clerk, fill):
    fill((60, DAY))
    client.force_login(clerk)

    text = words(read("statement", volunteer.number, **MARCH))

    assert "高桂䶮" in text
    assert "530111001001-" in text
    assert "2026-03-08 Shopping together 王*英 1 h 1 h" in text or "03/08/2026" in text
    assert "1 line is new." in text


@pytest.mark.parametrize("role", STAFF)
def test_every_role_reads_and_the_auditor_prints_nothing(client, read, volunteer, fill, role):
    fill((60, DAY))
    client.force_login(StaffFactory(role=role))

    page = read("statement", volunteer.number)
    printed = client.post(reverse("statement_print", args=[volunteer.number]))

    assert page.status_code == 200
    assert page.context["may_print"] is (role != "auditor")
    assert printed.status_code == (403 if role == "auditor" else 302)
    for name in ("statement_find", "statement_runs"):
        assert read(name).status_code == 200


def test_nobody_reads_a_statement_that_is_not_theirs(client, read, volunteer, fill):
    fill((60, DAY))
    address = reverse("statement", args=[volunteer.number])
    assert reverse("sign_in") in client.get(address).url
    assert reverse("sign_in") in client.get(reverse("my_statement")).url

    client.force_login(StaffFactory(role="administrator", area=community("530111001002")))
    assert client.get(address).status_code == 404
    assert client.post(f"{address}print/").status_code == 404
    client.force_login(UserFactory(member=VolunteerFactory().member))
    assert client.get(address).status_code == 403
    assert client.post(f"{address}print/").status_code == 403
    assert "Nothing was booked" in words(read("my_statement", **MARCH))
    assert not StatementPrint.objects.exists()


def test_staff_have_no_statement_of_their_own(client, clerk):
    client.force_login(clerk)

    assert client.get(reverse("my_statement")).url == reverse("home")


@pytest.mark.parametrize("ending", ["pdf", "csv"])
def test_a_file_carries_a_chinese_name(client, volunteer, fill, ending):
    fill((60, DAY))
    client.force_login(UserFactory(member=volunteer))

    answer = client.get(reverse("my_statement"), MARCH | {"format": ending})

    disposition = answer["Content-Disposition"]
    assert disposition.isascii()
    assert f"高桂䶮 2026-03-01 2026-03-31.{ending}" in unquote(disposition)
    assert "filename*=utf-8''" in disposition
    if ending == "pdf":
        assert "高桂䶮" in reading.words(answer.content)


def test_what_is_too_long_for_a_file_says_so(client, read, volunteer, fill, monkeypatch):
    monkeypatch.setattr(document, "MOST_LINES", 1)
    fill((60, DAY), (60, DAY))
    client.force_login(UserFactory(member=volunteer))

    page = read("my_statement", **MARCH, format="pdf")

    assert "This is too long for one file." in words(page)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"start": "2026-04-01", "end": "2026-03-01"}, "The last day lies before the first."),
        ({"start": "2098-04-01", "end": "2099-03-01"}, "The last day lies before the first."),
        ({"start": "x"}, "First day"),
        ({"start": "1900-01-01"}, "at most 30 years"),
    ],
)
def test_a_period_that_is_none_says_why(client, read, volunteer, asked, says):
    client.force_login(UserFactory(member=volunteer))

    page = read("my_statement", **asked)

    assert says in words(page)
    assert "statement" not in page.context


@pytest.mark.parametrize(
    "after", ["", "x", "2026-03-08", "2026-03-08_x", "2020-01-01_1", "_1", "٣_٣"]
)
def test_an_odd_place_is_the_beginning(client, read, volunteer, fill, after):
    fill((60, DAY))
    client.force_login(UserFactory(member=volunteer))

    assert "+1 h" in words(read("my_statement", **MARCH, after=after))


def test_a_long_statement_is_read_page_by_page(client, read, volunteer, clerk, fill, monkeypatch):
    monkeypatch.setattr(views, "PAGE", 3)
    fill(*[(minutes, DAY) for minutes in range(31, 38)])
    client.force_login(clerk)

    seen, address = [], reverse("statement", args=[volunteer.number]) + "?start=2026-03-01"
    while address:
        page = client.get(address, headers={"Accept-Language": "en"})
        seen += [line.minutes for line in page.context["statement"].lines]
        found = re.search(r'rel="next" href="([^"]+)"', page.content.decode())
        address = found and reverse("statement", args=[volunteer.number]) + found[1].replace(
            "&amp;", "&"
        )

    assert seen == list(range(31, 38))
    assert "Carried forward" in words(page)
    assert "Closing balance 3 h 58 min" in words(page)


@pytest.mark.parametrize("number", [1, 3])
def test_the_page_asks_the_same_for_one_line_and_for_three(
    client, volunteer, clerk, fill, django_assert_num_queries, number
):
    fill(*[(60, DAY)] * number)
    client.force_login(clerk)
    client.post(reverse("statement_print", args=[volunteer.number]))

    with django_assert_num_queries(20):
        client.get(reverse("statement", args=[volunteer.number]))


def test_a_person_is_found_by_name(client, read, volunteer, clerk):
    client.force_login(clerk)

    assert read("statement_find", person="高桂䶮").url == reverse(
        "statement", args=[volunteer.number]
    )
    assert "Nobody is found" in words(read("statement_find", person="nobody"))


def test_new_lines_are_printed_once_and_kept(client, read, volunteer, clerk, fill):
    fill((60, DAY), (30, DAY))
    client.force_login(clerk)
    address = reverse("statement_print", args=[volunteer.number])

    answer = client.post(address, {"key": uuid.uuid4()}, headers={"Accept-Language": "en"})
    printed = StatementPrint.objects.get()
    page = client.get(answer.url, headers={"Accept-Language": "en"})
    again = client.post(address, follow=True, headers={"Accept-Language": "en"})
    paper = client.get(f"{answer.url}?format=pdf", headers={"Accept-Language": "en"})

    assert answer.url == reverse("statement_printed", args=[volunteer.number, printed.key])
    assert "2 2026-03-08" in words(page) or "2 03/08/2026" in words(page)
    assert "Closing balance 1 h 30 min" in words(page)
    assert "Every line of this passbook has been printed." in words(again)
    assert "Lines 1 to 2" in words(again)
    assert "Lines 1–2" in reading.words(paper.content)
    assert StatementPrint.objects.count() == 1


def test_a_passbook_is_printed_again_from_a_line(client, volunteer, clerk, fill):
    fill((60, DAY), (30, DAY), (45, DAY))
    client.force_login(clerk)
    address = reverse("statement_print", args=[volunteer.number])
    client.post(address)

    again = client.post(address, {"first": "2"})
    refused = client.post(address, {"first": "9"}, follow=True, headers={"Accept-Language": "en"})

    shown = client.get(again.url).context["statement"]
    assert [line.seq for line in shown.lines] == [2, 3]
    assert shown.carried == 60
    for odd in ("", "x", "-1", "0"):
        assert client.post(address, {"first": odd}).url == reverse(
            "statement", args=[volunteer.number]
        )
    assert "Only lines that were printed before" in words(refused)
    assert StatementPrint.objects.count() == 2


def test_a_print_is_read_within_the_area_alone(client, volunteer, clerk, fill):
    fill((60, DAY))
    client.force_login(clerk)
    address = client.post(reverse("statement_print", args=[volunteer.number])).url

    client.force_login(StaffFactory(role="clerk", area=community("530111001002")))

    assert client.get(address).status_code == 404
