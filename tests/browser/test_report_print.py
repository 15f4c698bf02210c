"""Printing the monthly report from the administration's home: two clicks and Enter (FLOWS e)."""

import datetime

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from services.models import Visit
from tests.browser.looking import WIDE
from tests.browser.test_walk import enter
from tests.factories import StaffFactory, VisitFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

COUNT_PRINTS = "window.prints = 0; window.print = () => { window.prints += 1 }"


@pytest.fixture
def home(context, live_server):
    last_month = timezone.localdate().replace(day=1) - datetime.timedelta(days=1)
    VisitFactory(service_date=last_month, state=Visit.State.CONFIRMED, confirmed_at=timezone.now())
    enter(context, StaffFactory(role="administrator"), "zh-hans", live_server)
    context.add_init_script(COUNT_PRINTS)
    page = context.new_page()
    page.goto(f"{live_server.url}/admin/")
    return page


def test_the_monthly_report_is_two_clicks_away_from_the_printer(home):
    home.locator(".report-card a").first.click()
    home.locator("[data-print]").click()

    assert home.evaluate("window.prints") == 1
    expect(home.locator(".report-figure-value").first).to_have_text("1")


def test_without_scripts_the_report_is_there_and_the_button_is_not(browser, home, live_server):
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(home.context.cookies())
    page = context.new_page()

    page.goto(f"{live_server.url}/admin/reports/R1/")

    expect(page.locator(".chart-plot")).to_be_visible()
    expect(page.locator("[data-print]")).to_be_hidden()
    context.close()


def test_on_paper_only_the_report_is_left_with_room_for_names_and_seal(home):
    home.goto(home.locator(".report-card a").first.evaluate("link => link.href"))

    home.emulate_media(media="print")
    home.set_viewport_size({"width": 688, "height": 1000})  # A4 between its margins

    for hidden in (".top", ".report-choice", ".report-actions"):
        expect(home.locator(hidden)).to_be_hidden()
    for shown in (".report-signatures", ".report-seal", ".report-definitions", ".chart-plot"):
        expect(home.locator(shown)).to_be_visible()
    assert home.evaluate(WIDE) == []
