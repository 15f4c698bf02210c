"""From the form to the request: donate, give, use, each behind a fresh code."""

import datetime
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from ledger import accounts, approvals, donations
from ledger.models import MovementRequest
from members import signing_in
from members.models import SignInCode
from tests.factories import MemberFactory, StaffFactory, UserFactory, community
from tests.ledger.people import credit, hours, pool
from timebank.my_hours import asked as asking

from .conftest import PHONE, TOMORROW, typed, wrong

pytestmark = pytest.mark.django_db
PAGES = ["my_hours", "my_hours_donate", "my_hours_gift", "my_hours_redeem", "my_hours_confirm"]
KINDS = ["donate", "gift", "redeem"]


def the_request():
    return MovementRequest.objects.get()


def test_a_donation_is_done_at_once(do, member):
    answer = do("donate")

    request = the_request()
    assert answer.url == reverse("my_hours_request", args=[request.key])
    assert (request.state, request.minutes, request.author) == ("done", 120, member.user)
    assert hours(member) == (480, 0, 0)
    assert pool(member.area) == 120


def test_a_gift_waits_for_a_second_person(do, member, relative):
    do("gift")

    request = the_request()
    assert (request.state, request.other, request.relation) == ("waiting", relative, "parent")
    assert (request.proof, request.author) == ("户口本", member.user)
    assert hours(member) == (600, 0, 0)


def test_of_a_frozen_account_it_is_said_that_it_is_frozen(ask, member, checker):
    accounts.freeze(member.area_id, member.key, frozen=True, by=checker.pk)

    html = ask("donate").content.decode()

    assert "The account is frozen." in html
    assert "You have 0 min for this." not in html


@pytest.mark.parametrize(("kind", "last"), [("gift", "child"), ("redeem", "grandparent")])
def test_only_relatives_for_whom_the_rules_let_hours_move_are_offered(signed_in, kind, last):
    form = signed_in.get(reverse(f"my_hours_{kind}")).context["form"]

    offered = [value for value, _label in form.fields["relation"].choices]
    assert offered[-1] == last
    assert "grandchild" not in offered


def test_a_redemption_waits_for_a_second_person(do, member):
    do("redeem")

    request = the_request()
    assert (request.state, request.on, request.other) == ("waiting", TOMORROW, None)


def test_hours_are_used_for_a_relative_who_is_named_with_a_proof(do, relative):
    do("redeem", name="高老太", phone="139 8765 4321", relation="parent", proof="户口本")

    request = the_request()
    assert (request.other, request.relation, request.proof) == (relative, "parent", "户口本")


def test_the_words_say_what_will_happen_and_what_is_left(ask, signed_in, relative):
    ask("gift", minutes="1小时30分")

    page = signed_in.get(reverse("my_hours_confirm")).content.decode()

    assert "1 h 30 min" in page
    assert "高老太" in page
    assert "parent" in page
    assert "8 h 30 min" in page
    assert "138****2345" in page
    assert PHONE not in page


def test_nothing_is_kept_before_the_code(ask, code, member):
    ask("donate")
    code()

    assert not MovementRequest.objects.exists()
    assert hours(member) == (600, 0, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_available_is_seen_before_typing(signed_in, kind):
    page = signed_in.get(reverse(f"my_hours_{kind}")).content.decode()

    assert page.index("10 h") < page.index('name="minutes"')


def test_a_wrong_code_moves_nothing(ask, code, enter, member):
    ask("donate")

    answer = enter(wrong(code()))

    assert "This is not the code" in answer.content.decode()
    assert SignInCode.objects.get().tries == 1
    assert hours(member) == (600, 0, 0)


def test_after_five_tries_the_right_code_is_refused(ask, code, enter, member):
    ask("donate")
    right = code()
    for _try in range(5):
        enter(wrong(right))

    answer = enter(right)

    assert "This code no longer works" in answer.content.decode()
    assert not MovementRequest.objects.exists()


def test_a_code_to_sign_in_confirms_nothing(ask, code, enter, member, delivered):
    ask("donate")
    code()
    signing_in.send_code(PHONE, address=None, at=timezone.now())
    to_sign_in = re.search(r"\b\d{6}\b", delivered())[0]

    enter(to_sign_in)

    assert not MovementRequest.objects.exists()


def test_a_code_to_confirm_does_not_sign_in(ask, code, member):
    ask("donate")

    with pytest.raises(signing_in.WrongCode):
        signing_in.check_code(PHONE, code(), at=timezone.now())


def test_the_code_of_somebody_else_who_shares_the_phone_confirms_nothing(
    ask, code, enter, signed_in, client, member
):
    other = MemberFactory(name="高二", phone=PHONE)
    ask("donate")
    code()
    pending = dict(signed_in.session["my_hours"])
    of_other = dict(pending, key="0b8ef9e6-35a5-4b1a-9dc4-7d1ab5e4f1f5")
    session = signed_in.session
    session["my_hours"] = of_other
    session.save()
    his = code()
    session = signed_in.session
    session["my_hours"] = pending
    session.save()

    enter(his)

    assert not MovementRequest.objects.exists()
    assert other.phones.get().number == PHONE


def test_a_phone_that_is_no_longer_the_members_confirms_nothing(ask, code, enter, member):
    MemberFactory(phone=PHONE)
    ask("donate")
    right = code()
    member.phones.all().delete()

    enter(right)

    assert not MovementRequest.objects.exists()


def test_of_several_phones_the_one_that_was_pressed_gets_the_code(ask, code, member, signed_in):
    member.phones.create(number="0871-1234567")
    member.phones.create(number="13900000002")
    ask("donate")

    page = signed_in.get(reverse("my_hours_confirm")).content.decode()
    code(place=1)

    assert page.count('name="phone"') == 2
    assert SignInCode.objects.get(phone="13900000002")


@pytest.mark.parametrize("place", ["", "1", "-1", "x", "9" * 30, "\0"])
def test_a_phone_that_was_not_offered_gets_no_code(ask, signed_in, member, place):
    ask("donate")

    answer = signed_in.post(reverse("my_hours_confirm"), {"phone": place})

    assert answer.status_code == 200
    assert not SignInCode.objects.exists()


def test_without_a_mobile_phone_the_staff_are_to_be_called(ask, signed_in, member):
    member.phones.all().delete()
    ask("donate")

    assert "Call the staff" in signed_in.get(reverse("my_hours_confirm")).content.decode()


def test_codes_are_limited_as_for_signing_in(ask, code, signed_in):
    ask("donate")
    for _code in range(3):
        code()

    answer = signed_in.post(reverse("my_hours_confirm"), {"phone": "0"})

    assert "Too many codes" in answer.content.decode()


def test_a_second_tap_leads_to_the_same_request(ask, code, enter, signed_in, member):
    told = typed("donate")
    ask("donate", **told)
    right = code()

    answers = [enter(right), enter(right), ask("donate", **told)]
    answers.append(signed_in.post(reverse("my_hours_confirm"), {"phone": "0"}))

    assert {answer.url for answer in answers} == {
        reverse("my_hours_request", args=[the_request().key])
    }
    assert hours(member) == (480, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_of_two_taps_at_once_both_find_the_one_request(ask, code, signed_in, member):
    ask("donate")
    right = code()
    pending, user = dict(signed_in.session["my_hours"]), member.user
    gate = Barrier(2)

    def tap(_number):
        try:
            gate.wait()
            return asking.confirm(pending, right, by=user, at=timezone.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool_of_two:
        found = list(pool_of_two.map(tap, range(2)))

    assert found[0] == found[1] == the_request()
    assert hours(member) == (480, 0, 0)


def test_what_was_spent_meanwhile_is_said_and_the_try_is_kept(ask, code, enter, do, member):
    ask("donate", minutes="9")
    right = code()
    donations.give(member, minutes=300, by=member.user, at=timezone.now(), key=uuid.uuid4())

    answer = enter(right)

    assert "There are not enough hours" in answer.content.decode()
    assert SignInCode.objects.get().used_at
    assert hours(member) == (300, 0, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_more_than_there_is_is_refused_in_words(ask, relative, kind):
    answer = ask(kind, minutes="10小时1分")

    assert "This would be 10 h 1 min. You have 10 h for this." in answer.content.decode()


@pytest.mark.parametrize(
    "minutes", ["", "0", "-1", "many", "９" * 40, "\0", "<b>", "1e9", "x" * 999]
)
@pytest.mark.parametrize("kind", KINDS)
def test_odd_hours_are_answered_in_words(ask, relative, kind, minutes):
    answer = ask(kind, minutes=minutes)

    assert answer.status_code == 200
    assert answer.context["form"].errors["minutes"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("key", ""),
        ("key", "x"),
        ("name", ""),
        ("name", "高老太婆"),
        ("name", "\0"),
        ("name", "高" * 61),
        ("phone", "321"),
        ("phone", "9999"),
        ("phone", "末四位"),
        ("relation", "friend"),
        ("relation", ""),
        ("proof", ""),
        ("proof", "x" * 501),
    ],
)
def test_odd_words_about_a_relative_are_answered_in_words(ask, relative, field, value):
    for more in ({}, {"on": TOMORROW.isoformat()}):
        kind = "redeem" if more else "gift"
        told = typed("gift") | more | {field: value}

        answer = ask(kind, **told)

        assert answer.status_code == 200
        assert answer.context["form"].errors


@pytest.mark.parametrize("on", ["", "x", "2026-02-30", "2020-01-01", "9999-01-01", "\0"])
def test_an_odd_day_is_answered_in_words(ask, on):
    answer = ask("redeem", on=on)

    assert answer.context["form"].errors["on"]


def test_whoever_is_younger_says_why(ask, member):
    assert "reason" not in ask("redeem", minutes="x").context["form"].fields
    member.birth_date = datetime.date(1980, 1, 1)
    member.save(update_fields=["birth_date"])

    assert "reason" in ask("redeem").context["form"].errors
    assert ask("redeem", reason="骨折").status_code == 302


def test_a_relative_who_is_too_young_is_refused_in_words(ask, relative):
    relative.birth_date = datetime.date(2000, 1, 1)
    relative.save(update_fields=["birth_date"])

    assert "too young" in ask("gift").content.decode()


@pytest.mark.parametrize("where", ["another community", "a namesake", "oneself"])
def test_only_one_other_person_of_the_community_is_found(ask, member, where):
    if where == "another community":
        MemberFactory(name="高老太", phone="13987654321", area=community("530111001002"))
    elif where == "a namesake":
        for phone in ("13987654321", "13887654321"):
            MemberFactory(name="高老太", phone=phone)

    told = {"name": "高桂峰", "phone": "2345"} if where == "oneself" else {}
    answer = ask("gift", **told)

    assert "We find nobody of this name" in answer.content.decode()


def test_nobody_finds_people_by_trying_numbers(ask, relative):
    for end in range(5):
        ask("gift", phone=f"000{end}")

    answer = ask("gift")

    assert "five times" in answer.content.decode()
    assert answer.status_code == 200


def test_what_was_given_is_used_but_not_given_on(ask, member, relative, do, checker, signed_in):
    do("gift", minutes="3")
    approvals.approve(the_request(), by=checker, at=timezone.now())
    UserFactory(member=relative)
    credit(relative, 30)
    signed_in.force_login(relative.user)

    assert "You have 30 min for this" in ask("donate", minutes="1").content.decode()
    assert ask("redeem", minutes="3.5").status_code == 302


@pytest.mark.parametrize("name", [*PAGES, "my_hours_code"])
def test_staff_and_strangers_have_no_hours_here(client, name):
    stranger = client.get(reverse(name))
    client.force_login(StaffFactory(role="administrator"))

    assert stranger.url.startswith(reverse("sign_in"))
    assert client.get(reverse(name)).url == reverse("home")


@pytest.mark.parametrize("name", ["my_hours_confirm", "my_hours_code"])
def test_a_page_out_of_turn_leads_back(signed_in, name):
    answer = signed_in.get(reverse(name), follow=True)

    assert answer.redirect_chain[-1][0] == reverse("my_hours")


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_asks_the_database_as_often_however_many_people_there_are(signed_in, kind):
    counts = []
    for _round in range(2):
        with CaptureQueriesContext(connection) as queries:
            signed_in.get(reverse(f"my_hours_{kind}"))
        counts.append(len(queries))
        MemberFactory(phone="13900000009")

    assert counts[0] == counts[1] <= 9
