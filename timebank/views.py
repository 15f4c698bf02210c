from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import requires_csrf_token
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members import access, agents, assessments
from members.models import Area, DataRequest, Merge, Notice
from members.refusals import Refusal
from services import objections
from services.forms import ObjectionForm
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


@require_http_methods(["GET", "HEAD", "POST"])
def my_objection(request, community, journal):
    """One line of the member's own: what is said against it and answered; a POST says so."""
    member = request.user.member
    if member is None:
        return redirect("home")

    area = get_object_or_404(Area, pk=community)
    lines = passbook.of_journal(member, area.pk, journal)
    if not lines:
        raise Http404

    form = ObjectionForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and _object(request, area, lines[0], form):
        return redirect("my_objection", community, journal)

    said = lines[0].objection
    context = {"member": member, "lines": lines, "said": said, "form": form}
    return render(request, "timebank/my_objection.html", context)


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


def _object(request, area, line, form):
    """The objection, kept; None with the reason on the form."""
    member = request.user.member
    about = line.visit_of(member) or objections.Booking(area, line.journal)
    told = {"by": request.user, "at": timezone.now()} | form.cleaned_data
    try:
        return objections.write_down(member, about, **told)
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return None


def _may_return(key):
    return key != "csrfmiddlewaretoken" and "password" not in key


def _error_page(request, status, template=None, **more):
    """An error page touches no database: it says the same when there is none."""
    seen = context.bare(request) | {"request_id": logs.request_id.get()} | more
    return HttpResponse(render_to_string(template or f"{status}.html", seen), status=status)
