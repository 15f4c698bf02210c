import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ledger import statements
from members import access, files, search
from members.access import staff_page
from members.models import Member
from services import visits
from services.forms import PeriodForm, ReturnForm, VisitForm
from services.models import Visit
from services.visits import doubts, partners, payment
from services.visits.refusals import Refusal

PEOPLE = ("volunteer", "elder", "category")
LATEST = 5
PAGE = 50


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def visit_log(request):
    if not access.may_log(request.user):
        raise PermissionDenied

    form = VisitForm(request.POST if request.method == "POST" else None, user=request.user)

    if form.is_bound and form.is_valid() and (visit := _log(request, form)):
        return HttpResponseRedirect(f"{request.path}?saved={visit.key}")

    mine = Visit.objects.visible_to(request.user).filter(entered_by=request.user)
    latest = list(mine.select_related(*PEOPLE).order_by("-entered_at", "-pk")[:LATEST])
    form.offer(latest, again=_named(request, "again"))
    context = {"form": form, "latest": latest} | _saved(request)
    return render(request, "services/visit_log.html", context)


@require_POST
@staff_page
def visit_undo(request, key):
    visit = get_object_or_404(_visible(request), key=key)

    try:
        visit = visits.undo(visit, by=request.user, at=timezone.now())
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect("visit_detail", key)

    messages.success(
        request, _("Undone: %(visit)s. You can enter it again here.") % {"visit": visit}
    )
    return redirect(reverse("visit_log", query={"again": visit.key}))


@require_POST
@staff_page
def visit_approve(request, key):
    visit = get_object_or_404(_visible(request), key=key)

    try:
        visit = visits.approve(visit, by=request.user, at=timezone.now())
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Approved: %(visit)s.") % {"visit": visit})

    return redirect("inbox")


@require_POST
@staff_page
def visit_return(request, key):
    visit = get_object_or_404(_visible(request), key=key)

    form = ReturnForm(request.POST)
    if not form.is_valid():
        return _detail(request, visit, form)

    try:
        reason = form.cleaned_data["reason"]
        visits.send_back(visit, by=request.user, at=timezone.now(), reason=reason)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Sent back: %(visit)s.") % {"visit": visit})

    return redirect("inbox")


@require_safe
@staff_page
def visit_detail(request, key):
    return _detail(request, get_object_or_404(_visible(request), key=key), ReturnForm())


@require_safe
@staff_page
def visit_list(request):
    form = PeriodForm(request.GET)
    rows = form.narrow(_visible(request)).order_by("-service_date", "-pk")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "form": form, "query": form.query()}
    return render(request, "services/visit_list.html", context)


@require_safe
@staff_page
def person_visits(request, key):
    member = files.fetch(request, key)

    rows = _visible(request).of(member).order_by("-service_date", "-pk")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return files.show(request, member, "services/person_visits.html", {"page": page})


@require_safe
@staff_page
def person_search(request):
    side = request.GET.get("side")
    side = side if side in ("volunteer", "elder") else None
    areas = access.areas_to_log(request.user)

    people = search.find(
        request.GET.get("q", "").replace("\0", "")[: search.LONGEST],
        areas=areas,
        side=side,
        first=_likely(request, side),
    )
    return render(request, "members/person_options.html", {"people": people})


def _likely(request, side):
    """Whom the list shows first: the volunteer's last elders, the volunteers entered last."""
    if side == "volunteer":
        return partners.volunteers_of(request.user)
    volunteers = Member.objects.visible_to(request.user)
    volunteer = volunteers.filter(key=_key(request, "for")).first()
    return partners.elders_of(volunteer) if volunteer else None


def _log(request, form):
    """The visit that the form describes, saved; None when there is something to look at first."""
    try:
        return visits.log(**form.visit(), by=request.user, at=timezone.now())
    except doubts.Doubts as found:
        form.show(found.doubts)
    except Refusal as refusal:
        form.add_error(refusal.field, str(refusal))
    return None


def _saved(request):
    """What the line above the empty form says of the visit that was just saved."""
    visit = _named(request, "saved")
    if visit is None:
        return {}
    return {
        "saved": visit,
        "payment": payment.of(visit) if visit.state == Visit.State.CONFIRMED else None,
        "standing": statements.standing_of(visit.volunteer),
        "may_undo": visits.may_undo(visit, by=request.user, at=timezone.now()),
    }


def _detail(request, visit, form):
    now = timezone.now()
    context = {
        "visit": visit,
        "payment": payment.of(visit),
        "form": form,
        "may_check": visits.may_check(visit, by=request.user),
        "may_undo": visits.may_undo(visit, by=request.user, at=now),
        "agents": visits.whom_to_call([visit], at=now).get(visit.pk),
        "objections": visit.objections.select_related("member").order_by("entered_at", "pk"),
        "may_log": access.may_log(request.user, visit.area),
    }
    return render(request, "services/visit_detail.html", context)


def _visible(request):
    people = (*PEOPLE, "area", "entered_by", "approved_by", "returned_by", "reversed_by")
    return Visit.objects.visible_to(request.user).select_related(*people)


def _named(request, name):
    """The visit whose key the address carries, if there is one within reach."""
    return _visible(request).filter(key=_key(request, name)).first()


def _key(request, name):
    try:
        return uuid.UUID(request.GET.get(name, ""))
    except ValueError:
        return None
