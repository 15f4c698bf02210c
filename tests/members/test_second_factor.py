import datetime
import re

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from members import encryption, second_factor
from members.models import AccountEvent, Authenticator, Device, RecoveryCodes
from tests.factories import StaffFactory, UserFactory
from tests.members.staff import PASSWORD, app_code, sign_in, staff, who, with_app, wrong
from tests.members.test_signing_in import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.real_sign_in]
AT = timezone.now()


@pytest.fixture
def checker(client):
    """A checker with an app, after the password."""
    user = staff(role="checker")
    user.codes = with_app(user)
    sign_in(client)
    return user


def second(client, code, **more):
    return client.post(reverse("second_step"), {"code": code} | more)


def is_in(client):
    return client.get(reverse("home")).status_code == 200


def test_after_the_password_nothing_opens_but_the_second_step(client, checker):
    for name in ("home", "account", "visit_log", "second_factor", "recovery_codes", "notice_list"):
        answer = client.get(reverse(name))
        assert answer.status_code == 302, name
        assert answer.url.startswith(reverse("second_step")), name
    assert client.post(reverse("visit_log"), {}).url.startswith(reverse("second_step"))
    assert client.get(reverse("admin:index")).url.startswith(reverse("second_step"))
    assert "<nav" not in client.get(reverse("second_step")).content.decode()


def test_the_code_of_the_app_lets_in_to_the_page_that_was_wanted(client, checker):
    wanted = client.get("/visits/log/").url
    assert wanted == f"{reverse('second_step')}?next=%2Fvisits%2Flog%2F"
    before = client.session.session_key

    answer = second(client, app_code(checker), next="/visits/log/")

    assert answer.url == "/visits/log/"
    assert is_in(client)
    assert client.session.session_key != before
    assert Device.objects.get().session == client.session.session_key


def test_the_second_step_leads_to_this_site_only(client, checker):
    assert second(client, app_code(checker), next="https://evil.example/").url == "/"


def test_a_wrong_code_does_not(client, checker):
    answer = second(client, wrong(app_code(checker)))

    assert answer.context["form"].errors["code"]
    assert not is_in(client)


def test_a_secret_that_does_not_open_lets_nobody_in_and_is_no_error(client, checker):
    Authenticator.objects.filter(user=checker).update(key="")

    answer = second(client, "123456")

    assert answer.status_code == 200
    assert not is_in(client)


def test_after_a_wrong_code_the_right_one_has_to_wait(client, checker):
    second(client, wrong(app_code(checker)))

    answer = second(client, app_code(checker))
    assert "wait" in str(answer.context["form"].errors) or "稍" in str(
        answer.context["form"].errors
    )

    long_ago = timezone.now() - datetime.timedelta(seconds=2)
    Authenticator.objects.update(throttling_failure_timestamp=long_ago)
    second(client, app_code(checker))
    assert is_in(client)


def test_a_code_works_once(client, checker):
    code = app_code(checker)
    second(client, code)
    other = Client()
    sign_in(other)

    second(other, code)

    assert is_in(client)
    assert not is_in(other)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_enter_one_code_at_once_one_comes_in():
    user = staff(role="checker")
    with_app(user)
    code = app_code(user)

    results = at_once(lambda: second_factor.prove(user, code, at=AT), 4)

    assert sum(isinstance(result, Authenticator) for result in results) == 1


@pytest.mark.parametrize("later", [-30, 30])
def test_a_clock_that_is_half_a_minute_off_will_do(client, checker, later):
    second(client, app_code(checker, later))

    assert is_in(client)


@pytest.mark.parametrize("later", [-90, 90])
def test_a_clock_that_is_farther_off_will_not(client, checker, later):
    second(client, app_code(checker, later))

    assert not is_in(client)


def test_a_recovery_code_lets_in_once_and_is_written_down(client, checker):
    code = checker.codes[3].upper().replace("-", " ")
    second(client, code)
    other = Client()
    sign_in(other)

    second(other, code)

    assert is_in(client)
    assert not is_in(other)
    assert second_factor.codes_left(checker) == 9
    assert AccountEvent.objects.filter(user=checker, kind="recovery_code_used").count() == 1


def test_a_recovery_code_of_somebody_else_does_not_help(client, checker):
    other = staff("zhao", role="checker")
    codes = with_app(other)

    second(client, codes[0])

    assert not is_in(client)


@pytest.mark.parametrize("role", ["checker", "coordinator", "administrator"])
def test_who_approves_or_administers_reaches_nothing_but_the_enrolment(client, role):
    staff(role=role)
    sign_in(client)

    for name in ("home", "account", "visit_log", "recovery_codes", "account_password", "inbox"):
        assert client.get(reverse(name)).url.startswith(reverse("second_factor")), name
    assert client.get(reverse("second_factor")).status_code == 200


def test_so_does_who_set_the_installation_up(client):
    root = UserFactory(username="root", is_superuser=True, is_staff=True)
    root.set_password(PASSWORD)
    root.save()
    sign_in(client, "root")

    assert client.get(reverse("home")).url.startswith(reverse("second_factor"))


@pytest.mark.parametrize("role", ["clerk", "auditor"])
def test_others_are_offered_it_and_may_go_on_without(client, role):
    staff(role=role)
    sign_in(client)

    assert is_in(client)
    assert reverse("second_factor") in client.get(reverse("account")).content.decode()


def enrol(client, next=""):
    """Type the code that an app shows which has the page's secret."""
    client.get(reverse("second_factor"))
    secret = client.session["new_authenticator"]
    code = f"{totp(bytes.fromhex(secret)):06}"
    return client.post(reverse("second_factor"), {"code": code, "next": next})


def test_an_app_is_set_up_by_picture_or_by_typing(client):
    user = staff(role="checker")
    sign_in(client)
    page = client.get(reverse("second_factor")).content.decode()

    answer = enrol(client, next="/visits/log/")

    assert "data:image/svg+xml" in page
    assert re.search(r"([A-Z2-7]{4} ){7}[A-Z2-7]{4}", page)
    codes = re.findall(r"<code>([2-9a-z]{4}-[2-9a-z]{4})</code>", answer.content.decode())
    assert len(set(codes)) == 10
    assert 'href="/visits/log/"' in answer.content.decode()
    assert is_in(client)
    assert "new_authenticator" not in client.session
    assert AccountEvent.objects.get(user=user).kind == "second_factor_added"
    assert client.get(reverse("second_factor")).url == reverse("account")


def test_the_page_shows_the_same_picture_when_it_is_loaded_again(client):
    staff(role="checker")
    sign_in(client)

    pages = [client.get(reverse("second_factor")).context["offer"] for _ in range(2)]

    assert pages[0] == pages[1]


def test_another_session_is_shown_another_secret(client):
    staff(role="checker")
    other = Client()
    sign_in(client), sign_in(other)

    offers = {one.get(reverse("second_factor")).context["offer"] for one in (client, other)}

    assert len(offers) == 2


def test_a_wrong_code_sets_nothing_up(client):
    staff(role="checker")
    sign_in(client)
    client.get(reverse("second_factor"))

    answer = client.post(reverse("second_factor"), {"code": "000000"})

    assert answer.context["form"].errors["code"]
    assert not TOTPDevice.objects.exists()
    assert not is_in(client)


@pytest.mark.django_db(transaction=True)
def test_of_two_pages_that_set_it_up_at_once_one_does():
    user = staff(role="checker")
    secret = second_factor.new_secret()
    code = f"{totp(bytes.fromhex(secret)):06}"

    results = at_once(lambda: second_factor.set_up(user, secret, code, at=AT), 3)

    assert sum(isinstance(result, second_factor.IsSetUp) for result in results) == 2
    assert Authenticator.objects.count() == 1


def test_the_database_refuses_a_second_app_and_second_codes():
    user = staff()
    with_app(user)

    with pytest.raises(IntegrityError, match="members_authenticator_is_one"), transaction.atomic():
        Authenticator.objects.create(user=user, key="x", name="again")
    with pytest.raises(IntegrityError, match="members_recoverycodes_are_one"):
        RecoveryCodes.objects.create(user=user, name="again")


def test_the_database_holds_neither_the_secret_nor_the_codes(client):
    user = staff(role="checker")
    codes = with_app(user)
    device = Authenticator.objects.get()

    assert device.bin_key.hex() not in device.key
    moved = Authenticator(user=StaffFactory(), key=device.key)
    with pytest.raises(encryption.Unreadable):
        _ = moved.bin_key
    held = set(StaticToken.objects.values_list("token", flat=True))
    assert len(held) == 10
    assert not held & {code.replace("-", "") for code in codes}


def test_new_recovery_codes_take_the_place_of_the_old_ones(client, checker):
    second(client, app_code(checker))
    Authenticator.objects.update(last_t=-1)
    answer = client.post(reverse("recovery_codes"), {"code": app_code(checker)})
    new = re.findall(r"<code>(\S+)</code>", answer.content.decode())
    one, two = Client(), Client()
    sign_in(one), sign_in(two)

    second(one, checker.codes[0])
    second(two, new[0])

    assert len(new) == 10
    assert not is_in(one)
    RecoveryCodes.objects.update(throttling_failure_count=0)
    second(two, new[1])
    assert is_in(two)


def remove(client, user, **typed):
    place = reverse("admin:members_user_remove_second_factor", args=[user.pk])
    return client.post(place, typed)


@pytest.fixture
def administrator():
    """Wholly signed in, with an app of her own."""
    user = staff("chief", role="administrator")
    with_app(user)
    client = Client()
    sign_in(client, "chief")
    second(client, app_code(user))
    client.user = user
    return client


def test_an_administrator_takes_it_away_with_a_reason_and_it_is_written_down(
    client, checker, administrator
):
    second(client, app_code(checker))

    answer = remove(administrator, checker, reason="手机丢了")

    assert answer.status_code == 302
    event = AccountEvent.objects.get(kind="second_factor_removed")
    assert (event.user, event.by, event.reason) == (checker, administrator.user, "手机丢了")
    assert who(client) is None or client.get(reverse("home")).status_code == 302
    assert not Authenticator.objects.filter(user=checker).exists()
    assert second_factor.codes_left(checker) == 0
    sign_in(client)
    assert client.get(reverse("home")).url.startswith(reverse("second_factor"))


def test_not_without_a_reason(administrator, checker):
    assert remove(administrator, checker, reason=" ").status_code == 200
    assert Authenticator.objects.filter(user=checker).exists()


def test_nobody_takes_away_their_own(administrator):
    assert remove(administrator, administrator.user, reason="x").status_code == 403
    with pytest.raises(second_factor.NeedsAnotherPerson):
        second_factor.remove(administrator.user, by=administrator.user, at=AT, reason="x")


@pytest.mark.parametrize("role", ["clerk", "auditor"])
def test_nobody_else_takes_it_away(role, checker):
    stranger = staff("stranger", role=role)
    with_app(stranger)
    client = Client()
    sign_in(client, "stranger")
    second(client, app_code(stranger))

    assert remove(client, checker, reason="x").status_code in (302, 403)
    assert Authenticator.objects.filter(user=checker).exists()


def test_the_database_refuses_a_removal_without_reason_or_by_oneself():
    user, other = staff(), StaffFactory()
    for by, reason in ((other, ""), (user, "x"), (None, "x")):
        told = {"user": user, "kind": "second_factor_removed", "by": by, "reason": reason}
        wanted = "removal_has_a_reason_and_an_author"
        with pytest.raises(IntegrityError, match=wanted), transaction.atomic():
            AccountEvent.objects.create(**told)


@pytest.mark.parametrize(
    "change", ["UPDATE members_accountevent SET reason = 'x'", "DELETE FROM members_accountevent"]
)
def test_what_was_written_down_stays(change):
    second_factor.staff_accounts.write_down(staff(), "signed_out", by=None, at=AT)

    with pytest.raises(ProgrammingError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute(change)
