"""A walk over every routed page, as each role, in both languages, as every reader may see it."""

from urllib.parse import urlsplit

import pytest
from django.test import Client

from tests.browser import routes, world
from tests.browser.looking import CORNERS, VIEWS, Eye, faults_of_html

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def here(settings, tmp_path, transactional_db):
    settings.MEDIA_ROOT = tmp_path / "media"
    return world.build()


def enter(context, user, language, live_server):
    """Give the browser the cookies of somebody who has signed in and chosen a language."""
    cookies = {"django_language": language}
    client = Client()
    if user:
        client.force_login(user)
        if user.member_id:
            session = client.session
            session["my_hours"] = world.about_to_give()
            session.save()
    else:
        session = client.session
        session["sign_in"] = world.half_signed_in()
        session.save()
    cookies["sessionid"] = client.cookies["sessionid"].value
    context.add_cookies(
        [{"name": k, "value": v, "url": live_server.url} for k, v in cookies.items()]
    )


def visit(eye, url, name):
    """Look at a page, its menu unfolded and its form sent empty where it has one to try.

    Its keeper sees it in all views, the others in two that have each width, scheme and size.
    """
    role, _language, page = name.split(" ")
    views = VIEWS if role == (routes.keeper(page) or "administrator") else CORNERS
    status = eye.open(url, name)
    eye.look(views)
    if page == "home":
        eye.unfold()
        eye.look(views)
    # Who may read a page and not change it is shown no form; its keeper always is.
    if status == 200 and page in routes.FORMS and (role == routes.keeper(page) or eye.has_form()):
        eye.send_empty()
        eye.look(views)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("role", world.ROLES)
def test_every_page_is_sound(role, language, here, live_server, context, tmp_path):
    addresses = {page: live_server.url + routes.address(page, here) for page in routes.pages()}
    enter(context, here.users.get(role), language, live_server)
    eye = Eye(context)
    refused = set()

    for page, url in addresses.items():
        answer = context.request.get(url, max_redirects=0)
        is_html = answer.headers.get("content-type", "").startswith("text/html")
        if answer.status >= 500 or (answer.status != 200 and role == routes.keeper(page)):
            eye.faults.append(f"{role} {language} {page}: answered {answer.status}")
        if answer.status in (200, 403, 404, 500) and is_html and answer.status not in refused:
            refused |= {answer.status} - {200}
            visit(eye, url, f"{role} {language} {page}")

    faults = eye.faults + faults_of_html(eye.served, tmp_path)
    assert not faults, "\n" + "\n".join(faults)


def test_every_route_is_a_page_of_the_walk_or_says_why_not(here):
    addresses = [urlsplit(routes.address(page, here)).path for page in routes.pages()]

    assert len(addresses) == len(routes.pages())
    assert set(routes.routes()) >= set(routes.ARGUMENTS)
