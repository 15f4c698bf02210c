"""Who paid for a visit is said where it was saved and on its page."""

import datetime

import pytest
from django.urls import reverse
from django.utils import translation

from ledger import accounts, approvals, grants
from services import visits
from services.models import Visit
from services.visits import payment
from tests.factories import ElderFactory, StaffFactory, VolunteerFactory
from tests.ledger.people import by, credit
from tests.services.test_visits_log import NOW, TODAY, log

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    return VolunteerFactory().member, ElderFactory().member


def grant(elder, minutes):
    until = TODAY + datetime.timedelta(days=60)
    told = {"minutes": minutes, "expires_on": until, "reason": "ill"}
    asked = grants.ask(elder, **told, **by(StaffFactory(), NOW))
    approvals.approve(asked, by=StaffFactory(role="checker"), at=NOW)


def test_each_source_is_told_apart(people):
    accounts.open_book(people[0].area)
    grant(people[1], 10)
    credit(people[1], 20)

    paid = payment.of(log(*people))

    assert paid == payment.Payment(own=20, granted=10, pool=30)
    with translation.override("en"):
        assert paid.in_words == (
            "Paid: 20 min of the elder's own hours, 10 min of granted hours, "
            "30 min by the public pool."
        )


def test_what_waits_or_is_waived_was_paid_by_nobody(people):
    assert payment.of(log(*people, method=Visit.Method.PAPER)) == payment.Payment()
    assert payment.of(log(*people, choice="waive")).in_words == ""


def test_the_line_after_saving_and_the_page_say_it(client, people):
    clerk = StaffFactory()
    credit(people[1], 20)
    visit = log(*people, by=clerk)
    client.force_login(clerk)

    saved = client.get(reverse("visit_log", query={"saved": visit.key})).content.decode()
    page = client.get(reverse("visit_detail", args=[visit.key])).content.decode()

    words = payment.of(visit).in_words.replace("'", "&#x27;")
    assert words in saved
    assert words in page


def test_a_visit_that_was_undone_says_no_longer_who_pays(client, people):
    visit = log(*people, by=StaffFactory())
    visits.undo(visit, by=visit.entered_by, at=visit.entered_at)
    client.force_login(visit.entered_by)

    saved = client.get(reverse("visit_log", query={"saved": visit.key})).content.decode()

    assert payment.of(visit).in_words not in saved
