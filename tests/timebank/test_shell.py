"""What holds for every page: headers, who gets in, language, text size, errors."""

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLResolver, get_resolver, reverse

from tests.factories import MemberFactory, StaffFactory, UserFactory, VisitFactory

# Whatever is open to strangers stands here; all else asks for a sign-in.
PUBLIC = {
    "admin:login",
    "healthz",
    "readyz",
    "set_language",
    "sign_in",
    "sign_in_code",
    "sign_in_who",
    "staff_sign_in",
    "text_size",
    "verify",
    "verify_form",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; manifest-src 'self'"
)


@pytest.fixture
def clerk(client):
    user = StaffFactory(role="clerk", area=None)
    client.force_login(user)
    return user


def open_routes(resolver, namespace=""):
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{pattern.namespace}:" if pattern.namespace else namespace
            yield from open_routes(pattern, inner)
        elif not getattr(pattern.callback, "login_required", True):
            yield f"{namespace}{pattern.name}"


def test_the_public_pages_are_those_of_the_list():
    assert set(open_routes(get_resolver())) == PUBLIC


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/", "/sign-in/", "/nowhere/", "/admin/", "/healthz"])
def test_every_answer_carries_the_headers_of_safety(client, address):
    response = client.get(address)

    directives = set(response["Content-Security-Policy"].split("; "))
    assert directives == set(POLICY.split("; "))
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert len(response["X-Request-Id"]) == 12


@pytest.mark.django_db
def test_cookies_are_for_the_server_alone(client):
    client.get(reverse("sign_in"))
    client.post(reverse("text_size"), {"size": "large"})
    client.post(reverse("set_language"), {"language": "en"})

    for name in ("csrftoken", "text_size", settings.LANGUAGE_COOKIE_NAME):
        assert client.cookies[name]["httponly"], name
        assert client.cookies[name]["samesite"] == "Lax", name


@pytest.mark.django_db
def test_a_stranger_is_asked_to_sign_in(client):
    response = client.get(reverse("home"))

    assert response.status_code == 302
    assert response.url.startswith(reverse("sign_in"))


@pytest.mark.django_db
def test_a_member_comes_home_to_my_time(client):
    client.force_login(UserFactory(member=MemberFactory()))

    response = client.get(reverse("home"))

    assert response.status_code == 302
    assert response.url == reverse("my_time")


@pytest.mark.django_db
def test_an_account_without_a_role_sees_nothing(client):
    client.force_login(UserFactory())

    assert client.get(reverse("home")).status_code == 403


@pytest.mark.django_db
def test_the_first_page_counts_what_waits(client, clerk):
    before = client.get(reverse("home"))
    VisitFactory()
    after = client.get(reverse("home"))

    kinds = ("visits", "registers", "movements", "assessments", "kinships", "objections")
    assert before.context["pending"] == dict.fromkeys(kinds, 0)
    assert after.context["pending"] == dict.fromkeys(kinds, 0) | {"visits": 1}


@pytest.mark.django_db
def test_the_first_page_asks_as_much_for_three_visits_as_for_one(client, clerk):
    asked = []
    for _number in range(3):
        VisitFactory()
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("home"))
        asked.append(len(queries))

    assert asked[0] == asked[2] <= 12


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "offered"),
    [
        ("clerk", {"visit_log", "register_upload"}),
        ("administrator", {"visit_log", "register_upload", "admin:reports"}),
        ("auditor", {"admin:reports"}),
    ],
)
def test_the_first_page_offers_what_the_role_may_do(client, role, offered):
    client.force_login(StaffFactory(role=role))

    page = client.get(reverse("home")).content.decode()

    main = page[page.index("<main") :]
    tasks = {"visit_log", "register_upload", "admin:reports"}
    assert {name for name in tasks if f'href="{reverse(name)}"' in main} == offered


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_language_is_kept(client, language):
    client.post(reverse("set_language"), {"language": language, "next": "/sign-in/"})

    page = client.get(reverse("sign_in")).content.decode()

    assert f'<html lang="{language}"' in page


@pytest.mark.django_db
def test_chinese_is_what_a_page_speaks_unless_asked(client):
    assert '<html lang="zh-hans"' in client.get(reverse("sign_in")).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sent", "shown"), [("largest", "largest"), ("huge", "normal"), ("", "normal")]
)
def test_the_text_size_is_kept_when_it_is_one(client, sent, shown):
    client.post(reverse("text_size"), {"size": sent})

    page = client.get(reverse("sign_in")).content.decode()

    assert f'data-text-size="{shown}"' in page


def test_the_text_size_leads_back_but_not_elsewhere(client):
    back = client.post(reverse("text_size"), {"size": "large", "next": "/sign-in/?next=/"})
    away = client.post(reverse("text_size"), {"size": "large", "next": "https://example.org/"})

    word = client.post(reverse("text_size"), {"size": "large", "next": "nowhere"})

    assert back.url == "/sign-in/?next=/"
    assert away.url == word.url == reverse("home")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_an_unknown_address_is_explained_without_the_database(client, language):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language

    response = client.get("/nowhere/")

    page = response.content.decode()
    assert response.status_code == 404
    assert f'<html lang="{language}"' in page
    assert response["X-Request-Id"] in page


@pytest.mark.urls("tests.browser.error_urls")
@pytest.mark.parametrize("status", [400, 403, 500])
def test_errors_are_explained_without_the_database(client, status):
    client.raise_request_exception = False

    response = client.get(f"/{status}/")

    assert response.status_code == status
    assert response["X-Request-Id"] in response.content.decode()


def test_a_failed_check_of_the_form_gives_back_what_was_typed():
    client = Client(enforce_csrf_checks=True)
    typed = {"phone": ["138 0000 0001", "<b>"], "password": "secret"}

    response = client.post(reverse("sign_in"), typed, headers={"origin": "http://testserver"})

    page = response.content.decode()
    assert response.status_code == 403
    assert 'name="phone" value="138 0000 0001"' in page
    assert 'name="phone" value="&lt;b&gt;"' in page
    assert 'name="csrfmiddlewaretoken"' in page
    assert "secret" not in page


def test_a_form_from_another_site_is_not_offered_again():
    client = Client(enforce_csrf_checks=True)

    response = client.post(
        reverse("sign_in"), {"phone": "13800000001"}, headers={"origin": "https://example.org"}
    )

    assert response.status_code == 403
    assert "13800000001" not in response.content.decode()
