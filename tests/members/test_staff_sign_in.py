import datetime
import json
import logging

import pytest
from axes.models import AccessAttempt
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from members import lockout, tasks
from members.models import Device
from tests.factories import MemberFactory, UserFactory
from tests.members.staff import PASSWORD, sign_in, staff, who
from tests.members.test_signing_in import at_once
from tests.timebank.test_logs import lines  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.real_sign_in]


def at(address, **defaults):
    client = Client(**defaults)
    client.address = address
    return client


def test_staff_come_in_with_a_password_for_half_a_day(client):
    user = staff()

    assert sign_in(client).url == reverse("home")
    assert who(client) == str(user.pk)
    session = client.session
    session["since"] -= 12 * 60 * 60
    session.save()
    assert client.get(reverse("home")).url.startswith(reverse("staff_sign_in"))


@pytest.mark.parametrize(
    ("goal", "reached"),
    [
        ("/visits/log/", "/visits/log/"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("", "/"),
    ],
)
def test_staff_come_to_the_page_they_wanted_on_this_site_only(client, goal, reached):
    staff()

    assert sign_in(client, next=goal).url == reached


def refusals(client):
    """Every way not to get in, with what the page then says."""
    staff()
    member = UserFactory(username="m1", member=MemberFactory())
    stranger = UserFactory(username="stranger")
    barred = staff("barred", is_active=False)
    for user in (member, stranger, barred):
        user.set_password(PASSWORD)
        user.save()
    yield sign_in(client, password="wrong")
    for account in ("nobody", "m1", "stranger", "barred"):
        yield sign_in(client, account)
    for _ in range(4):
        sign_in(client, password="wrong")
    yield sign_in(client)  # locked, the password is right


def test_every_failure_is_answered_in_the_same_words(client):
    answers = list(refusals(client))

    assert len(answers) == 6
    said = {(a.status_code, str(a.context["form"].errors)) for a in answers}
    assert len(said) == 1
    assert "five wrong" in said.pop()[1] or "15" in str(answers[0].context["form"].errors)
    assert who(client) is None


def test_an_account_without_a_role_is_counted_as_a_wrong_password(client):
    stranger = UserFactory(username="stranger")
    stranger.set_password(PASSWORD)
    stranger.save()

    sign_in(client, "stranger")

    assert AccessAttempt.objects.get().failures_since_start == 1


def test_the_account_rests_after_five_wrong_passwords_for_fifteen_minutes(client):
    staff()
    for _ in range(5):
        sign_in(client, password="wrong")

    sign_in(client)
    assert who(client) is None

    AccessAttempt.objects.update(attempt_time=timezone.now() - datetime.timedelta(minutes=15))
    sign_in(client)
    assert who(client)


def test_trying_on_does_not_prolong_the_rest(client):
    staff()
    for _ in range(5):
        sign_in(client, password="wrong")
    locked_at = AccessAttempt.objects.get().attempt_time

    sign_in(client, password="wrong")

    attempt = AccessAttempt.objects.get()
    assert (attempt.attempt_time, attempt.failures_since_start) == (locked_at, 5)


@pytest.mark.parametrize("written", ["LIN", "Lin", "lIn"])
def test_an_account_is_one_however_it_is_written(client, written):
    staff()
    for _ in range(5):
        sign_in(client, written, "wrong")

    sign_in(client)

    assert who(client) is None


def test_a_right_password_starts_the_count_anew(client):
    staff()
    for _ in range(4):
        sign_in(client, password="wrong")
    sign_in(client)
    client.post(reverse("sign_out"))

    for _ in range(4):
        sign_in(client, password="wrong")

    assert sign_in(client).status_code == 302


def test_one_clerk_s_wrong_passwords_lock_nobody_else_in_the_office():
    staff(), staff("zhao")
    for _ in range(9):
        sign_in(at("10.0.0.1"), password="wrong")
    colleague = at("10.0.0.1")

    sign_in(colleague, "zhao")

    assert who(colleague)


def test_an_attacker_elsewhere_does_not_lock_a_clerk_out_of_the_office():
    staff()
    office = at("10.0.0.1")
    sign_in(office)
    office.post(reverse("sign_out"))
    for number in range(30):
        sign_in(at(f"203.0.113.{number}"), password="wrong")
    elsewhere = at("203.0.113.99")

    sign_in(office)
    sign_in(elsewhere)

    assert who(office)
    assert who(elsewhere) is None, "the account as a whole had been tried 20 times"


def test_whoever_tries_many_accounts_in_an_office_locks_out_newcomers_only():
    staff(), staff("new")
    office = at("10.0.0.1")
    sign_in(office)
    office.post(reverse("sign_out"))
    for number in range(lockout.OF_ADDRESS):
        sign_in(at("10.0.0.1"), f"guess{number}", "wrong")
    newcomer = at("10.0.0.1")

    sign_in(office)
    sign_in(newcomer, "new")

    assert who(office)
    assert who(newcomer) is None
    elsewhere = at("10.0.0.2")
    sign_in(elsewhere, "new")
    assert who(elsewhere)


def test_a_place_is_home_for_thirty_days():
    staff()
    office = at("10.0.0.1")
    sign_in(office)
    long_ago = timezone.now() - datetime.timedelta(days=31)
    Device.objects.update(since=long_ago, last_seen=long_ago)
    for number in range(lockout.OF_ACCOUNT):
        sign_in(at(f"203.0.113.{number}"), password="wrong")
    again = at("10.0.0.1")

    sign_in(again)

    assert who(again) is None


def test_the_address_is_what_the_proxy_has_seen(settings):
    settings.BEHIND_TLS = True
    settings.SECURE_SSL_REDIRECT = False
    staff()
    client = Client(headers={"X-Forwarded-For": "10.9.9.9, 203.0.113.9"})

    sign_in(client, password="wrong")

    assert AccessAttempt.objects.get().ip_address == "203.0.113.9"


@pytest.mark.django_db(transaction=True)
def test_of_many_passwords_at_once_five_are_looked_at():
    staff()

    at_once(lambda: sign_in(Client(), password="wrong"), 8)

    assert AccessAttempt.objects.get().failures_since_start == 5


def test_the_logs_say_that_a_password_was_wrong_and_not_whose(client, lines):  # noqa: F811
    staff("wangxiuying")
    logging.getLogger("axes").setLevel("DEBUG")
    for _ in range(6):
        sign_in(at("203.0.113.77"), "wangxiuying", "13888880001")
    sign_in(at("203.0.113.78"), "wangxiuying")
    logging.getLogger("axes").setLevel("WARNING")

    text = json.dumps(lines())
    assert "login failure" in text
    for secret in ("wangxiuying", "13888880001", "203.0.113"):
        assert secret not in text


def test_what_was_typed_is_not_kept_with_the_count(client):
    staff()
    sign_in(client, password="13888880001", next="/people/search/?q=wangxiuying")

    attempt = AccessAttempt.objects.get()
    assert "13888880001" not in attempt.post_data
    assert "wangxiuying" not in attempt.post_data


def test_old_counts_are_forgotten_every_night(client):
    staff()
    sign_in(client, password="wrong")
    AccessAttempt.objects.update(attempt_time=timezone.now() - datetime.timedelta(days=3))

    tasks.forget(0)

    assert not AccessAttempt.objects.exists()


def test_a_page_for_staff_leads_to_the_sign_in_and_back(client):
    staff()
    page = client.get(f"{reverse('sign_in')}?next=/visits/log/").content.decode()

    assert f"{reverse('staff_sign_in')}?next=/visits/log/" in page
