"""Five people of one name: the right one in four keys, and told apart by what the list says."""

import datetime
import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_visit_log import Keys
from tests.browser.test_walk import enter
from tests.factories import StaffFactory, VolunteerFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AT_MOST = 4
# The end of the phone and the year of birth; two of them share the phone of their family.
FIVE = [("2345", 1950), ("6789", 1948), ("3456", 1961), ("7777", 1950), ("7777", 1939)]


@pytest.fixture
def namesakes():
    return [
        VolunteerFactory(
            member__name="王秀英",
            member__phone=f"1380871{end}",
            member__birth_date=datetime.date(born, 3, 1),
        ).member
        for end, born in FIVE
    ]


@pytest.fixture
def page(context, live_server, namesakes):
    enter(context, StaffFactory(role="clerk"), "en", live_server)
    page = context.new_page()
    page.goto(f"{live_server.url}/visits/log/")
    expect(page.locator("#id_volunteer")).to_be_focused()
    return page


def type_until_listed(page, keys, text):
    """Until the list is that of the whole text: a shorter one may look the same."""
    with page.expect_response(re.compile(f"q={text}(&|$)")) as answered:
        keys.press(*text)
    answered.value.finished()
    page.wait_for_timeout(200)


@pytest.mark.parametrize("who", [0, 1, 2])
def test_the_end_of_the_phone_finds_the_right_one_in_four_keys(page, namesakes, who):
    keys = Keys(page)

    type_until_listed(page, keys, FIVE[who][0])

    options = page.locator("[role=option]")
    expect(options).to_have_count(1)
    assert keys.count <= AT_MOST
    page.keyboard.press("Tab")
    expect(page.locator("[name=volunteer_key]")).to_have_value(str(namesakes[who].key))


def test_initials_and_an_arrow_take_the_second_in_four_keys(page):
    keys = Keys(page)

    type_until_listed(page, keys, "wxy")
    options = page.locator("[role=option]")
    expect(options).to_have_count(5)
    second = options.nth(1).get_attribute("data-value")
    keys.press("ArrowDown")

    assert keys.count <= AT_MOST
    page.keyboard.press("Tab")
    expect(page.locator("[name=volunteer_key]")).to_have_value(second)


def test_the_list_tells_five_namesakes_apart_in_words(page):
    Keys(page).press(*"wxy")
    options = page.locator("[role=option]")
    expect(options).to_have_count(5)

    words = options.all_inner_texts()

    assert len(set(words)) == 5
    for end, born in FIVE:
        assert any(end in said and f"born {born}" in said for said in words)
