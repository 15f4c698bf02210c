import datetime
import hashlib
import hmac
import json
import re
import threading
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from members import codes, delivery, messages, notices, signing_in, tasks
from members.models import Notice, SignInCode
from tests.factories import MemberFactory, StaffFactory, community
from tests.members.test_signing_in import at_once

pytestmark = pytest.mark.django_db
PHONE = "13808712345"
DAY = timezone.make_aware(datetime.datetime(2026, 11, 26, 12))
NIGHT = timezone.make_aware(datetime.datetime(2026, 11, 26, 23))
SECRET = "a secret between the two"


class Provider(HTTPServer):
    """A provider on this machine that answers what the test says, and keeps what it was sent."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.status, self.received, self.headers_to_add = 200, [], {}


class Answer(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((dict(self.headers), body))
        self.send_response(self.server.status)
        for name, value in self.server.headers_to_add.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *args):
        pass


@pytest.fixture
def provider(settings):
    with Provider() as provider:
        settings.MESSAGE_URL = f"http://127.0.0.1:{provider.server_port}/send"
        settings.MESSAGE_SECRET = SECRET
        thread = threading.Thread(target=provider.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield provider
        provider.shutdown()


@pytest.fixture
def member():
    return MemberFactory(phone=PHONE)


def code_notice(at=DAY):
    signing_in.send_code(PHONE, address="10.0.0.1", at=at)
    return Notice.objects.order_by("-pk")[0]


def job_of(notice):
    return ProcrastinateJob.objects.filter(
        task_name="members.tasks.deliver", args={"notice": notice.pk}
    ).order_by("-id")[0]


def test_a_message_and_its_job_are_made_together(member):
    notice = notices.send(member, "new_device", at=DAY)

    assert job_of(notice).status == "todo"


@pytest.mark.django_db(transaction=True)
def test_without_the_one_there_is_not_the_other(member):
    with pytest.raises(ZeroDivisionError), transaction.atomic():  # noqa: PT012
        notices.send(member, "new_device", at=DAY)
        _ = 1 / 0

    assert not Notice.objects.exists()
    assert not ProcrastinateJob.objects.filter(task_name="members.tasks.deliver").exists()


def test_a_code_is_written_nowhere(member):
    notice = code_notice()
    digits = codes.digits(notice.code.key)

    row = {**Notice.objects.values().get(), **SignInCode.objects.values().get()}
    assert digits not in json.dumps(row | job_of(notice).args, default=str)
    assert PHONE not in json.dumps(Notice.objects.values().get(), default=str)


def test_another_secret_gives_another_code(member, settings):
    key = code_notice().code.key
    one = codes.digits(key)

    settings.SECRET_KEY = "another one"

    assert codes.digits(key) != one


def test_codes_are_even():
    drawn = [codes.digits(uuid.uuid4()) for _ in range(3000)]

    assert all(re.fullmatch(r"\d{6}", code) for code in drawn)
    assert len(set(drawn)) > 2950
    assert 200 < sum(code.startswith("0") for code in drawn) < 400


def test_the_provider_gets_template_and_variables_signed(member, provider):
    notice = code_notice()

    notices.deliver(notice.pk, at=DAY)

    ((headers, body),) = provider.received
    told = json.loads(body)
    assert told["id"] == headers["Idempotency-Key"] == str(notice.key)
    assert (told["template"], told["to"]) == ("sign_in_code", PHONE)
    assert told["variables"]["code"] == codes.digits(notice.code.key)
    stamp = headers["X-Timebank-Timestamp"]
    expected = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["X-Timebank-Signature"] == f"v1={expected}"
    notice.refresh_from_db()
    assert (notice.state, notice.tries, notice.member) == ("sent", 1, member)
    assert notice.phone_end == "138****2345"


@pytest.mark.parametrize(
    ("status", "state", "error"),
    [(409, "sent", ""), (400, "failed", "refused"), (403, "failed", "refused")],
)
def test_what_the_provider_says_for_good_is_kept(member, provider, status, state, error):
    provider.status = status
    notice = code_notice()

    notices.deliver(notice.pk, at=DAY)

    notice.refresh_from_db()
    assert (notice.state, notice.error, notice.ended_at) == (state, error, DAY)


@pytest.mark.parametrize(("status", "error"), [(429, "busy"), (500, "busy"), (503, "busy")])
def test_what_may_pass_is_tried_again_with_the_same_id(member, provider, status, error):
    provider.status = status
    notice = code_notice()

    with pytest.raises(notices.TryAgain):
        notices.deliver(notice.pk, at=DAY)
    notice.refresh_from_db()
    assert (notice.state, notice.error, notice.tries) == ("waiting", error, 1)
    provider.status = 200
    notices.deliver(notice.pk, at=DAY + datetime.timedelta(seconds=4))

    notice.refresh_from_db()
    assert (notice.state, notice.error, notice.tries) == ("sent", "", 2)
    assert len({headers["Idempotency-Key"] for headers, _ in provider.received}) == 1


def test_a_redirect_is_not_followed(member, provider):
    provider.status, provider.headers_to_add = 302, {"Location": "/elsewhere"}
    notice = code_notice()

    notices.deliver(notice.pk, at=DAY)

    assert len(provider.received) == 1
    notice.refresh_from_db()
    assert notice.state == "failed"


def test_nobody_there_is_tried_again(member, settings):
    settings.MESSAGE_URL = "http://127.0.0.1:9/"
    notice = code_notice()

    with pytest.raises(notices.TryAgain):
        notices.deliver(notice.pk, at=DAY)

    notice.refresh_from_db()
    assert (notice.state, notice.error) == ("waiting", "unreachable")


def test_after_seven_tries_it_is_given_up(member, settings):
    settings.MESSAGE_URL = "http://127.0.0.1:9/"
    notice = notices.send(member, "new_device", at=DAY)
    for _ in range(6):
        with pytest.raises(notices.TryAgain):
            notices.deliver(notice.pk, at=DAY)

    notices.deliver(notice.pk, at=DAY)

    notice.refresh_from_db()
    assert (notice.state, notice.error, notice.tries) == ("given_up", "unreachable", 7)


def test_the_worker_waits_longer_each_time():
    waits = [
        tasks.LATER.exponential_wait ** (attempt + 1) for attempt in range(tasks.LATER.max_attempts)
    ]

    assert tasks.deliver.retry_strategy is tasks.LATER
    assert waits[:3] == [4, 16, 64]
    assert len(waits) > notices.TRIES


def test_a_code_that_has_become_too_old_is_not_sent(member, delivered):
    notice = code_notice()

    assert delivered(DAY + datetime.timedelta(minutes=15)) == ""

    notice.refresh_from_db()
    assert (notice.state, notice.error) == ("given_up", "too_late")


def test_to_a_number_that_nobody_has_nothing_is_sent(provider):
    notice = code_notice()

    notices.deliver(notice.pk, at=DAY)

    notice.refresh_from_db()
    assert (notice.state, provider.received) == ("withheld", [])


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_with_one_message_one_sends(member, provider):
    notice = notices.send(member, "new_device", at=DAY)

    results = at_once(lambda: notices.deliver(notice.pk, at=DAY), 4)

    assert len(provider.received) == 1
    assert all(result is None or isinstance(result, notices.TryAgain) for result in results)


def test_after_a_crash_in_the_middle_it_is_sent_again(member, provider):
    notice = notices.send(member, "new_device", at=DAY)
    Notice.objects.update(tries=1, busy_until=DAY + notices.CLAIMED_FOR)

    with pytest.raises(notices.TryAgain):
        notices.deliver(notice.pk, at=DAY)
    notices.deliver(notice.pk, at=DAY + notices.CLAIMED_FOR + datetime.timedelta(seconds=1))

    assert len(provider.received) == 1


def test_in_quiet_hours_a_message_waits_until_morning(member, delivered):
    notice = notices.send(member, "new_device", at=NIGHT)

    assert delivered(NIGHT) == ""

    notice.refresh_from_db()
    assert (notice.state, notice.tries) == ("waiting", 0)
    assert timezone.localtime(job_of(notice).scheduled_at).isoformat()[:16] == "2026-11-27T08:00"
    assert "138****2345" in delivered(NIGHT + datetime.timedelta(hours=9))


def test_a_code_is_sent_at_any_hour(member, delivered):
    code_notice(NIGHT)

    assert re.search(r"\d{6}", delivered(NIGHT))


@pytest.mark.parametrize(
    ("hours", "hour", "until"),
    [
        ([21, 8], 20, None),
        ([21, 8], 21, 8),
        ([21, 8], 7, 8),
        ([21, 8], 8, None),
        ([0, 6], 5, 6),
        ([0, 6], 6, None),
        ([0, 0], 3, None),
    ],
)
def test_the_hours_of_quiet_are_a_setting(settings, hours, hour, until):
    settings.QUIET_HOURS = hours
    at = timezone.make_aware(datetime.datetime(2026, 11, 26, hour, 30))

    later = timezone.localtime(notices._after_quiet_hours(at))

    assert later == at if until is None else (later.hour == until and later > at)


def test_no_message_has_a_link_in_it(member):
    assert all("://" not in str(words) for words in messages.WORDS.values())
    with pytest.raises(ValueError, match="no links"):
        notices.send(member, "new_device", at=DAY, variables={"x": "https://evil.example"})


def test_every_message_has_a_title():
    assert set(messages.TITLES) == set(messages.WORDS)


@pytest.mark.parametrize(
    ("wanted", "fields"),
    [
        ("waits_or_has_ended", {"state": "sent"}),
        ("waits_or_has_ended", {"ended_at": DAY}),
        ("failure_says_why", {"state": "failed", "ended_at": DAY}),
        ("with_a_code_has_no_variables", {"variables": {"code": "123456"}}),
        ("is_set_aside_by_somebody", {"set_aside_at": DAY}),
    ],
)
def test_the_database_refuses_a_message_that_cannot_be(member, wanted, fields):
    notice = code_notice()

    with pytest.raises(IntegrityError, match=f"members_notice_{wanted}"):
        Notice.objects.filter(pk=notice.pk).update(**fields)


@pytest.fixture
def failed(member):
    notice = notices.send(member, "new_device", at=DAY)
    Notice.objects.update(state="failed", error="refused", ended_at=DAY)
    return notice


def as_staff(client, role="clerk", area=None):
    client.force_login(StaffFactory(role=role, area=area))
    client.cookies["django_language"] = "en"
    return client


def test_failures_are_counted_and_listed_with_their_reason(client, failed, member):
    as_staff(client)

    home = client.get(reverse("home")).content.decode()
    page = client.get(reverse("notice_list")).content.decode()

    assert "message did not reach a phone" in home
    assert member.name in page
    assert PHONE not in page
    assert "the provider refused the message" in page


def test_staff_send_again_with_the_same_id(client, failed, delivered):
    as_staff(client).post(reverse("notice_again", args=[failed.key]))

    assert "138****2345" in delivered(DAY)
    failed.refresh_from_db()
    assert (failed.state, failed.tries) == ("sent", 1)


def test_a_second_press_sends_nothing_more(client, failed):
    as_staff(client)
    for _ in range(2):
        client.post(reverse("notice_again", args=[failed.key]))

    jobs = ProcrastinateJob.objects.filter(args={"notice": failed.pk})
    assert jobs.count() == 2  # the first one, and one again


def test_an_old_code_is_not_sent_again(client, member):
    notice = code_notice(timezone.now() - datetime.timedelta(hours=1))
    notices.deliver(notice.pk, at=timezone.now())
    as_staff(client)

    page = client.get(reverse("notice_list")).content.decode()
    client.post(reverse("notice_again", args=[notice.key]))

    assert reverse("notice_again", args=[notice.key]) not in page
    notice.refresh_from_db()
    assert notice.state == "given_up"


def test_what_is_taken_care_of_leaves_the_list(client, failed):
    as_staff(client).post(reverse("notice_set_aside", args=[failed.key]))

    assert failed.member.name not in client.get(reverse("notice_list")).content.decode()
    failed.refresh_from_db()
    assert failed.set_aside_by_id


@pytest.mark.parametrize("act", ["notice_again", "notice_set_aside"])
@pytest.mark.parametrize(
    ("role", "code", "answer"),
    [("clerk", "530111001002", 404), ("auditor", "530111001001", 403)],
)
def test_neither_a_stranger_nor_an_auditor_acts(client, failed, act, role, code, answer):
    as_staff(client, role, community(code))

    assert client.post(reverse(act, args=[failed.key])).status_code == answer
    failed.refresh_from_db()
    assert (failed.state, failed.set_aside_at) == ("failed", None)


def test_other_areas_do_not_see_it(client, failed):
    as_staff(client, area=community("530111001002"))

    assert failed.member.name not in client.get(reverse("notice_list")).content.decode()


def test_the_list_asks_as_often_for_three(client, member):
    as_staff(client)
    counts = []
    for _ in range(2):
        for _ in range(2):
            notices.send(member, "new_device", at=DAY)
        Notice.objects.update(state="failed", error="refused", ended_at=DAY)
        with CaptureQueriesContext(connection) as asked:
            client.get(reverse("notice_list"))
        counts.append(len(asked))

    assert counts[0] == counts[1]


def test_every_night_what_is_old_goes(member):
    old = code_notice(DAY - datetime.timedelta(days=3))
    Notice.objects.filter(pk=old.pk).update(state="withheld", ended_at=DAY)
    notices.send(member, "new_device", at=DAY - datetime.timedelta(days=366))
    kept = notices.send(member, "new_device", at=DAY - datetime.timedelta(days=3))

    notices.forget_old(at=DAY)

    assert list(Notice.objects.all()) == [kept]


def test_a_new_phone_is_told_to_a_member_who_is_signed_in_elsewhere(member, client, delivered):
    for number, browser in enumerate((client, Client())):
        browser.post(reverse("sign_in"), {"phone": PHONE})
        code = re.search(r"\d{6}", delivered())[0]
        browser.post(reverse("sign_in_code"), {"code": code})
        assert Notice.objects.filter(template="new_device").count() == number


def test_delivery_on_the_console_masks_the_number(capsys):
    delivery.on_console(
        delivery.Letter("id", PHONE, "sign_in_code", {"code": "123456", "programme": "x"}, "en")
    )

    assert capsys.readouterr().out.startswith("SMS to 138****2345: 123456 is your code")
