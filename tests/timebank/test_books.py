"""The ledger's entries in the administration: who reads which book, and how one is found."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from ledger import donations, transfers
from ledger.accounts import ISSUANCE, open_for
from ledger.models import TransferKind
from members.models import Area
from tests.factories import MemberFactory, StaffFactory, UserFactory, community

pytestmark = pytest.mark.django_db

PAGE = "/admin/books/"
SHIHUGUAN, CENTRAL, DISTRICT = "530111001001", "530111001002", "530111000000"


def reader(client, role="auditor", code=SHIHUGUAN):
    client.force_login(StaffFactory(role=role, area=Area.objects.get(code=code)))


def earned(minutes=60, name="王秀英", code=SHIHUGUAN):
    """Hours on the account of a new member; returns the member and the journal's key."""
    member = MemberFactory(name=name, area=community(code))
    account = open_for(member.area, [member.key])[member.key]
    key = uuid.uuid4()
    leg = transfers.Leg(TransferKind.EARN, ISSUANCE, account, minutes)
    author, approver = StaffFactory(first_name="林"), StaffFactory(role="checker")
    transfers.post(
        member.area_id,
        key,
        leg,
        effective_on=timezone.localdate(),
        by=author.pk,
        approver=approver.pk,
    )
    return member, key


@pytest.mark.parametrize("role", ["administrator", "auditor"])
def test_administrators_and_auditors_read_the_book_of_their_area(client, role):
    member, key = earned(90)
    reader(client, role)

    (line,) = client.get(PAGE).context["lines"]

    assert line.transfer.journal == key
    assert line.target == f"王秀英 {member.number}"
    assert (line.transfer.amount, line.author) == (90, "林")
    assert line.approver


def test_minutes_are_shown_to_the_last_one(client):
    earned(837)
    reader(client)
    client.cookies["django_language"] = "en"

    assert "13 h 57 min" in client.get(PAGE).content.decode()


def test_a_member_who_did_it_themselves_is_called_by_their_name(client):
    member, _key = earned(90)
    by = UserFactory(member=member)
    donations.give(member, minutes=30, by=by, at=timezone.now(), key=uuid.uuid4())
    reader(client)

    assert client.get(PAGE).context["lines"][0].author == f"王秀英 {member.number}"


@pytest.mark.parametrize("role", ["clerk", "checker", "coordinator"])
def test_others_do_not(client, role):
    reader(client, role)

    assert client.get(PAGE, follow=True).status_code == 403


def test_a_member_does_not(client):
    client.force_login(UserFactory(member=MemberFactory()))

    assert client.get(PAGE, follow=True).status_code == 403


@pytest.mark.parametrize("code", [CENTRAL, DISTRICT, "nonsense"])
def test_the_book_of_another_area_is_not_there(client, code):
    earned(code=CENTRAL)
    reader(client)

    assert client.get(PAGE, {"area": code}).status_code == 404
    assert CENTRAL not in client.get(PAGE).text


def test_a_journal_of_another_book_is_not_found(client):
    _member, key = earned(code=CENTRAL)
    reader(client)

    assert client.get(PAGE, {"q": str(key)}).context["lines"] == []


@pytest.mark.parametrize("by", ["name", "number", "journal"])
def test_entries_are_found_by_person_and_by_journal(client, by):
    member, key = earned(60)
    earned(30, name="李建国")
    reader(client)
    asked = {"name": member.name, "number": member.number, "journal": str(key)}[by]

    lines = client.get(PAGE, {"q": asked}).context["lines"]

    assert [line.transfer.journal for line in lines] == [key]


def test_a_person_nobody_knows_has_no_entries(client):
    earned()
    reader(client)

    response = client.get(PAGE, {"q": "'; DROP TABLE ledger_transfer; --"})

    assert response.context["lines"] == []


def test_a_long_book_is_read_page_by_page(client, monkeypatch):
    monkeypatch.setattr("timebank.books.PAGE", 2)
    keys = [earned()[1] for _n in range(3)]
    reader(client)

    first = client.get(PAGE)
    second = client.get(PAGE, {"before": first.context["older"]})

    shown = [line.transfer.journal for page in (first, second) for line in page.context["lines"]]
    assert shown == keys[::-1]
    assert second.context["older"] is None


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30])
def test_a_place_in_the_book_that_is_none_is_refused_kindly(client, before):
    reader(client)

    assert client.get(PAGE, {"before": before}).status_code == 200


def test_entries_are_only_read(client):
    reader(client, "administrator")

    assert client.post(PAGE).status_code == 405


def test_one_entry_takes_as_many_queries_as_three(client):
    earned()
    reader(client)
    with CaptureQueriesContext(connection) as one:
        client.get(PAGE)
    earned()
    earned()

    with CaptureQueriesContext(connection) as three:
        client.get(PAGE)

    assert len(three) == len(one)


def test_the_home_page_leads_there(client):
    reader(client)

    assert reverse("admin:books") in client.get(reverse("admin:index")).text
