"""What every page shows around its content. Nothing here is asked before a template wants it."""

from functools import partial

from django.conf import settings
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from members import access, devices
from timebank.inbox import waiting

TEXT_SIZES = ("normal", "large", "largest")
MANY = 99


def page(request):
    """The programme's name, the reader's text size, the staff's phone; for staff what waits."""
    user = getattr(request, "user", None)
    pending = SimpleLazyObject(partial(waiting.counts, user))
    nav = SimpleLazyObject(partial(_nav, request, user, pending))
    idle = {"idle_seconds": settings.STAFF_IDLE_SECONDS - devices.SEEN_AGAIN["staff"]}
    return bare(request) | idle | {"pending": pending, "nav": nav}


def bare(request):
    """The part of it that needs no database."""
    size = request.COOKIES.get("text_size")
    return {
        "programme_name": settings.PROGRAMME_NAME,
        "text_size": size if size in TEXT_SIZES else TEXT_SIZES[0],
        "staff_phone": settings.STAFF_PHONE,
    }


def _nav(request, user, pending):
    """The staff's menu; empty for members and for those who are not, or not wholly, signed in."""
    is_in = user and user.is_authenticated and not getattr(request, "is_half_in", False)
    if not is_in or not access.is_staff(user):
        return []
    places = [
        # route, the beginnings of the routes of its section, label, for whom, count
        ("home", "home", _("Home"), True, 0),
        ("visit_log", "visit_log", _("Log a visit"), access.may_log(user), 0),
        ("people_find", ("people_", "person", "merge_", "data_request"), _("People"), True, 0),
        ("inbox", ("inbox", "visit", "objection"), _("Waiting"), True, sum(pending.values())),
        ("register_list", "register_", _("Registers"), True, 0),
        ("hours_find", "hours_", pgettext("page", "Hours"), True, 0),
        ("statement_find", ("statement", "certificate"), _("Papers"), True, 0),
        ("admin:reports", "admin:report", _("Reports"), access.may_read_reports(user), 0),
        ("admin:index", "admin:", _("Administration"), access.may_administer(user), 0),
    ]
    here = request.resolver_match.view_name if request.resolver_match else ""
    current = next((p[0] for p in places if here.startswith(p[1])), "")
    return [
        {
            "url": reverse(name),
            "label": label,
            "count": f"{MANY}+" if count > MANY else count,
            "is_current": name == current,
        }
        for name, _section, label, allowed, count in places
        if allowed
    ]
