from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import requires_csrf_token
from django.views.decorators.http import require_POST, require_safe

from members import access, agents, assessments
from members.models import Area, DataRequest, Merge, Notice
from timebank import context, logs, passbook

YEAR = 365 * 24 * 60 * 60
RECENT_LINES = 5
PAGE_OF_LINES = 50


@require_safe
def home(request):
    if request.user.member_id:
        return redirect("my_time")
    if not access.is_staff(request.user):
        raise PermissionDenied

    may = {
        "log": access.may_log(request.user),
        "read_reports": access.may_read_reports(request.user),
    }
    asked = DataRequest.objects.visible_to(request.user).open()
    overdue = Count("pk", filter=Q(due_on__lt=timezone.localdate()))
    people = asked.aggregate(requests=Count("pk"), overdue=overdue)
    people["merges"] = Merge.objects.visible_to(request.user).waiting().count()
    areas = Area.objects.visible_to(request.user)
    people["reviews"] = assessments.due(areas, by_day=timezone.localdate()).count()
    people["messages"] = Notice.objects.visible_to(request.user).to_look_at().count()
    return render(request, "timebank/home.html", {"may": may, "people": people})


@require_safe
def my_time(request):
    member = request.user.member
    if member is None:
        return redirect("home")

    now = timezone.now()
    shown = passbook.opened(member, at=now, limit=RECENT_LINES)
    shown["waiting"] = passbook.waiting(member)
    shown["agencies"] = agents.elders_of(request.user, at=now)
    return render(request, "timebank/my_time.html", shown)


@require_safe
def my_time_records(request):
    member = request.user.member
    if member is None:
        return redirect("home")

    typed = request.GET.get("before", "")
    before = int(typed) if typed.isdecimal() and len(typed) < 19 else None
    shown = passbook.opened(member, at=timezone.now(), before=before, limit=PAGE_OF_LINES)
    shown["is_first_page"] = before is None
    return render(request, "timebank/my_time_records.html", shown)


@login_not_required
@require_POST
def set_text_size(request):
    goal = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(goal, {request.get_host()}, request.is_secure())
    if not (ours and goal.startswith("/")):  # a word alone would be taken for a route's name
        goal = "home"

    response = redirect(goal)
    size = request.POST.get("size")
    if size in context.TEXT_SIZES:
        response.set_cookie(
            "text_size",
            size,
            max_age=YEAR,
            httponly=True,
            samesite="Lax",
            secure=settings.BEHIND_TLS,
        )
    return response


def bad_request(request, exception=None):
    return _error_page(request, 400)


def permission_denied(request, exception=None):
    return _error_page(request, 403)


def page_not_found(request, exception=None):
    return _error_page(request, 404)


def server_error(request):
    return _error_page(request, 500)


@requires_csrf_token
def csrf_failure(request, reason=""):
    """Offer to send what was typed once more, when it was typed on a page of ours."""
    own = f"{request.scheme}://{request.get_host()}"
    typed = []
    if request.headers.get("Origin") == own:
        lists = request.POST.lists()
        typed = [(key, value) for key, values in lists for value in values if _may_return(key)]
    return _error_page(request, 403, "403_csrf.html", typed=typed, csrf_token=get_token(request))


def _may_return(key):
    return key != "csrfmiddlewaretoken" and "password" not in key


def _error_page(request, status, template=None, **more):
    """An error page touches no database: it says the same when there is none."""
    seen = context.bare(request) | {"request_id": logs.request_id.get()} | more
    return HttpResponse(render_to_string(template or f"{status}.html", seen), status=status)
