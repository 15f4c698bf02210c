"""Donating, giving and using hours with a thumb, one's own and those of an elder for whom one acts:
a phone of 360 px, the largest text.
"""

import datetime
import os
import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from ledger.models import MovementRequest
from members import agents, kinship
from tests.browser.looking import WIDE
from tests.browser.test_walk import enter
from tests.factories import (
    ElderFactory,
    MemberFactory,
    StaffFactory,
    UserFactory,
    VisitFactory,
    VolunteerFactory,
)
from tests.ledger.people import by, credit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TARGET = 60
SMALL = """least => [...document.querySelectorAll("main .btn, main input:not([type=hidden])")]
  .map(e => e.type === "radio" ? e.closest("label") : e)
  .filter(e => e.offsetParent && e.getBoundingClientRect().height < least)
  .map(e => e.outerHTML.slice(0, 120))"""


@pytest.fixture
def browser_context_args(browser_context_args):
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    return browser_context_args | phone


@pytest.fixture
def member(transactional_db):
    one = MemberFactory(
        name="高桂峰", volunteer={}, birth_date=datetime.date(1955, 5, 1), phone="13808712345"
    )
    credit(one, 2124)
    MemberFactory(name="高老太", birth_date=datetime.date(1936, 5, 1), phone="13987654321")
    return one


@pytest.fixture
def elder(member):
    """Their mother by the record, for whom the member acts in everything; she has hours."""
    one = ElderFactory(
        member__name="迪丽热巴·迪力木拉提", member__birth_date=datetime.date(1936, 5, 1)
    ).member
    credit(one, 2124)
    VisitFactory(elder=one, volunteer=VolunteerFactory(member__name="阿布都热合曼·艾山").member)
    clerk, today = StaffFactory(), timezone.localdate()
    days = {"since": today, "until": today + datetime.timedelta(days=90)}
    scopes = ["confirm", "ask", "see"]
    agents.appoint(one, agent=member, scopes=scopes, how="paper", **days, **by(clerk))
    shown = {"proof": "birth", "proof_note": "", "seen_on": today}
    kin = kinship.enter(member, relative=one, relation="parent", **shown, **by(clerk))
    kinship.confirm(kin, by=StaffFactory(role="checker"), at=timezone.now())
    return one


class Thumb:
    """Taps what a person would tap, and looks whether every page can be read and hit."""

    def __init__(self, page, delivered, pictures):
        self.page, self.delivered, self.pictures = page, delivered, pictures
        self.count = 0

    def look(self):
        self.count += 1
        if self.pictures:
            self.page.screenshot(path=f"{self.pictures}-{self.count:02}.png", full_page=True)
        assert self.page.evaluate(WIDE) == []
        assert self.page.evaluate(SMALL, TARGET) == []

    def tap(self, selector):
        """Tap what leads to another page, and look at that."""
        with self.page.expect_navigation():
            self.page.locator(selector).first.tap()
        self.look()

    def type(self, field, text):
        box = self.page.locator(f"main [name={field}]")
        box.tap()
        box.fill(text)

    def confirm(self):
        """From the form over the code to the request."""
        self.tap("main form .btn:not(.btn-quiet)")
        self.tap("main form .btn:not(.btn-quiet)")
        expect(self.page.locator("[name=code]")).to_be_visible()
        self.type("code", re.search(r"\b\d{6}\b", self.delivered())[0])
        self.tap("main form .btn:not(.btn-quiet)")


@pytest.fixture(params=["zh-hans", "en"])
def thumb(request, context, live_server, member, delivered):
    enter(context, UserFactory(member=member), request.param, live_server)
    size = {"name": "text_size", "value": "largest", "url": live_server.url}
    context.add_cookies([size])
    page = context.new_page()
    page.goto(f"{live_server.url}/my-time/")
    folder = os.environ.get("TIMEBANK_PICTURES")
    name = request.node.originalname.removeprefix("test_")
    thumb = Thumb(page, delivered, folder and f"{folder}/{name}-{request.param}")
    thumb.look()
    return thumb


def the_request():
    return MovementRequest.objects.get()


def test_hours_are_donated_and_taken_back(thumb):
    thumb.tap("a[href='/my-time/hours/donate/']")
    thumb.type("minutes", "1小时30分")

    thumb.confirm()
    assert (the_request().state, the_request().minutes) == ("done", 90)
    thumb.tap(".btn-danger")

    assert the_request().state == "undone"


def test_hours_are_given_to_a_relative_and_withdrawn(thumb):
    thumb.tap("a[href='/my-time/hours/gift/']")
    thumb.type("minutes", "2")
    thumb.type("name", "高老太")
    thumb.type("phone", "4321")
    thumb.page.locator("label:has([value=parent])").tap()
    thumb.type("proof", "户口本")

    thumb.confirm()
    assert (the_request().state, the_request().other.name) == ("waiting", "高老太")
    thumb.tap(".btn-danger")

    assert the_request().state == "withdrawn"


def test_hours_are_used(thumb):
    thumb.tap("a[href='/my-time/hours/use/']")
    thumb.type("minutes", "1.5")

    thumb.confirm()

    assert (the_request().state, the_request().minutes) == ("waiting", 90)
    thumb.tap("a[href='/my-time/hours/']")
    expect(thumb.page.locator(".todo li")).to_have_count(1)


def test_an_agent_sees_the_account_asks_and_takes_it_back(elder, thumb):
    thumb.tap(f"a[href='/my-time/for/{elder.key}/']")
    expect(thumb.page.locator("main .balance strong")).to_be_visible()
    thumb.tap(f"a[href='/my-time/for/{elder.key}/ask/']")
    thumb.type("minutes", "1.5")

    thumb.confirm()

    request = the_request()
    assert (request.state, request.minutes, request.member) == ("waiting", 90, elder)
    thumb.tap("main form .btn-quiet")

    assert the_request().state == "withdrawn"


def test_kin_on_record_are_given_to_by_their_name(elder, thumb):
    thumb.tap("a[href='/my-time/hours/gift/']")
    thumb.type("minutes", "2")
    thumb.page.locator(f"label:has([value='{elder.key}'])").tap()

    thumb.confirm()

    request = the_request()
    assert (request.kind, request.other, request.relation) == ("gift", elder, "parent")


def test_kin_on_record_are_helped_with_ones_hours(elder, thumb):
    thumb.tap("a[href='/my-time/hours/use/']")
    thumb.type("minutes", "1.5")
    thumb.page.locator(f"label:has([value='{elder.key}'])").tap()

    thumb.confirm()

    assert the_request().other == elder
