"""Logging a visit with the keyboard alone: how many keys it really takes, and what is seen."""

import os
import re
import time
from io import StringIO

import pytest
from django.core.management import call_command
from playwright.sync_api import expect

from members.models import Area
from services.models import Visit
from tests.browser.looking import Eye
from tests.browser.test_walk import enter
from tests.factories import ElderFactory, StaffFactory, VisitFactory, VolunteerFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AT_MOST = 12


class Keys:
    """Presses keys one by one, as fast as a person may, and counts them."""

    def __init__(self, page):
        self.page = page
        self.count = 0

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
            self.count += 1


@pytest.fixture
def people():
    volunteer = VolunteerFactory(member__name="王秀英", member__phone="13812345678").member
    elder = ElderFactory(member__name="李建国", member__phone="13987654321").member
    for name in ("李建华", "李静", "刘春德"):
        ElderFactory(member__name=name)
        VolunteerFactory(member__name=name.replace("李", "王"))
    return volunteer, elder


@pytest.fixture
def page(context, live_server, people):
    clerk = StaffFactory(role="clerk")
    enter(context, clerk, "zh-hans", live_server)
    page = context.new_page()
    page.goto(f"{live_server.url}/visits/log/")
    return page


def saved(page):
    expect(page.locator(".notice-success")).to_be_visible()
    return Visit.objects.order_by("-pk").select_related("volunteer", "elder").first()


def test_a_visit_takes_at_most_twelve_keys_by_initials(page, people):
    keys = Keys(page)

    keys.press(*"wxy", "Tab", *"ljg", "Tab", "Enter")

    visit = saved(page)
    assert (visit.volunteer, visit.elder) == people
    assert (visit.served_minutes, visit.state) == (60, "confirmed")
    assert keys.count <= AT_MOST


def test_a_visit_takes_at_most_twelve_keys_by_the_ends_of_the_phones(page, people):
    keys = Keys(page)

    keys.press(*"5678", "Tab", *"4321", "Tab", "Enter")

    assert (saved(page).volunteer, saved(page).elder) == people
    assert keys.count <= AT_MOST


@pytest.mark.parametrize("count", [10_000, pytest.param(100_000, marks=pytest.mark.slow)])
@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_twelve_keys_are_enough_among_so_many_members(context, live_server, people, count):
    call_command("make_data", members=count, verbosity=0, stdout=StringIO())
    clerk = StaffFactory(role="administrator", area=Area.objects.get(level="district"))
    enter(context, clerk, "zh-hans", live_server)
    page = context.new_page()
    page.goto(f"{live_server.url}/visits/log/")
    keys = Keys(page)
    began = time.monotonic()

    keys.press(*"5678", "Tab", *"4321", "Tab", "Enter")

    visit = saved(page)
    assert time.monotonic() - began < 10
    assert any(phone.number.endswith("5678") for phone in visit.volunteer.phones.all())
    assert any(phone.number.endswith("4321") for phone in visit.elder.phones.all())
    assert keys.count <= AT_MOST


def test_the_last_elder_is_one_arrow_away(page, people):
    volunteer, elder = people
    VisitFactory(volunteer=volunteer, elder=elder, service_date="2026-01-05")
    keys = Keys(page)

    keys.press(*"wxy", "Tab", "ArrowDown")
    expect(page.locator("#id_elder_list [role=option]").first).to_contain_text("李建国")
    keys.press("Enter", "Enter")

    assert saved(page).elder == elder
    assert keys.count <= AT_MOST


@pytest.mark.parametrize("wait", [True, False], ids=["list is there", "list is on its way"])
def test_tab_takes_the_last_elder_from_an_empty_box(page, people, wait):
    VisitFactory(volunteer=people[0], elder=people[1], service_date="2026-01-05")
    keys = Keys(page)

    keys.press(*"wxy", "Tab", "ArrowDown")
    if wait:
        expect(page.locator("#id_elder_list [role=option]").first).to_be_visible()
    keys.press("Tab", "Enter")

    assert saved(page).elder == people[1]


@pytest.mark.parametrize("left_by", ["Escape", "another box"])
def test_an_offer_that_was_left_is_not_taken(page, people, left_by):
    VisitFactory(volunteer=people[0], elder=people[1], service_date="2026-01-05")
    keys = Keys(page)
    keys.press(*"wxy", "Tab", "ArrowDown")
    expect(page.locator("#id_elder_list [role=option]").first).to_be_visible()

    if left_by == "Escape":
        keys.press("Escape", "Tab")
    else:
        page.locator("#id_note").evaluate("note => note.closest('details').open = true")
        page.locator("#id_note").focus()

    expect(page.locator("#id_elder")).to_have_value("")


def test_the_page_comes_back_with_the_cursor_in_volunteer(page):
    Keys(page).press(*"wxy", "Tab", *"ljg", "Tab", "Enter")
    saved(page)

    expect(page.locator("#id_volunteer")).to_be_focused()
    expect(page.locator("#id_volunteer")).to_have_value("")


def test_an_enter_right_after_the_name_waits_for_the_person(page, people):
    page.route("**/people/search/**", lambda route: (page.wait_for_timeout(300), route.continue_()))

    Keys(page).press(*"wxy", "Tab", *"ljg", "Tab", "Enter")

    assert (saved(page).volunteer, saved(page).elder) == people


def test_tab_leaves_a_long_list_whose_answer_is_on_its_way(page):
    for number in range(8):
        ElderFactory(
            member__name=f"刘春{'东南西北上下左右'[number]}", member__address="关上街道" * 12
        )
    keys = Keys(page)
    keys.press(*"wxy", "Tab", "l")
    box = page.locator("#id_elder_list")
    expect(box.locator("[role=option]").first).to_be_visible()
    assert box.evaluate("list => list.scrollHeight > list.clientHeight")
    page.route("**/people/search/**", lambda route: (page.wait_for_timeout(300), route.continue_()))

    keys.press(*"jg", "Tab")

    expect(page.locator("#id_service_date")).to_be_focused()
    keys.press("Enter")
    assert saved(page).elder.name == "李建国"


def test_a_second_enter_saves_what_was_doubted(page, people):
    volunteer, elder = people
    VisitFactory(volunteer=volunteer, elder=elder)
    keys = Keys(page)

    keys.press(*"wxy", "Tab", *"ljg", "Tab", "Enter")
    expect(page.locator(".notice-warning[role=alert] button")).to_be_focused()
    keys.press("Enter")

    saved(page)
    assert keys.count <= AT_MOST


def test_buttons_write_the_minutes_and_the_category_its_usual_ones(page):
    minutes = page.locator("#id_minutes")

    page.get_by_role("button", name="90", exact=True).click()
    expect(minutes).to_have_value("90")
    page.get_by_label("陪同就医").check()
    expect(minutes).to_have_value("90")
    minutes.fill("")
    page.get_by_label("情感陪伴").check()
    expect(minutes).to_have_value("60")


def test_another_letter_takes_the_choice_back(page):
    Keys(page).press(*"wxy", "Tab")
    expect(page.locator("[name=volunteer_key]")).not_to_have_value("")

    Keys(page).press("Shift+Tab", "End", "x")

    expect(page.locator("[name=volunteer_key]")).to_have_value("")


def test_another_letter_takes_back_a_choice_that_is_on_its_way(page):
    page.route("**/people/search/**", lambda route: (page.wait_for_timeout(300), route.continue_()))
    Keys(page).press(*"wxy", "Tab", "Shift+Tab", "End")

    with page.expect_response(re.compile("wxyx")):
        Keys(page).press("x")

    expect(page.locator("#id_volunteer")).to_have_value("wxyx")
    expect(page.locator("[name=volunteer_key]")).to_have_value("")


def test_undo_brings_the_visit_back_into_the_form(page):
    Keys(page).press(*"wxy", "Tab", *"ljg", "Tab", "Enter")
    visit = saved(page)

    page.locator(".notice-line button").click()

    expect(page.locator("#id_volunteer")).to_have_value("王秀英 5678")
    visit.refresh_from_db()
    assert visit.state == "reversed"


def test_without_scripts_a_visit_is_logged_by_keyboard(browser, live_server, people):
    context = browser.new_context(java_script_enabled=False)
    enter(context, StaffFactory(role="clerk"), "zh-hans", live_server)
    page = context.new_page()
    page.goto(f"{live_server.url}/visits/log/")

    Keys(page).press(*"wxy", "Tab", *"ljg", "Tab", "Enter")

    assert (saved(page).volunteer, saved(page).elder) == people
    context.close()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_open_list_the_doubts_and_the_errors_are_sound(context, live_server, people, language):
    volunteer, elder = people
    VisitFactory(volunteer=volunteer, elder=elder)
    enter(context, StaffFactory(role="clerk"), language, live_server)
    eye = Eye(context)
    eye.open(f"{live_server.url}/visits/log/", "visit_log")
    eye.page.locator("#id_volunteer").press_sequentially("w")
    expect(eye.page.locator("[role=option]").first).to_be_visible()
    picture(eye.page, f"list-{language}")
    eye.look()
    Keys(eye.page).press(*"xy", "Tab", *"ljg", "Tab", "Enter")
    expect(eye.page.locator(".notice-warning[role=alert]")).to_be_visible()
    picture(eye.page, f"doubts-{language}")
    eye.look()

    assert not eye.faults, "\n".join(eye.faults)


def picture(page, name):
    """Keep a picture where PICTURES says so."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=f"{folder}/{re.sub('[^a-z-]', '', name)}.png", full_page=True)
