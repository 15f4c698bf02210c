"""A walk over every routed page, as each role, in both languages, as every reader may see it."""

from urllib.parse import urlsplit

import pytest
from django.test import Client

from tests.browser import routes, world
from tests.browser.looking import CORNERS, VIEWS, Eye, faults_of_html

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


# Nearly every page opens to the administrator: that walk has two halves, for two workers.
WALKS = [
    *(pytest.param(role, slice(None), id=role) for role in world.ROLES if role != "administrator"),
    *(
        pytest.param("administrator", slice(n, None, 2), id=f"administrator {n + 1}")
        for n in (0, 1)
    ),
]


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


def visit(eye, status):
    """Look at the page, its menu unfolded and its form sent empty where it has one to try.

    Its keeper sees it in all views, the others in two that have each width, scheme and size.
    """
    role, _language, page = eye.name.split(" ")
    views = VIEWS if role == (routes.keeper(page) or "administrator") else CORNERS
    eye.look(views)
    if page == "home":
        eye.unfold()
        eye.look(views)
    # Who may read a page and not change it is shown no form; its keeper always is.
    if status == 200 and page in routes.FORMS and (role == routes.keeper(page) or eye.has_form()):
        eye.send_empty()
        eye.look(views)


def is_likely_closed(page, role):
    """Most pages are to members and strangers, and the administration is to most of the staff."""
    if role == routes.keeper(page):
        return False
    if page.startswith("admin:"):
        return role not in ("administrator", "auditor")
    return role not in world.STAFF


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize(("role", "part"), WALKS)
def test_every_page_is_sound(role, part, language, here, live_server, context, tmp_path):
    pages = routes.pages()[part]
    addresses = {page: live_server.url + routes.address(page, here) for page in pages}
    enter(context, here.users.get(role), language, live_server)
    eye = Eye(context)
    refused = set()

    for page, url in addresses.items():
        name = f"{role} {language} {page}"
        if is_likely_closed(page, role):
            # To ask is faster than to load what they are shown, and no error in the console.
            status = context.request.get(url, max_redirects=0).status
            if status != 200 and status in refused | {302}:
                continue
        status = eye.open(url, name)
        if status >= 500 or (status != 200 and role == routes.keeper(page)):
            eye.faults.append(f"{name}: answered {status}")
        if status in refused:
            del eye.served[name]
        elif status != 302:
            refused |= {status} - {200}
            visit(eye, status)

    faults = eye.faults + faults_of_html(eye.served, tmp_path)
    assert not faults, "\n" + "\n".join(faults)


def test_every_route_is_a_page_of_the_walk_or_says_why_not(here):
    addresses = [urlsplit(routes.address(page, here)).path for page in routes.pages()]

    assert len(addresses) == len(routes.pages())
    assert set(routes.routes()) >= set(routes.ARGUMENTS)
