"""Approving, charging and giving with the keyboard alone: Tab, Space, Enter and what is typed."""

import datetime

import pytest
from django.utils import timezone

from ledger import gifts, holds, redemptions, statements
from ledger.models import MovementRequest
from tests.browser.test_walk import enter
from tests.factories import MemberFactory, StaffFactory
from tests.ledger.people import by, credit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FOCUSED = "selector => !!document.activeElement && document.activeElement.matches(selector)"
VISIBLE = """() => { const style = getComputedStyle(document.activeElement);
  return style.outlineStyle !== "none" || style.boxShadow !== "none"; }"""
MOST_TABS = 80


class Keys:
    """A page in the hands of somebody without a mouse."""

    def __init__(self, context, user, live_server):
        enter(context, user, "en", live_server)
        self.page, self.address = context.new_page(), live_server.url

    def open(self, path):
        self.page.goto(f"{self.address}{path}")

    def reach(self, selector):
        """Tab to the first such element; its focus can be seen."""
        for _ in range(MOST_TABS):
            if self.page.evaluate(FOCUSED, selector):
                assert self.page.evaluate(VISIBLE)
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"no Tab leads to {selector}")

    def press(self, selector):
        self.reach(selector)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def type(self, selector, text):
        self.reach(selector)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)


@pytest.fixture
def member(transactional_db):
    one = MemberFactory(name="高桂峰", volunteer={}, birth_date=datetime.date(1955, 5, 1))
    credit(one, 600)
    return one


@pytest.fixture
def clerk(transactional_db):
    return StaffFactory(role="clerk")


@pytest.fixture
def keys(context, live_server, transactional_db):
    return Keys(context, StaffFactory(role="checker"), live_server)


def redemption(member, clerk, minutes=90):
    asked = {"minutes": minutes, "on": timezone.localdate()}
    return redemptions.ask(member, **asked, **by(clerk))


def state(request):
    return MovementRequest.objects.get(pk=request.pk).state


def test_a_redemption_is_approved_charged_by_what_was_served_and_the_rest_released(
    keys, member, clerk
):
    asked = redemption(member, clerk)
    place = f"/hours/requests/{asked.key}/"
    keys.open(place)

    keys.press(f"form[action='{place}approve/'] button")
    assert (state(asked), statements.standing_of(member)) == ("done", (600, 90, 510))
    keys.open(place)
    keys.type("[name=minutes]", "60")
    keys.type("[name=on]", f"{timezone.localdate():%Y-%m-%d}")
    with keys.page.expect_navigation():
        keys.page.keyboard.press("Enter")

    assert statements.standing_of(member) == (540, 0, 540)
    assert holds.standing(asked.area_id, asked.key).charged == 60


def test_a_hold_is_released_when_nothing_was_served(keys, member, clerk):
    asked = redemption(member, clerk)
    place = f"/hours/requests/{asked.key}/"
    keys.open(place)
    keys.press(f"form[action='{place}approve/'] button")

    keys.open(place)
    keys.press(f"form[action='{place}release/'] button")

    assert statements.standing_of(member) == (600, 0, 600)


def test_a_gift_asked_for_on_the_phone_is_approved_in_the_inbox(keys, member):
    relative = MemberFactory(name="高老太", birth_date=datetime.date(1936, 5, 1))
    asked = gifts.ask(
        member,
        to=relative,
        minutes=120,
        relation="parent",
        proof="household register, page 3",
        **by(StaffFactory(role="clerk")),
    )
    keys.open("/inbox/")

    keys.press(f"#movement-{asked.key} button")

    assert state(asked) == "done"
    assert tuple(statements.holdings_of(relative)) == (0, 120, 0)


def test_what_is_selected_with_the_space_bar_is_approved_together(keys, member, clerk):
    first, second, third = (redemption(member, clerk, minutes) for minutes in (30, 60, 90))
    keys.open("/inbox/")
    for asked in (first, second):
        keys.reach(f"#movement-{asked.key} input[type=checkbox]")
        keys.page.keyboard.press("Space")

    keys.page.locator("body").evaluate("() => document.activeElement.blur()")
    keys.press("#bulk button")

    assert [state(asked) for asked in (first, second, third)] == ["done", "done", "waiting"]
    assert statements.standing_of(member).held == 90
