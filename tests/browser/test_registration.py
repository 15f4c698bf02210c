"""Registering with the keyboard alone: how many keys it takes, and how long by the keystroke model.

The model is Card, Moran and Newell's (The keystroke-level model, CACM 23/7, 1980): 0.28 s a key of
an average typist, 1.35 s for each mental step. A step is counted for every field that is filled in,
and one for looking at the whole before Enter. Characters count as the keys of their pinyin and one
to choose the word.
"""

import pytest
from playwright.sync_api import expect

from members.models import Member
from tests.browser.looking import Eye
from tests.browser.test_walk import enter
from tests.factories import MemberFactory, StaffFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
A_KEY, A_STEP, AT_MOST = 0.28, 1.35, 60


class Clerk:
    """Types field after field, as a person with an input method does, and counts."""

    def __init__(self, page):
        self.page = page
        self.keys = self.steps = 0

    def types(self, field, text, keys=None):
        """Fill the field the cursor is in: it has to be this one. `keys` is what pinyin takes."""
        expect(self.page.locator(f"#id_{field}")).to_be_focused()
        if keys:
            self.page.keyboard.insert_text(text)
        else:
            self.page.keyboard.type(text)
        self.keys += keys or len(text)
        self.steps += 1

    def picks(self, field, downs):
        expect(self.page.locator(f"#id_{field}")).to_be_focused()
        for _ in range(downs):
            self.page.keyboard.press("ArrowDown")
        self.keys += downs
        self.steps += 1

    def tabs(self, times=1):
        for _ in range(times):
            self.page.keyboard.press("Tab")
        self.keys += times

    def enters(self):
        self.page.keyboard.press("Enter")
        self.keys += 1
        self.steps += 1

    @property
    def seconds(self):
        return self.keys * A_KEY + self.steps * A_STEP


@pytest.fixture
def clerk(context, live_server):
    enter(context, StaffFactory(role="clerk"), "zh-hans", live_server)
    return Clerk(context.new_page())


def test_a_volunteer_is_registered_within_a_minute(clerk, live_server):
    clerk.page.goto(f"{live_server.url}/people/new/volunteer/")

    clerk.types("name", "王秀英", len("wangxiuying") + 1)
    clerk.tabs()
    clerk.types("id_number", "11010519491231002X")
    clerk.tabs(3)
    clerk.types("phones", "13812345678")
    clerk.tabs()
    clerk.types("address", "关上小区3-2-501", len("guanshangxiaoqu") + 1 + len("3-2-501"))
    clerk.tabs(2)
    clerk.types("skills", "理发", len("lifa") + 1)
    clerk.enters()

    expect(clerk.page.locator(".notice-success")).to_be_visible()
    member = Member.objects.get()
    assert (member.sex, member.birth_date.isoformat()) == ("F", "1949-12-31")
    assert (member.address, member.volunteer.skills) == ("关上小区3-2-501", ["理发"])
    expect(clerk.page.locator("#id_name")).to_be_focused()
    assert clerk.seconds <= AT_MOST


def test_an_elder_is_registered_within_a_minute(clerk, live_server):
    clerk.page.goto(f"{live_server.url}/people/new/elder/")

    clerk.types("name", "李建国", len("lijianguo") + 1)
    clerk.tabs()
    clerk.types("id_number", "11010519491231002X")
    clerk.tabs(3)
    clerk.types("phones", "13812345678")
    clerk.tabs()
    clerk.types("address", "关上小区3-2-501", len("guanshangxiaoqu") + 1 + len("3-2-501"))
    clerk.tabs()
    clerk.picks("living", 1)
    clerk.tabs()
    clerk.picks("income", 1)
    clerk.tabs()
    clerk.picks("capability", 1)
    clerk.tabs()
    clerk.types("contact_name", "李明", len("liming") + 1)
    clerk.tabs()
    clerk.types("contact_relation", "儿子", len("erzi") + 1)
    clerk.tabs()
    clerk.types("contact_phone", "13900001111")
    clerk.enters()

    expect(clerk.page.locator(".notice-success")).to_be_visible()
    elder = Member.objects.get().elder
    assert (elder.living, elder.income, elder.capability) == ("alone", "ordinary", "self_caring")
    assert (elder.contact_name, elder.contact_phone) == ("李明", "13900001111")
    assert clerk.seconds <= AT_MOST


def test_who_may_be_the_person_is_shown_while_typing(clerk, live_server):
    MemberFactory(name="王秀英", phone="13812345678")
    clerk.page.goto(f"{live_server.url}/people/new/elder/")

    clerk.types("name", "王秀英", 12)
    clerk.tabs(4)
    clerk.types("phones", "13812345678")

    expect(clerk.page.locator("#alike")).to_contain_text("是不是下面的人？")
    clerk.page.get_by_role("button", name="就是此人").click()
    expect(clerk.page.locator("h2").first).to_have_text("同时登记为服务对象")
    assert Member.objects.count() == 1


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_question_is_sound_to_see(context, live_server, language):
    MemberFactory(name="王秀英", phone="13812345678")
    enter(context, StaffFactory(role="clerk"), language, live_server)
    eye = Eye(context)
    eye.open(f"{live_server.url}/people/new/elder/", "person_new_elder")
    eye.page.locator("#id_name").fill("王秀英")
    eye.page.locator("#id_phones").press_sequentially("13812345678")
    expect(eye.page.locator("#alike .people")).to_be_visible()
    eye.look()
    eye.send()
    expect(eye.page.locator("#alike[role=alert]")).to_be_visible()
    eye.look()

    assert not eye.faults, "\n".join(eye.faults)
