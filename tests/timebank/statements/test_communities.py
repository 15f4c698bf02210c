"""Statements of somebody who has moved: of the present community, of an earlier one, of all."""

import datetime
import io

import pypdf
import pytest
from django.urls import reverse
from django.utils import timezone

from ledger import approvals, moves
from members.models import User
from tests.factories import StaffFactory, community
from tests.ledger.people import by
from timebank.reports.periods import Period
from timebank.statements import document

THERE = "530111001002"
YEAR = Period(datetime.date(2026, 1, 1), datetime.date(2026, 12, 31))


@pytest.fixture
def moved(volunteer, fill):
    """The volunteer earned two hours here and belongs to another community now."""
    fill((120, datetime.date(2026, 3, 8)))
    asked = moves.ask(volunteer, to=community(THERE), **by(StaffFactory()))
    approvals.approve(asked, by=StaffFactory(role="checker"), at=timezone.now())
    volunteer.refresh_from_db()
    return volunteer


@pytest.fixture
def clerk_there(client, moved):
    client.force_login(StaffFactory(area=community(THERE)))
    return client


def ask(client, member, **told):
    query = {"start": YEAR.start, "end": YEAR.end, **told}
    return client.get(reverse("statement", args=[member.number], query=query))


def test_the_earlier_book_has_its_lines_and_ends_at_nought(moved):
    here = community()

    statement = document.of_period(moved, YEAR, at=timezone.now(), place=here)

    assert [line.minutes for line in statement.lines] == [120, -120]
    assert statement.lines[0].visit is not None
    assert (statement.closing, statement.area) == (0, here)
    assert statement.account_number.startswith(here.code)
    assert document.places(moved) == [community(THERE), here]


def test_the_present_one_is_shown_first_and_leads_to_the_earlier(clerk_there, moved):
    page = ask(clerk_there, moved)
    earlier = ask(clerk_there, moved, community=community().code)

    assert page.context["statement"].area == community(THERE)
    assert f"community={community().code}" in page.content.decode()
    assert earlier.context["statement"].area == community()
    assert f"community={community().code}&amp;format=pdf" in earlier.content.decode()


def test_a_copy_of_the_earlier_one_and_one_of_all(clerk_there, moved):
    one = ask(clerk_there, moved, community=community().code, format="csv")
    every = ask(clerk_there, moved, community="all", format="pdf")

    assert str(community()) in one.content.decode("utf-8-sig")
    pages = pypdf.PdfReader(io.BytesIO(every.content)).pages
    texts = [page.extract_text() for page in pages]
    assert len(texts) == 2
    assert str(community(THERE)) in texts[0]
    assert str(community()) in texts[1]


def test_a_community_in_which_nobody_knows_them_is_the_present_one(clerk_there, moved):
    assert ask(clerk_there, moved, community="530111002001").context["statement"].place is None


def test_who_has_not_moved_is_offered_no_other(client, volunteer, fill, clerk):
    fill((60, datetime.date(2026, 3, 8)))
    client.force_login(clerk)

    assert "community=all" not in ask(client, volunteer).content.decode()


def test_a_member_sees_the_earlier_one_too(client, moved):
    user = User.objects.create(username="own", member=moved)
    client.force_login(user)

    query = {"start": YEAR.start, "end": YEAR.end, "community": community().code}
    page = client.get(reverse("my_statement", query=query))

    assert page.context["statement"].area == community()
