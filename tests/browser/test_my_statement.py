"""A statement on a phone of 360 px at the largest text, with the code of a seal on it."""

import datetime

import pytest

from ledger import checkpoints
from tests.browser.looking import WIDE
from tests.browser.test_walk import enter
from tests.factories import MemberFactory, UserFactory
from tests.ledger.people import credit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("address", ["/my-time/statement/", "/my-certificates/"])
def test_it_is_no_wider_than_the_phone(context, live_server, monkeypatch, language, address):
    monkeypatch.setattr(checkpoints, "code_at", lambda at: "1-FJWM-MRDD-S52F-26MQ")
    member = MemberFactory(volunteer={}, birth_date=datetime.date(1955, 5, 1))
    credit(member, 2124)
    enter(context, UserFactory(member=member), language, live_server)
    context.add_cookies([{"name": "text_size", "value": "largest", "url": live_server.url}])
    page = context.new_page()
    page.set_viewport_size({"width": 360, "height": 740})

    page.goto(f"{live_server.url}{address}")

    assert page.evaluate(WIDE) == []
    if "statement" in address:
        assert "1-FJWM-MRDD-S52F-26MQ" in page.inner_text("main")
