"""An agent asks for hours in the elder's name: each time behind a code to the agent's own phone."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from ledger import approvals
from ledger.models import MovementRequest
from members import agents, consents
from members.models import SignInCode
from tests.factories import ElderFactory, MemberFactory, UserFactory
from tests.ledger.people import by, hours

from .conftest import OWN_PHONE, PHONE, TOMORROW, typed

pytestmark = pytest.mark.django_db


def the_request():
    return MovementRequest.objects.get()


@pytest.fixture
def agency(appoint):
    return appoint("ask", "see")


def test_the_request_says_who_asked_and_for_whom(do, agency, elder, daughter):
    answer = do(reason="")

    request = the_request()
    assert answer.url == reverse("acting_for", args=[elder.key])
    assert (request.kind, request.state, request.minutes) == ("redeem", "waiting", 120)
    assert (request.member, request.author, request.agency) == (elder, daughter, agency)
    assert (request.on, request.other) == (TOMORROW, None)
    assert hours(elder) == (600, 0, 0)


def test_the_words_name_the_elder_and_the_code_goes_to_the_agents_phone(
    ask, code, agency, signed_in
):
    ask()

    page = signed_in.get(reverse("my_hours_confirm")).content.decode()
    code()

    assert "李建国" in page
    assert "138****2345" in page
    assert "8 h" not in page
    assert SignInCode.objects.get(phone=PHONE)
    assert not SignInCode.objects.filter(phone=OWN_PHONE).exists()


def test_nothing_is_kept_before_the_code_and_a_wrong_one_keeps_nothing(ask, code, enter, agency):
    ask()
    right = code()
    assert not MovementRequest.objects.exists()

    answer = enter(f"{(int(right) + 1) % 10**6:06}")

    assert "This is not the code" in answer.content.decode()
    assert not MovementRequest.objects.exists()


def test_a_second_tap_leads_to_the_same_request(ask, code, enter, agency, signed_in, elder):
    told = typed()
    ask(**told)
    right = code()

    answers = [enter(right), enter(right), ask(**told)]
    answers.append(signed_in.post(reverse("my_hours_confirm"), {"phone": "0"}))

    assert {answer.url for answer in answers} == {reverse("acting_for", args=[elder.key])}
    assert the_request().minutes == 120


def end(how, agency, clerk):
    if how == "revoked":
        agents.revoke(agency, by=clerk, at=timezone.now())
    else:
        consents.withdraw(agency.member, "agent", how="call", by=clerk, at=timezone.now())


@pytest.mark.parametrize("how", ["revoked", "withdrawn"])
def test_who_acts_no_longer_sends_the_form_in_vain(ask, agency, clerk, how):
    end(how, agency, clerk)

    assert ask().status_code == 404


@pytest.mark.parametrize("how", ["revoked", "withdrawn"])
def test_between_the_form_and_the_code_nothing_opens_any_more(
    ask, code, enter, agency, clerk, signed_in, how
):
    ask()
    right = code()
    end(how, agency, clerk)

    assert enter(right).status_code == 404
    for name in ("my_hours_confirm", "my_hours_code"):
        assert signed_in.get(reverse(name)).status_code == 404
    assert signed_in.post(reverse("my_hours_confirm"), {"phone": "0"}).status_code == 404
    assert not MovementRequest.objects.exists()
    assert SignInCode.objects.count() == 1


def test_more_than_there_is_is_said_to_who_may_see_the_account(ask, agency):
    assert "There are not enough hours" in ask(minutes="11").content.decode()


def test_who_may_not_see_the_account_learns_nothing_of_it_by_asking(do, appoint, elder):
    appoint("ask")

    answer = do(minutes="11")

    assert answer.url == reverse("acting_for", args=[elder.key])
    assert the_request().minutes == 660


@pytest.mark.parametrize(
    ("field", "value"),
    [("minutes", ""), ("minutes", "many"), ("on", ""), ("on", "2020-01-01"), ("key", "x")],
)
def test_odd_words_are_answered_in_words(ask, agency, field, value):
    answer = ask(**{field: value})

    assert answer.context["form"].errors[field]


def test_a_younger_elder_needs_a_reason(ask, agency, elder):
    elder.birth_date = datetime.date(1980, 1, 1)
    elder.save(update_fields=["birth_date"])

    assert "reason" in ask().context["form"].errors
    assert ask(reason="骨折").status_code == 302


def test_the_form_names_no_relative_of_the_elder(ask, agency, do):
    do(name="高老太", phone="4321", relation="spouse", proof="x", kin="other")

    assert the_request().other is None


def test_the_agent_reads_how_far_it_is_and_takes_it_back(do, agency, read, signed_in, elder):
    do()
    address = reverse("acting_withdraw", args=[elder.key, the_request().key])
    assert "2 h I no longer want this" in read("acting_for", elder.key)

    first = signed_in.post(address, follow=True)
    second = signed_in.post(address, follow=True)

    assert "You have taken your request back." in first.content.decode()
    assert "does not wait" in second.content.decode()
    assert the_request().state == "withdrawn"
    assert "withdrawn" in read("acting_for", elder.key)


def test_nobody_takes_back_what_another_asked(do, agency, client, clerk, elder):
    do()
    address = reverse("acting_withdraw", args=[elder.key, the_request().key])
    other = UserFactory(member=MemberFactory())
    told = {"since": TOMORROW - datetime.timedelta(days=1), "until": None, "how": "paper"}
    agents.appoint(elder, agent=other.member, scopes=["ask"], **told, **by(clerk))

    for user in (other, UserFactory(member=elder), UserFactory(member=ElderFactory().member)):
        client.force_login(user)
        assert client.post(address).status_code == 404
    assert the_request().state == "waiting"


def test_the_elder_reads_who_asked_in_their_name(do, agency, client, elder):
    do()
    client.force_login(UserFactory(member=elder))

    page = client.get(reverse("my_hours_request", args=[the_request().key])).content.decode()

    assert '<span class="name">李小妹</span> has asked for this in your name' in page


@pytest.mark.parametrize("name", ["hours_request", "inbox_movement"])
def test_staff_who_decide_see_that_an_agent_asked_and_by_which_consent(
    do, agency, client, checker, name
):
    do()
    client.force_login(checker)

    page = client.get(reverse(name, args=[the_request().key])).content.decode()

    assert 'Asked by the agent <span class="name">李小妹</span>' in page
    assert "by the elder&#x27;s consent of" in page or "by the elder's consent of" in page
    assert "spoken, with a witness" in page
    assert "witness: 王" in page


def test_staff_are_warned_where_the_agent_acts_no_longer(do, agency, client, checker, clerk):
    do()
    client.force_login(checker)
    address = reverse("inbox_movement", args=[the_request().key])
    before = client.get(address).content.decode()

    agents.revoke(agency, by=clerk, at=timezone.now())
    after = client.get(address).content.decode()

    assert "acts for the elder no longer" not in before
    assert "acts for the elder no longer" in after


def test_staff_approve_it_like_any_other(do, agency, checker, elder):
    do()

    approvals.approve(the_request(), by=checker, at=timezone.now())

    assert hours(elder) == (480, 0, 0)
