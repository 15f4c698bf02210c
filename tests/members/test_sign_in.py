import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from members import signing_in
from members.models import Member, SignInCode
from tests.factories import MemberFactory, StaffFactory, UserFactory

pytestmark = pytest.mark.django_db

PHONE = "13808712345"


def ask(client, phone=PHONE, **more):
    return client.post(reverse("sign_in"), {"phone": phone} | more)


def enter(client, code):
    return client.post(reverse("sign_in_code"), {"code": code})


@pytest.fixture
def code(client, delivered):
    """Ask for a code in the browser and read it off the console."""

    def code(phone=PHONE, **more):
        response = ask(client, phone, **more)
        assert response.url == reverse("sign_in_code")
        return re.search(r"\d{6}", delivered())[0]

    return code


def who(client):
    return client.session.get("_auth_user_id")


def test_a_member_comes_in_with_phone_and_code(client, code):
    member = MemberFactory(phone=PHONE)

    response = enter(client, code("138 0871 2345"))

    assert response.url == reverse("home")
    assert who(client) == str(member.user.pk)
    assert client.session.get_expiry_age() > 179 * 24 * 60 * 60
    assert "sign_in" not in client.session


def test_a_member_comes_to_the_page_they_wanted(client, code):
    MemberFactory(phone=PHONE)

    assert enter(client, code(next="/my-time/")).url == "/my-time/"


@pytest.mark.parametrize("goal", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_nobody_is_sent_to_another_site(client, code, goal):
    MemberFactory(phone=PHONE)

    assert enter(client, code(next=goal)).url == reverse("home")


def test_people_who_share_a_phone_choose_their_name(client, code):
    one, two = (MemberFactory(phone=PHONE, name=name) for name in ("李建国", "王秀英"))

    assert enter(client, code()).url == reverse("sign_in_who")
    page = client.get(reverse("sign_in_who")).content.decode()
    response = client.post(reverse("sign_in_who"), {"member": two.pk})

    assert "李建国" in page
    assert "王秀英" in page
    assert response.url == reverse("home")
    assert who(client) == str(two.user.pk)
    assert not Member.objects.filter(pk=one.pk, user__isnull=False).exists()


def test_nobody_chooses_a_name_that_does_not_share_the_phone(client, code):
    MemberFactory(phone=PHONE)
    MemberFactory(phone=PHONE)
    stranger = MemberFactory()
    enter(client, code())

    for chosen in (stranger.pk, "", "x"):
        assert client.post(reverse("sign_in_who"), {"member": chosen}).status_code == 404
    assert who(client) is None


def test_nobody_chooses_a_name_without_the_code(client, code):
    member = MemberFactory(phone=PHONE)
    MemberFactory(phone=PHONE)
    code()

    response = client.post(reverse("sign_in_who"), {"member": member.pk})

    assert response.url == reverse("sign_in")
    assert who(client) is None


def test_choosing_a_name_waits_no_longer_than_a_code(client, code):
    member = MemberFactory(phone=PHONE)
    MemberFactory(phone=PHONE)
    enter(client, code())
    session = client.session
    passed_at = timezone.now() - timedelta(minutes=16)
    session["sign_in"] = session["sign_in"] | {"passed_at": passed_at.isoformat()}
    session.save()

    assert client.post(reverse("sign_in_who"), {"member": member.pk}).url == reverse("sign_in")


def test_a_wrong_code_keeps_the_door_shut_and_says_so(client, code):
    MemberFactory(phone=PHONE)
    wrong = f"{(int(code()) + 1) % 10**6:06}"

    response = enter(client, wrong)

    assert response.status_code == 200
    assert response.context["form"].errors["code"]
    assert who(client) is None


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦"])
def test_what_is_no_code_costs_no_try(client, code, typed):
    MemberFactory(phone=PHONE)
    code()

    response = enter(client, typed)

    assert response.context["form"].errors["code"]
    assert SignInCode.objects.get().tries == 0


def test_full_width_digits_and_spaces_are_a_code(client, code):
    MemberFactory(phone=PHONE)
    typed = code()
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in typed)

    assert enter(client, f"{wide[:3]} {wide[3:]}").status_code == 302


def test_a_number_that_nobody_has_is_answered_alike(client):
    MemberFactory(phone=PHONE)
    pages = []
    for phone in (PHONE, "13900000000"):
        assert ask(client, phone).url == reverse("sign_in_code")
        page = client.get(reverse("sign_in_code")).content.decode()
        page = page.replace(phone, "number").replace(f"{phone[:3]}****{phone[-4:]}", "masked")
        pages.append(re.sub(r'csrfmiddlewaretoken" value="\w+"', "", page))

    assert pages[0] == pages[1]


@pytest.mark.parametrize("typed", ["", "1234", "0871-67170000", "<script>", "9" * 30])
def test_what_no_code_can_be_sent_to_is_said_and_kept(client, typed):
    response = ask(client, typed)

    assert response.status_code == 200
    assert response.context["form"].errors["phone"]
    assert not SignInCode.objects.exists()


def test_asking_too_often_is_answered_in_words(client):
    for _ in range(3):
        ask(client)

    response = ask(client)

    assert response.context["form"].non_field_errors()
    assert SignInCode.objects.count() == 3


def test_no_code_is_asked_for_before_a_phone_is_known(client):
    assert client.get(reverse("sign_in_code")).url == reverse("sign_in")
    assert client.get(reverse("sign_in_who")).url == reverse("sign_in")


def test_the_phone_offers_the_code_by_itself(client):
    ask(client)

    page = client.get(reverse("sign_in_code")).content.decode()

    assert 'autocomplete="one-time-code"' in page
    assert 'inputmode="numeric"' in page
    assert 'autocomplete="tel"' in client.get(reverse("sign_in")).content.decode()


def test_the_session_begins_anew_at_sign_in(client, code):
    MemberFactory(phone=PHONE)
    typed = code()
    before = client.session.session_key

    enter(client, typed)

    assert client.session.session_key != before


def test_a_lost_phone_is_signed_out(client, code):
    member = MemberFactory(phone=PHONE)
    enter(client, code())

    signing_in.sign_out_everywhere(member, by=None, at=timezone.now())

    assert client.get(reverse("my_time")).url.startswith(reverse("sign_in"))


def test_whoever_is_in_needs_no_sign_in(client):
    client.force_login(StaffFactory())

    assert client.get(reverse("sign_in")).url == reverse("home")


def test_signing_out_takes_a_button(client):
    client.force_login(UserFactory(member=MemberFactory()))

    assert client.get(reverse("sign_out")).status_code == 405
    assert client.post(reverse("sign_out")).url == reverse(settings.LOGOUT_REDIRECT_URL)
    assert who(client) is None
