"""What stands before every page: idle sign-out, the second factor, the change of first passwords.

Closed by default: a page opens to staff when all of that is done; until then only the page of the
next step does.
"""

from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect
from django_otp import DEVICE_ID_SESSION_KEY

from members import access, devices, drafts
from members.models import User

# What is open while a step is still to be done.
OPEN = {"sign_out", "set_language", "text_size", "healthz", "readyz"}


class SignInGuard:
    """After the CSRF check, so that only what was typed on a page of ours is kept as a draft."""

    def __init__(self, get_response):  # type: ignore[no-untyped-def]
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):  # type: ignore[no-untyped-def]
        user, now = request.user, timezone.now()
        if not user.is_authenticated:
            return None
        is_staff = user.member_id is None
        if is_staff and has_ended(request, at=now):
            return _end(request, now)
        name = request.resolver_match.view_name
        step = is_staff and next_step(request)
        if step:
            request.is_half_in = True
            if name not in OPEN and name != step:
                asked = request.get_full_path() if request.method == "GET" else ""
                return redirect(f"{reverse(step)}?{urlencode({'next': asked})}")
        elif request.method == "POST" and "draft" in request.POST:
            drafts.forget(user)  # it is being sent now; the page keeps what it refuses
        devices.see(request.session, at=now, is_staff=is_staff)
        return None


def has_ended(request: HttpRequest, *, at: datetime) -> bool:
    """Whether nobody has used this session for 15 minutes, or it has lasted half a day."""
    now, session = at.timestamp(), request.session
    is_idle = now - session.get("seen", now) >= settings.STAFF_IDLE_SECONDS
    return is_idle or now - session.get("since", now) >= settings.STAFF_SESSION_SECONDS


def next_step(request: HttpRequest) -> str:
    """The page of what a staff account has still to do before anything else; empty if nothing."""
    user: User = request.user  # type: ignore[assignment]
    if DEVICE_ID_SESSION_KEY not in request.session:
        if user.has_second_factor():
            return "second_step"
        if access.needs_second_factor(user) and not user.must_change_password:
            return "second_factor"
    return "account_password" if user.must_change_password else ""


def leave(request: HttpRequest, *, at: datetime) -> None:
    """Sign out what has ended; the device is written down as ended."""
    devices.end_session(request.session.session_key, by=None, at=at)
    logout(request)


def _end(request: HttpRequest, now: datetime) -> HttpResponse | None:
    """To the sign-in, with what was sent kept; what is open to everybody opens all the same."""
    user: User = request.user  # type: ignore[assignment]
    is_open = request.resolver_match is not None and request.resolver_match.view_name in OPEN
    is_kept = not is_open and _keep(request, user, now)
    leave(request, at=now)
    if is_open:
        return None
    messages.info(request, _("You were signed out, as nobody used this page for a while."))
    if is_kept:
        messages.info(request, _("What you have sent is kept. Sign in to go on with it."))
    goal = request.get_full_path() if request.method == "GET" else ""
    place = f"{reverse('staff_sign_in')}?{urlencode({'next': goal})}"
    is_part = request.headers.get("HX-Request") == "true"
    return HttpResponseClientRedirect(place) if is_part else redirect(place)


def _keep(request: HttpRequest, user: User, now: datetime) -> bool:
    """Only from somebody who was wholly in; a file is not kept, and so its form is not either."""
    if request.method != "POST" or request.FILES or next_step(request):
        return False
    fields = [(name, str(v)) for name, values in request.POST.lists() for v in values]
    return drafts.keep(user, path=request.get_full_path(), fields=fields, was_sent=True, at=now)
