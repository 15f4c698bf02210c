"""Every form of every page, sent with what mistakes and mischief put into its fields.

Forms are found on the pages that the browser walk visits, as the reader for whom each must open; so
a new page's forms are tried because it is routed.
"""

import html.parser
import itertools
from urllib.parse import urljoin, urlsplit

import pytest
from django.db import transaction
from django.test import Client

from ledger.models import Transfer
from ledger.verification import verify
from tests.browser import routes, world

NASTY = {
    "long": "王" * 300,
    "formula": '=HYPERLINK("http://x")',
    "sql": "'; DROP TABLE members_member; --",
    "html": "<script>alert(1)</script>",
    "emoji": "🙂" * 20,
    "right to left": "\u202eabc\u2066\u200f",
    "below nought": "-5",
    "nought": "0",
    "too much": "99999999999999999999",
    "an old day": "1900-01-01",
    "no day": "2026-02-30",
    "a template": "{{ settings.SECRET_KEY }} %(value)s",
    "a null": "a\0b",
    "blank": " \u3000 ",
}
LEADS_OUT = {"/sign-out/", "/admin/logout/"}


class Forms(html.parser.HTMLParser):
    """The forms of a page that are posted: where to, and their fields as the page fills them."""

    def __init__(self):
        super().__init__()
        self.found = []
        self.inside = None

    def handle_starttag(self, tag, attrs):
        has = dict(attrs)
        if tag == "form" and has.get("method", "").lower() == "post":
            self.inside = {"action": has.get("action") or "", "fields": {}}
            self.found.append(self.inside)
        elif self.inside is not None and tag in ("input", "select", "textarea", "button"):
            name = has.get("name")
            if name and name != "csrfmiddlewaretoken" and has.get("type") != "file":
                self.inside["fields"].setdefault(name, has.get("value") or "")

    def handle_endtag(self, tag):
        if tag == "form":
            self.inside = None


@pytest.fixture
def here(db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    return world.build()


def reader(here, role):
    client = Client(raise_request_exception=False)
    if user := here.users.get(role):
        client.force_login(user)
    session = client.session
    session["my_hours"] = world.about_to_give()
    session["sign_in"] = world.half_signed_in()
    session.save()
    return client


def forms(here):
    """Each form once: (page, client, where it is posted to, its fields)."""
    clients, seen = {}, set()
    for page in routes.pages():
        role = routes.keeper(page) or "administrator"
        client = clients.setdefault(role, reader(here, role))
        url = routes.address(page, here)
        answer = client.get(url)
        if answer.status_code != 200 or "text/html" not in answer.headers["content-type"]:
            continue
        parser = Forms()
        parser.feed(answer.content.decode())
        for form in parser.found:
            target = urljoin(url, form["action"])
            mark = (urlsplit(target).path, tuple(form["fields"]))
            if mark not in seen and urlsplit(target).path not in LEADS_OUT and form["fields"]:
                seen.add(mark)
                yield page, client, target, form["fields"]


def send(client, target, fields):
    """Post, and take all of it back afterwards; what it answered, and whether hours moved."""
    before = Transfer.objects.count()
    with transaction.atomic():
        answer = client.post(target, fields)
        body = b"" if answer.streaming else answer.content
        moved = Transfer.objects.count() - before
        transaction.set_rollback(True)
    error = repr(answer.exc_info[1])[:200] if answer.exc_info else ""
    return answer.status_code, body.decode(errors="replace"), moved, error


def faults(here, chosen, most=11):
    """A sentence for each form that answers badly to one of the values that `chosen` gives it.

    Each field by itself has the value too, unless the form has more fields than `most`.
    """
    found, count = [], 0
    for number, (page, client, target, fields) in enumerate(forms(here)):
        for kind in chosen(number):
            value = NASTY[kind]
            everywhere = dict.fromkeys(fields, value)
            one_by_one = [fields | {name: value} for name in fields if len(fields) <= most]
            for sent in [everywhere, *one_by_one]:
                status, body, moved, error = send(client, target, sent)
                count += 1
                wrong = status >= 500 or "<script>alert(1)" in body
                if wrong or (moved and status not in (302, 303)):
                    found.append(f"{page}: {target}: {kind}: answered {status} {error}")
    assert count > 50
    assert verify().faults == []
    return found


def test_nonsense_in_any_form_is_answered_and_moves_nothing_by_half(here):
    """Each form with one of the values, in turn; all with all in the long form."""
    kinds = itertools.cycle(NASTY)

    assert "\n".join(faults(here, lambda number: [next(kinds)])) == ""


@pytest.mark.slow
def test_every_nonsense_in_every_form(here):
    assert "\n".join(faults(here, lambda number: list(NASTY), most=1000)) == ""
