"""The tabs of a person's rights, and what a withdrawn consent hides in the very next request."""

import datetime
import uuid

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from members import addresses, consents, kinship
from members.models import Agent, Assessment, Consent, ContactPerson, Kinship
from tests.factories import ElderFactory, MemberFactory, StaffFactory, UserFactory, community

pytestmark = pytest.mark.django_db
TABS = ["person_eligibility", "person_kin", "person_contacts", "person_consents"]


@pytest.fixture
def clerk(client):
    user = StaffFactory(role="clerk")
    client.force_login(user)
    return user


@pytest.fixture
def elder():
    return ElderFactory(
        member__name="李建国",
        member__address="官渡区 7 幢",
        member__id_number="530111194005010021",
        living="with_children",
        income="destitute",
        capability="semi_disabled",
        contact_name="李梅",
        contact_phone="13888880009",
    )


def tab(name, elder):
    return reverse(name, args=[elder.member.key])


@pytest.mark.parametrize("name", TABS)
def test_a_tab_opens_for_staff_of_the_area_alone(client, clerk, elder, name):
    assert client.get(tab(name, elder)).status_code == 200

    client.force_login(StaffFactory(area=community("530111001002")))
    assert client.get(tab(name, elder)).status_code == 404
    client.force_login(UserFactory(member=elder.member))
    assert client.get(tab(name, elder)).status_code == 403


@pytest.mark.parametrize("name", ["person_eligibility", "person_kin", "person_consents"])
def test_an_auditor_reads_and_writes_nothing(client, elder, name):
    client.force_login(StaffFactory(role="auditor"))

    assertNotContains(client.get(tab(name, elder)), "<select")
    assert client.post(tab(name, elder)).status_code == 403


def test_a_decision_goes_to_a_second_person_and_back(client, clerk, elder):
    sent = {"key": uuid.uuid4(), "result": "D", "reason": "女儿住院"}

    response = client.post(tab("person_eligibility", elder), sent)

    assertRedirects(response, tab("person_eligibility", elder))
    found = Assessment.objects.get()
    assert (found.state, found.result, found.assessed_by) == ("waiting", "D", clerk)
    client.force_login(StaffFactory(role="checker"))
    assertContains(client.get(reverse("inbox")), "女儿住院")
    client.post(reverse("inbox_approve"), {"rows": f"assessment/{found.key}"})
    found.refresh_from_db()
    assert found.state == "settled"


def test_a_decision_without_a_reason_says_so(client, clerk, elder):
    response = client.post(tab("person_eligibility", elder), {"key": uuid.uuid4(), "result": "D"})

    assert response.context["form"].errors["reason"]
    assert not Assessment.objects.exists()


def test_a_kinship_is_entered_confirmed_and_seen_from_both_sides(client, clerk, elder):
    daughter = MemberFactory(name="李梅花")
    sent = {"key": uuid.uuid4(), "relative": "李梅花", "relation": "child", "proof": "birth"}

    assertRedirects(
        client.post(tab("person_kin", elder), sent | {"seen_on": "today"}),
        tab("person_kin", elder),
    )

    found = Kinship.objects.get()
    client.force_login(StaffFactory(role="checker"))
    client.post(reverse("inbox_approve"), {"rows": f"kinship/{found.key}"})
    found.refresh_from_db()
    assert found.state == "confirmed"
    page = client.get(reverse("person_kin", args=[daughter.key]))
    assert [row["relation"] for row in page.context["kin"]] == ["父母"]
    client.post(reverse("kin_end", args=[found.key]), {"ended_on": "today"})
    assert kinship.between(elder.member, daughter, on=timezone.localdate()) is None


def test_a_checker_sends_a_kinship_back_with_a_reason(client, clerk, elder):
    told = {"relation": "child", "proof": "birth", "proof_note": "", "key": uuid.uuid4()}
    one = kinship.enter(
        elder.member,
        relative=MemberFactory(),
        seen_on=timezone.localdate(),
        by=clerk,
        at=timezone.now(),
        **told,
    )
    client.force_login(StaffFactory(role="checker"))

    client.post(reverse("inbox_kinship", args=[one.key]), {"reason": "看不清"})

    one.refresh_from_db()
    assert (one.state, one.return_reason) == ("returned", "看不清")


def test_contacts_are_added_put_first_and_removed(client, clerk, elder):
    for name in ("甲", "乙"):
        sent = {"name": name, "relation": "子女", "phone": "138 8888 0010"}
        client.post(reverse("contact_add", args=[elder.member.key]), sent)
    first, second = elder.member.contacts.order_by("position")

    client.post(reverse("contact_change", args=[second.key]), {"first": "1"})
    assert list(elder.member.contacts.order_by("position")) == [second, first]
    assertNotContains(client.get(tab("person_contacts", elder)), "13888880010")

    client.post(reverse("contact_change", args=[second.key]), {"remove": "1"})
    assert list(ContactPerson.objects.all()) == [first]


def test_an_agent_is_appointed_and_revoked(client, clerk, elder):
    MemberFactory(name="李梅花")
    sent = {"key": uuid.uuid4(), "agent": "李梅花", "scopes": ["see", "ask"], "how": "paper"}

    client.post(reverse("agent_appoint", args=[elder.member.key]), sent)

    found = Agent.objects.get()
    assert (found.agent.name, found.scopes) == ("李梅花", ["ask", "see"])
    client.post(reverse("agent_revoke", args=[found.key]))
    found.refresh_from_db()
    assert found.revoked_by == clerk


@pytest.mark.parametrize("act", ["given", "withdrawn"])
def test_staff_write_down_a_word_with_one_press(client, clerk, elder, act):
    sent = {"purpose": "sensitive", "act": act, "how": "call"}

    assertRedirects(client.post(tab("person_consents", elder), sent), tab("person_consents", elder))

    word = Consent.objects.get()
    assert (word.act, word.how, word.recorded_by) == (act, "call", clerk)


def test_a_member_withdraws_on_their_own_page(client, elder):
    client.force_login(UserFactory(member=elder.member))
    page = reverse("my_consents")
    assert client.get(page).status_code == 200

    client.post(page, {"purpose": "family", "act": "withdrawn"})

    word = Consent.objects.get()
    assert (word.member, word.act, word.how) == (elder.member, "withdrawn", "own")


MASKED_HOME = addresses.mask("官渡区 7 幢")


@pytest.mark.parametrize(
    ("purpose", "page", "shown"),
    [
        ("basic", "person", MASKED_HOME),
        ("sensitive", "person", "5301**********0021"),
        ("family", "person", "李梅"),
        ("family", "person_contacts", "138****0009"),
        ("sensitive", "person_eligibility", "收入或自理能力有困难"),
        ("sensitive", "person_unmask", "收入情况"),
        ("family", "admin:members_elder_change", "138****0009"),
        ("family", "admin:members_elder_changelist", "138****0009"),
        ("sensitive", "admin:members_member_change", "5301**********0021"),
        ("basic", "admin:members_member_change", MASKED_HOME),
    ],
)
def test_what_is_withdrawn_is_gone_in_the_next_request(client, elder, purpose, page, shown):
    user = StaffFactory(role="administrator")
    client.force_login(user)
    args = {
        "admin:members_elder_changelist": [],
        "admin:members_elder_change": [elder.pk],
        "admin:members_member_change": [elder.member.pk],
    }.get(page, [elder.member.key])
    address = reverse(page, args=args)
    assertContains(client.get(address), shown)

    client.post(
        tab("person_consents", elder), {"purpose": purpose, "act": "withdrawn", "how": "call"}
    )

    assertNotContains(client.get(address), shown)


def test_reviews_that_are_due_come_oldest_first_and_overdue_is_said(client, clerk, elder):
    other = ElderFactory(member__name="王秀英")
    today = timezone.localdate()
    for one, days in ((elder, 370), (other, 400)):
        Assessment.objects.create(
            member=one.member,
            rules_id=1,
            assessed_on=today - datetime.timedelta(days),
            review_due_on=today - datetime.timedelta(days - 365),
            computed="A",
            result="A",
            state="settled",
            assessed_by=clerk,
            assessed_at=timezone.now(),
            decided_at=timezone.now(),
        )
    ElderFactory(member__name="赵小兰")

    page = client.get(reverse("eligibility_reviews"))

    assert [row.member.name for row in page.context["page"]] == ["王秀英", "李建国"]
    assertContains(page, "已过期", 2)
    never = client.get(reverse("eligibility_reviews"), {"show": "never"})
    assert [row.member.name for row in never.context["page"]] == ["赵小兰"]
    assertContains(client.get(reverse("home")), "2 份复评到期")


def test_a_withdrawn_consent_holds_up_no_visit_page(client, clerk, elder):
    for purpose in ("basic", "sensitive", "family"):
        consents.withdraw(elder.member, purpose, how="call", by=clerk, at=timezone.now())

    assert client.get(tab("person", elder)).status_code == 200
    found = client.get(reverse("person_search"), {"q": "李建国", "side": "elder"})
    assertContains(found, "李建国")


def test_kin_out_of_reach_are_not_named(client, clerk, elder):
    far = MemberFactory(area=community("530111001002"), name="欧阳静")
    told = {"by": clerk, "at": timezone.now(), "key": uuid.uuid4()}
    shown = {
        "relation": "child",
        "proof": "letter",
        "proof_note": "",
        "seen_on": timezone.localdate(),
    }
    kinship.enter(elder.member, relative=far, **shown, **told)

    page = client.get(tab("person_kin", elder))

    assertContains(page, "欧**")
    assertNotContains(page, "欧阳静")
