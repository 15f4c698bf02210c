"""The warning before an idle sign-out, and the form that comes back after it."""

import pytest
from playwright.sync_api import expect

from members.models import Draft
from tests.browser.looking import Eye
from tests.browser.test_walk import enter
from tests.factories import StaffFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
USED = "seconds => localStorage.setItem('seen', Date.now() - seconds * 1000)"


def test_what_was_being_typed_comes_back_after_the_sign_out(context, live_server):
    clerk = StaffFactory(role="clerk")
    enter(context, clerk, "zh-hans", live_server)
    eye = Eye(context)
    page = eye.page
    eye.open(f"{live_server.url}/visits/log/", "log")

    page.evaluate(USED, 800)
    expect(page.locator("[data-stay-here]")).to_be_visible()
    eye.look()
    page.locator("[data-stay-here]").click()
    expect(page.locator("[data-stay-here]")).to_be_hidden()
    page.fill("#id_volunteer", "王秀英")
    page.evaluate(USED, 2000)
    page.wait_for_url("**/staff/sign-in/**")
    assert not Draft.objects.get().was_sent
    enter(context, clerk, "zh-hans", live_server)
    eye.open(f"{live_server.url}/account/draft/", "draft")
    page.locator("a[href$='#draft']").click()

    expect(page.locator("#id_volunteer")).to_have_value("王秀英")
    assert eye.faults == []
