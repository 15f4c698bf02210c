"""A member's file: a head that says who it is, and tabs, each of them a page of its own.

How a tab is added:

1. A view in the app that knows the subject, at `people/<uuid:key>/<subject>/`, for staff
   (`@require_safe`, `@staff_page`). It fetches with `files.fetch(request, key)`, which is a 404
   outside the reader's areas, and answers `files.show(request, member, template, context)`.
2. Its template extends "members/file.html" and fills the blocks `tab_title` and `tab`; head,
   tabs and messages are there. Asked for by htmx, only the file is sent and not the whole page.
3. One line in `timebank/file_tabs.py`: label, route, who may see it.

A form on a tab posts to a route of its own that redirects back to the tab, or to the tab's route.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from members import phones
from members.models import Member

PART, PAGE = "members/file_part.html", "base.html"


def fetch(request: HttpRequest, key: UUID) -> Member:
    """The member within the reader's reach, with community, sides and phones; otherwise 404."""
    people = Member.objects.visible_to(request.user)
    people = people.select_related("area", "volunteer", "elder").prefetch_related("phones")
    return get_object_or_404(people, key=key)


def show(
    request: HttpRequest, member: Member, template: str, context: Mapping[str, Any]
) -> HttpResponse:
    """A tab of the member's file: the whole page, or its part for htmx."""
    htmx = request.htmx  # type: ignore[attr-defined]
    is_part = bool(htmx) and not htmx.history_restore_request
    head = {"member": member, "head": _head(member), "frame": PART if is_part else PAGE}
    response = render(request, template, {**head, **context})
    patch_vary_headers(response, ["HX-Request"])
    response.headers["Cache-Control"] = "no-store"
    return response


def _head(member: Member) -> dict[str, Any]:
    return {
        "age": member.age_on(timezone.localdate()),
        "phones": [phones.mask(phone.number) for phone in member.phones.all()],
        "is_volunteer": hasattr(member, "volunteer"),
        "is_elder": hasattr(member, "elder"),
    }
