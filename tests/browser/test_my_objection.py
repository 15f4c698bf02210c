"""Saying that a line is not right, with a thumb: a phone of 360 px, the largest text."""

import pytest
from playwright.sync_api import expect

from services import objections
from services.models import Objection
from tests.browser.test_my_hours import (  # noqa: F401
    TARGET,
    browser_context_args,
    member,
    thumb,
)
from tests.factories import StaffFactory
from tests.services.test_visits_log import NOW

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LINK = ".objection a"


def test_a_line_is_checked_and_answered(thumb):  # noqa: F811
    link = thumb.page.locator(LINK)
    assert link.bounding_box()["height"] >= TARGET
    thumb.tap(LINK)
    thumb.page.locator("label:has([value=other])").tap()
    thumb.type("words", "那天我在医院")

    thumb.tap("main form .btn:not(.btn-quiet)")
    said = Objection.objects.get()
    assert (said.state, said.words) == ("waiting", "那天我在医院")
    thumb.tap("a[href='/my-time/']")
    expect(thumb.page.locator(LINK)).to_have_count(1)

    words = "纸质记录上有您的签名，可来社区查看。" * 5
    checker = {"by": StaffFactory(role="checker"), "at": NOW}
    objections.answer(said, outcome="right", words=words, **checker)
    thumb.tap("a[href='/my-time/records/']")
    expect(thumb.page.locator(".objection p")).to_contain_text("可来社区查看")
    thumb.tap(LINK)
    thumb.tap("main form .btn:not(.btn-quiet)")
    expect(thumb.page.locator(".notice-error")).to_be_visible()
