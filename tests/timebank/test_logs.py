"""Names, phones and codes are put wherever a person can put them; none may be in the logs."""

import io
import json
import logging
import subprocess
import sys

import pytest
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import path

from timebank import database, logs

NAME = "王秀英"
PINYIN = "wangxiuying"
PHONE = "13888880001"
SECRETS = (NAME, PINYIN, PHONE)


@pytest.fixture
def lines():
    """All that is logged, as the console would show it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonFormatter())
    logging.root.addHandler(handler)
    level = logging.root.level
    logging.root.setLevel(logging.DEBUG)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.root.removeHandler(handler)
    logging.root.setLevel(level)


def assert_nothing_personal(lines):
    text = json.dumps(lines, ensure_ascii=False)
    assert lines
    assert not [secret for secret in SECRETS if secret in text]


@pytest.mark.parametrize(
    "url",
    [
        f"/people/search/?q={NAME}",
        f"/{NAME}/{PINYIN}/",
        f"/sign-in/?next=/{PHONE}",
        f"/static/{PINYIN}.css",
    ],
)
def test_a_path_with_a_name_in_it_is_logged_by_its_route_only(db, client, lines, url):
    client.get(url)

    assert_nothing_personal(lines())


@pytest.mark.parametrize("page", ["/sign-in/", "/staff/sign-in/", "/language/", f"/{PINYIN}/"])
def test_what_is_posted_is_not_logged(db, client, lines, page):
    client.post(page, {"username": NAME, "password": PINYIN, "phone": PHONE, "language": NAME})

    assert_nothing_personal(lines())


def test_a_false_host_or_form_is_refused_without_being_logged(db, client, lines):
    client.get("/sign-in/", headers={"host": f"{PINYIN}.example"})
    client.get("/sign-in/", {PINYIN: PHONE}, headers={"x-forwarded-for": PHONE, "referer": PINYIN})

    assert_nothing_personal(lines())


@pytest.mark.urls("tests.timebank.test_logs")
def test_an_exception_is_logged_with_its_place_and_without_its_values(client, lines):
    client.raise_request_exception = False

    response = client.get("/broken/", {"q": NAME})

    assert response.status_code == 500
    line = next(line for line in lines() if "error" in line)
    assert line["error"] == "ValueError"
    assert line["cause"] == "KeyError"
    assert line["where"][-1].endswith(" broken")
    assert line["request"] == response["X-Request-Id"]
    assert_nothing_personal(lines())


def broken(request):
    logging.getLogger("members.search").warning("nobody is called %s", PINYIN)
    try:
        {}[PHONE]
    except KeyError as problem:
        raise ValueError(NAME) from problem


def server_error(request):
    return HttpResponse(status=500)


# These make this module a URL configuration, for the test above.
urlpatterns = [path("broken/", login_not_required(broken))]
handler500 = server_error


def test_a_database_error_is_logged_with_its_code_and_constraint_only(db, lines):
    try:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO members_area (id, code) VALUES (1, %s)", [PHONE])
    except Exception:
        logging.getLogger("services").exception("a row was refused")

    line = next(line for line in lines() if line["message"] == "a row was refused")
    assert (line["error"], line["cause"], line["sqlstate"]) == (
        "IntegrityError",
        "NotNullViolation",
        "23502",
    )
    assert_nothing_personal([line])


@pytest.mark.parametrize(
    ("logger", "text", "arguments", "logged"),
    [
        ("members", "found %s", [NAME], "found %s"),
        ("procrastinate.worker", f"Starting job read[7](name={NAME!r})", [], "Starting job read"),
        ("gunicorn.error", f"Invalid request line: 'GET /{PINYIN}'", [], "Invalid request line"),
        (
            "django.security",
            f"Invalid HTTP_HOST header: {PINYIN!r}",
            [],
            "Invalid HTTP_HOST header",
        ),
        ("gunicorn.error", ValueError(NAME), [], "ValueError"),
    ],
)
def test_texts_of_all_loggers_lose_their_values(lines, logger, text, arguments, logged):
    logging.getLogger(logger).error(text, *arguments)

    (line,) = lines()
    assert (line["logger"], line["message"]) == (logger, logged)


def test_fields_that_are_passed_on_purpose_are_kept(lines):
    logging.getLogger("services").info("a batch was posted", extra={"fields": {"rows": 20}})

    assert lines()[0]["rows"] == 20


@pytest.mark.parametrize("status", [200, 302, 404, 500])
def test_each_answer_carries_the_id_that_its_log_line_has(lines, status):
    answer = logs.RequestIdMiddleware(lambda request: HttpResponse(status=status))

    response = answer(RequestFactory().get(f"/{PINYIN}/"))

    (line,) = lines()
    assert line["request"] == response["X-Request-Id"]
    assert (line["method"], line["route"], line["status"]) == ("GET", "", status)


def test_an_id_that_a_browser_sends_is_not_taken(client, lines):
    answer = logs.RequestIdMiddleware(lambda request: HttpResponse())

    response = answer(RequestFactory().get("/", headers={"x-request-id": PINYIN}))

    assert response["X-Request-Id"] != PINYIN


def test_gunicorns_own_messages_have_our_form():
    script = (
        "from gunicorn.config import Config; from timebank.logs import GunicornLogger;"
        f"GunicornLogger(Config()).error('Error handling request %s', '/?q={PINYIN}')"
    )

    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=database.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(run.stderr)["message"] == "Error handling request %s"
    assert PINYIN not in run.stderr + run.stdout
