import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from members import codes, signing_in
from members.models import Device, Notice, SignInCode, User
from tests.factories import MemberFactory, UserFactory

PHONE = "13808712345"
AT = timezone.now()


@pytest.fixture
def send(delivered):
    """Have a code sent and read it off the console; None when nothing was delivered."""

    def send(phone=PHONE, *, address="10.0.0.1", at=AT, **more):
        signing_in.send_code(phone, address=address, at=at, **more)
        code = re.search(r"\b\d{6}\b", delivered(at))
        return code and code[0]

    return send


def at_once(work, times):
    """Run `work` on as many connections at one moment; the results, exceptions among them."""
    gate = Barrier(times)

    def run(_):
        try:
            gate.wait()
            return work()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def other(code):
    return f"{(int(code) + 1) % 10**6:06}"


@pytest.mark.django_db
def test_the_code_on_the_phone_opens_the_door(send):
    member = MemberFactory(phone=PHONE)

    code = send()

    assert signing_in.check_code(PHONE, code, at=AT) == [member]


@pytest.mark.django_db
def test_the_console_shows_the_code_and_hides_the_number(caplog, delivered):
    MemberFactory(phone=PHONE)

    with caplog.at_level("DEBUG"):
        signing_in.send_code(PHONE, address="10.0.0.1", at=AT)
        line = delivered(AT)

    assert re.match(r"SMS to 138\*\*\*\*2345: .*\b\d{6}\b", line)
    assert PHONE not in line
    assert not re.search(r"\b\d{6}\b", caplog.text)


@pytest.mark.django_db
def test_only_a_hash_of_the_code_is_kept(send):
    MemberFactory(phone=PHONE)

    code = send()

    assert code not in SignInCode.objects.get().code_hash


@pytest.mark.django_db
def test_people_who_share_a_phone_share_its_code(send):
    people = [MemberFactory(phone=PHONE, name=name) for name in ("李建国", "王秀英")]

    assert signing_in.check_code(PHONE, send(), at=AT) == people


@pytest.mark.django_db
def test_a_number_that_nobody_has_is_treated_alike_and_gets_no_message(send):
    assert send() is None

    stored = SignInCode.objects.get(phone=PHONE)
    assert (len(stored.phone), len(stored.code_hash)) == (16, 64)
    with pytest.raises(signing_in.WrongCode):
        signing_in.check_code(PHONE, "000000", at=AT)


@pytest.mark.django_db
def test_whoever_was_barred_gets_no_code(send):
    UserFactory(member=MemberFactory(phone=PHONE), is_active=False)

    assert send() is None


@pytest.mark.django_db
@pytest.mark.parametrize(("sent_for", "used_for"), [("", "a"), ("a", ""), ("a", "b")])
def test_a_code_opens_only_what_it_was_sent_for(send, sent_for, used_for):
    MemberFactory(phone=PHONE)
    code = send(purpose=sent_for)

    with pytest.raises(signing_in.WrongCode):
        signing_in.check_code(PHONE, code, at=AT, purpose=used_for)
    assert signing_in.check_code(PHONE, code, at=AT, purpose=sent_for)


@pytest.mark.django_db
def test_a_code_works_once(send):
    MemberFactory(phone=PHONE)
    code = send()
    signing_in.check_code(PHONE, code, at=AT)

    with pytest.raises(signing_in.CodeSpent):
        signing_in.check_code(PHONE, code, at=AT)


@pytest.mark.django_db
def test_a_code_lasts_fifteen_minutes(send):
    MemberFactory(phone=PHONE)
    code = send()

    with pytest.raises(signing_in.CodeSpent):
        signing_in.check_code(PHONE, code, at=AT + timedelta(minutes=15))
    assert signing_in.check_code(PHONE, code, at=AT + timedelta(minutes=14, seconds=59))


@pytest.mark.django_db
def test_only_the_code_sent_last_works(send):
    MemberFactory(phone=PHONE)
    first, second = send(), send(at=AT + timedelta(seconds=1))

    with pytest.raises(signing_in.WrongCode):
        signing_in.check_code(PHONE, first if first != second else other(second), at=AT)
    assert signing_in.check_code(PHONE, second, at=AT + timedelta(seconds=2))


@pytest.mark.django_db
def test_after_five_tries_the_right_code_comes_too_late(send):
    MemberFactory(phone=PHONE)
    code = send()
    for _ in range(5):
        with pytest.raises(signing_in.WrongCode):
            signing_in.check_code(PHONE, other(code), at=AT)

    with pytest.raises(signing_in.CodeSpent):
        signing_in.check_code(PHONE, code, at=AT)


@pytest.mark.django_db
def test_the_database_refuses_a_sixth_try():
    with pytest.raises(IntegrityError, match="members_signincode_is_tried_at_most_five_times"):
        SignInCode.objects.create(phone=PHONE, code_hash="x", tries=6)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("most", "span", "same"),
    [
        (3, timedelta(minutes=15), "phone"),
        (10, timedelta(days=1), "phone"),
        (30, timedelta(hours=1), "address"),
        (3000, timedelta(hours=1), "all"),
    ],
)
def test_codes_are_limited_by_phone_by_address_and_in_all(most, span, same):
    asked(most, span, same=same)

    def ask(at):
        signing_in.send_code(PHONE, address="10.0.0.1", at=at)

    with pytest.raises(signing_in.TooManyCodes):
        ask(AT + span - timedelta(seconds=1))
    ask(AT + span + timedelta(seconds=1))


def asked(count, span, same=""):
    """Codes that were asked for over the span, for one phone, from one address, or neither."""
    SignInCode.objects.bulk_create(
        SignInCode(
            phone=PHONE if same == "phone" else f"139{i:08}",
            address="10.0.0.1" if same == "address" else f"10.1.{i // 256}.{i % 256}",
            code_hash="x",
            sent_at=AT + span / count * i * 0.99,
        )
        for i in range(count)
    )


@pytest.mark.django_db
def test_when_many_have_asked_each_place_has_three_left():
    asked(500, timedelta(minutes=1))

    for number in range(3):
        signing_in.send_code(f"1370000000{number}", address="10.0.0.1", at=AT)

    with pytest.raises(signing_in.TooManyCodes):
        signing_in.send_code("13700000009", address="10.0.0.1", at=AT)
    signing_in.send_code("13700000009", address="10.0.0.2", at=AT)


@pytest.mark.django_db
def test_somebody_elsewhere_does_not_use_up_the_codes_of_whoever_was_here_before():
    user = UserFactory(member=MemberFactory(phone=PHONE))
    Device.objects.create(user=user, address="10.9.9.9", session="s", since=AT, last_seen=AT)
    for number in range(3):
        signing_in.send_code(PHONE, address=f"10.0.0.{number}", at=AT)

    with pytest.raises(signing_in.TooManyCodes):
        signing_in.send_code(PHONE, address="10.0.0.9", at=AT)
    signing_in.send_code(PHONE, address="10.9.9.9", at=AT)


@pytest.mark.django_db
def test_an_ipv6_network_is_one_place():
    asked(1, timedelta(minutes=1))
    for number in range(30):
        signing_in.send_code(f"139000000{number:02}", address=f"2001:db8::{number}", at=AT)

    with pytest.raises(signing_in.TooManyCodes):
        signing_in.send_code("13900000099", address="2001:db8::ffff:1", at=AT)
    signing_in.send_code("13900000099", address="2001:db8:0:1::1", at=AT)


@pytest.mark.django_db
def test_after_fifteen_wrong_codes_from_one_place_the_right_one_does_not_help(send):
    MemberFactory(phone=PHONE)
    code = send()
    for number in range(15):
        with pytest.raises(signing_in.WrongCode):
            signing_in.check_code(f"139000000{number:02}", "000000", at=AT, address="10.0.0.1")

    with pytest.raises(signing_in.TooManyTries):
        signing_in.check_code(PHONE, code, at=AT, address="10.0.0.1")
    later = AT + timedelta(hours=1, seconds=1)
    assert signing_in.check_code(PHONE, send(at=later), at=later, address="10.0.0.1")


@pytest.mark.django_db
def test_right_codes_from_one_place_are_not_limited(send):
    for number in range(20):
        phone = f"139000000{number:02}"
        MemberFactory(phone=phone)
        code = send(phone, address=f"10.0.1.{number}")

        assert signing_in.check_code(phone, code, at=AT, address="10.0.0.1")


@pytest.mark.django_db
def test_old_codes_are_forgotten_and_their_messages_are_not(send):
    MemberFactory(phone=PHONE)
    send(at=AT - timedelta(days=3))
    send()

    signing_in.forget_old(at=AT)

    assert SignInCode.objects.count() == 1
    assert Notice.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_many_tries_at_once_only_five_are_compared():
    SignInCode.objects.create(phone=PHONE, code_hash="x", sent_at=AT)

    results = at_once(lambda: signing_in.check_code(PHONE, "000000", at=AT), 8)

    assert sorted(type(r).__name__ for r in results) == ["CodeSpent"] * 3 + ["WrongCode"] * 5
    assert SignInCode.objects.get().tries == 5


@pytest.mark.django_db(transaction=True)
def test_of_many_who_enter_the_right_code_at_once_one_comes_in():
    member = MemberFactory(phone=PHONE)
    SignInCode.objects.create(phone=PHONE, code_hash=codes.hashed(PHONE, "123456", ""), sent_at=AT)

    results = at_once(lambda: signing_in.check_code(PHONE, "123456", at=AT), 4)

    assert results.count([member]) == 1
    assert sum(isinstance(r, signing_in.CodeSpent) for r in results) == 3


@pytest.mark.django_db(transaction=True)
def test_of_many_who_ask_at_once_three_get_a_code():
    results = at_once(lambda: signing_in.send_code(PHONE, address="10.0.0.1", at=AT), 6)

    assert sum(isinstance(r, signing_in.TooManyCodes) for r in results) == 3
    assert SignInCode.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_a_member_has_one_account_however_often_they_come():
    member = MemberFactory()

    users = {*at_once(lambda: signing_in.user_for(member), 4), signing_in.user_for(member)}

    user = User.objects.get()
    assert users == {user}
    assert (user.member, user.has_usable_password(), user.is_staff) == (member, False, False)


@pytest.mark.parametrize(("behind_proxy", "seen"), [(False, "127.0.0.1"), (True, "203.0.113.9")])
def test_an_address_is_what_our_own_proxy_has_seen(rf, settings, behind_proxy, seen):
    settings.BEHIND_TLS = behind_proxy
    request = rf.get("/", headers={"X-Forwarded-For": "10.9.9.9, 203.0.113.9"})

    assert signing_in.address_of(request) == seen


@pytest.mark.parametrize("written", ["", "unknown", "<b>"])
def test_what_is_no_address_is_none(rf, written):
    assert signing_in.address_of(rf.get("/", REMOTE_ADDR=written)) is None
