"""What became of a request since it was decided, as lists and pages say it."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from ledger import donations, holds, outcomes, redemptions, reversals
from ledger.models import MovementRequest

from .pages import address, enter
from .people import by

pytestmark = pytest.mark.django_db


@pytest.fixture
def redemption(member, clerk, approve, today):
    return approve(redemptions.ask(member, minutes=120, on=today, **by(clerk)))


def said(*requests):
    with translation.override("en"):
        return [(one.words, one.tone) for one in outcomes.of(requests)]


def test_hours_to_be_used_say_how_far_that_is(redemption, clerk, today):
    assert said(redemption) == [("hours set aside", "ok")]

    redemptions.charge(redemption, minutes=90, on=today, **by(clerk))

    assert said(redemption) == [("1 h 30 min used", "ok")]


def test_hours_that_were_not_used_say_so(redemption, clerk):
    redemptions.release(redemption, **by(clerk))

    assert said(redemption) == [("released", "ok")]


def test_hours_that_nobody_charged_in_time_say_so(member, clerk, approve):
    long_ago = timezone.now() - datetime.timedelta(days=40)
    told = by(clerk, long_ago) | {"on": timezone.localdate(long_ago)}
    old = approve(redemptions.ask(member, minutes=60, **told), at=long_ago)
    holds.expire(at=timezone.now())

    assert said(old) == [("expired", "ok")]


def test_what_was_reversed_is_not_called_done(member, clerk, approve):
    kept = donations.give(member, minutes=30, **by(clerk))
    wrong = donations.give(member, minutes=60, **by(clerk))
    approve(reversals.ask(member.area, wrong.key, reason="a slip", **by(clerk)))

    assert said(kept, wrong) == [("done", "ok"), ("reversed", "")]


def test_hours_that_were_used_and_given_back_are_not_called_used(redemption, clerk, approve, today):
    redemptions.charge(redemption, minutes=90, on=today, **by(clerk))
    journal = holds.standing(redemption.area_id, redemption.key).journal

    approve(reversals.ask(redemption.area, journal, reason="a slip", **by(clerk)))

    assert said(redemption) == [("reversed", "")]


def test_what_waits_and_what_was_withdrawn_are_told_apart_from_undone(member, clerk, today):
    waiting = redemptions.ask(member, minutes=60, on=today, **by(clerk))

    with translation.override("zh-hans"):
        labels = [label for _value, label in MovementRequest.State.choices]

    assert said(waiting) == [("waiting for a second person", "warn")]
    assert len({str(label) for label in labels}) == len(labels)


@pytest.mark.parametrize("name", ["hours_requests", "hours_member"])
def test_lists_say_it(client, member, redemption, name):
    enter(client, "clerk")
    client.cookies["django_language"] = "en"

    html = client.get(address(name, member) if name == "hours_member" else "/hours/requests/")

    assert "hours set aside" in html.content.decode()


def test_it_takes_the_same_number_of_queries_for_one_and_for_three(member, clerk, approve, today):
    def ask():
        return approve(redemptions.ask(member, minutes=60, on=today, **by(clerk)))

    one, three = [ask()], [ask(), ask(), ask()]
    counts = []
    for requests in (one, three):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            outcomes.of(requests)
        counts.append(len(queries))

    assert counts[0] == counts[1]
