"""Sign-in under attack, bounded and in this process: guessing codes, finding out who is a member.

The attacker is as strong as he can be: he asks for codes as often as he is let, from 50 addresses,
and the right code is the first that he tries once the limits ought to have stopped him.
"""

import re
import statistics
import time
from contextlib import suppress

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from members import codes, signing_in
from members.models import Device, Notice, SignInCode
from tests.factories import MemberFactory, UserFactory

pytestmark = pytest.mark.django_db
AT = timezone.now()


def guess(phones, addresses, guesses):
    """Guess in turn over phones and addresses; how many were compared, refused, and who got in.

    Guesses are wrong by construction until he ought to be stopped, and right from then on, so that
    luck decides nothing.
    """
    compared = refused = 0
    passed = []
    for number in range(guesses):
        phone, address = phones[number % len(phones)], addresses[number % len(addresses)]
        newest = SignInCode.objects.filter(phone=phone).order_by("-pk").first()
        if newest is None or newest.tries >= signing_in.TRIES:
            with suppress(signing_in.TooManyCodes):
                signing_in.send_code(phone, address=address, at=AT)
            newest = SignInCode.objects.filter(phone=phone).order_by("-pk").first()
        right = codes.digits(newest.key) if newest else "000000"
        is_stopped = compared >= len(addresses) * signing_in.WRONG_PER_NETWORK[0]
        typed = right if is_stopped else f"{(int(right) + 1) % 10**6:06}"
        try:
            passed += signing_in.check_code(phone, typed, at=AT, address=address)
        except (signing_in.TooManyTries, signing_in.CodeSpent):
            refused += 1
        except signing_in.WrongCode:
            compared += 1
    return compared, refused, passed


def attack(phones, addresses, guesses):
    numbers = [f"138{n:08}" for n in range(phones)]
    for number in numbers[: phones // 2]:
        MemberFactory(phone=number)
    places = [f"203.0.113.{n}" for n in range(addresses)]
    return guess(numbers, places, guesses)


def test_guesses_over_many_phones_and_addresses_never_pass():
    compared, refused, passed = attack(phones=12, addresses=4, guesses=400)

    assert passed == []
    assert compared <= 4 * signing_in.WRONG_PER_NETWORK[0]
    assert compared + refused == 400


@pytest.mark.slow
def test_ten_thousand_guesses_over_200_phones_and_50_addresses_never_pass():
    compared, refused, passed = attack(phones=200, addresses=50, guesses=10_000)

    assert passed == []
    assert compared <= 50 * signing_in.WRONG_PER_NETWORK[0]  # of a million codes: 1 in 1,300
    assert compared + refused == 10_000


def test_one_phone_is_guessed_at_fifteen_times_in_a_quarter_of_an_hour_from_anywhere():
    MemberFactory(phone="13808712345")
    compared = 0
    for number in range(200):
        with suppress(signing_in.TooManyCodes):
            signing_in.send_code("13808712345", address=f"203.0.113.{number}", at=AT)
        try:
            signing_in.check_code("13808712345", "x", at=AT, address=f"203.0.113.{number}")
        except signing_in.CodeSpent:
            pass
        except signing_in.WrongCode:
            compared += 1

    assert compared <= 15


def test_the_attack_locks_nobody_else_out(delivered):
    """500 codes from 50 addresses, then somebody of the community comes from home."""
    for number in range(500):
        signing_in.send_code(f"137{number:08}", address=f"203.0.113.{number % 50}", at=AT)
    with pytest.raises(signing_in.TooManyCodes):
        signing_in.send_code("13700009999", address="203.0.113.1", at=AT)
    member = MemberFactory(phone="13808712345")

    signing_in.send_code("13808712345", address="198.51.100.7", at=AT)
    code = re.findall(r"\b\d{6}\b", delivered(AT))[-1]

    assert signing_in.check_code("13808712345", code, at=AT, address="198.51.100.7") == [member]


def test_who_is_signed_in_stays_in_whatever_is_guessed(client):
    user = UserFactory(member=MemberFactory(phone="13808712345"))
    client.force_login(user)
    guess(["13808712345"], ["203.0.113.1"], 60)

    assert client.get(reverse("my_time")).status_code == 200


def ask(phone, client=None):
    """The whole way of one number: asked for, the page of the code, a wrong code, once more."""
    client = client or Client(REMOTE_ADDR="203.0.113.1")
    answers = [
        client.post(reverse("sign_in"), {"phone": phone}),
        client.get(reverse("sign_in_code")),
        client.post(reverse("sign_in_code"), {"code": "000000"}),
        client.post(reverse("sign_in_code"), {"code": "12"}),
    ]
    return client, answers


def seen(phone):
    """All that an answer shows, without what is random in each."""
    client, answers = ask(phone)
    text = []
    for answer in answers:
        headers = {k: v for k, v in answer.headers.items() if k not in ("X-Request-Id", "Expires")}
        body = answer.content.decode().replace(phone, "N").replace(phone[-4:], "E")
        body = re.sub(r'(csrfmiddlewaretoken" value=)"\w+"', r"\1", body)
        text.append((answer.status_code, headers, len(answer.content), body))
    cookies = {name: len(cookie.value) for name, cookie in client.cookies.items()}
    return text, cookies


def queries(phone):
    """The statements of the whole way, with the values taken out."""
    with CaptureQueriesContext(connection) as asked:
        ask(phone)
    return [re.sub(r"'[^']*'|\"s\d+_x\d+\"|\b\d+\b", "?", query["sql"]) for query in asked]


def test_a_number_shows_in_nothing_whether_a_member_has_it():
    MemberFactory(phone="13811110001")

    known, unknown = seen("13811110001"), seen("13811110002")

    assert known == unknown


def test_a_number_of_several_and_a_barred_one_show_it_as_little():
    MemberFactory(phone="13811110001"), MemberFactory(phone="13811110001")
    UserFactory(member=MemberFactory(phone="13811110002"), is_active=False)
    with_device = UserFactory(member=MemberFactory(phone="13811110003"))
    Device.objects.create(user=with_device, session="s", address="198.51.100.1")

    answers = [seen(f"1381111000{n}") for n in (1, 2, 3, 4)]

    assert answers == [answers[0]] * 4


def test_the_database_is_asked_the_same_for_every_number():
    MemberFactory(phone="13811110001")

    known, unknown = queries("13811110001"), queries("13811110002")

    assert known == unknown
    assert len(known) > 10


def test_what_the_worker_gets_is_the_same_for_every_number():
    MemberFactory(phone="13811110001")
    ask("13811110001"), ask("13811110002")

    known, unknown = Notice.objects.order_by("pk").values("template", "state", "member", "tries")

    assert known == unknown


def test_refusals_are_alike_too():
    MemberFactory(phone="13811110001")
    answers = []
    for phone in ("13811110001", "13811110002"):
        for _ in range(4):
            _client, (answer, *_rest) = ask(phone, Client(REMOTE_ADDR="203.0.113.2"))
        answers.append((answer.status_code, str(answer.context["form"].errors)))

    assert answers[0] == answers[1]
    assert answers[0][0] == 200


@pytest.mark.slow
def test_a_number_shows_in_no_time_whether_a_member_has_it():
    """Medians over interleaved requests: their difference is lost in the spread of each."""
    took = {True: [], False: []}
    for number in range(150):
        for is_known in (True, False):
            phone = f"138{number:07}{int(is_known)}"
            if is_known:
                MemberFactory(phone=phone)
            client = Client(REMOTE_ADDR=f"10.0.{number // 20}.{int(is_known)}")
            began = time.perf_counter()
            client.post(reverse("sign_in"), {"phone": phone})
            took[is_known].append(time.perf_counter() - began)

    known, unknown = (statistics.median(times) for times in took.values())
    spread = statistics.quantiles(took[True] + took[False], n=4)
    assert abs(known - unknown) < max(spread[2] - spread[0], 0.1 * known)
