from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ledger.requests import Refusal
from members import access, access_log
from members import files as member_files
from members.access import staff_page
from members.models import DataRequest
from timebank.personal import asking, erasing, files
from timebank.personal.clock import clock
from timebank.personal.forms import AskForm, IdentityForm

PAGE = 50


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def person_data(request, key):
    """A tab of the file: what the person has asked for about their data; a POST asks."""
    member = member_files.fetch(request, key)

    may_log = access.may_log(request.user, member.area)
    if request.method == "POST" and not may_log:
        raise PermissionDenied

    form = AskForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and (asked := _ask(request, member, form)):
        if asked.kind == DataRequest.Kind.COPY:
            return redirect("data_request", asked.key)
        messages.success(request, _("The file is closed to all but administrators now."))
        return redirect("home")

    asked_so_far = _clocks(member.data_requests.order_by("-asked_at", "-pk"))
    context = {"form": form, "requests": asked_so_far, "may_log": may_log}
    return member_files.show(request, member, "personal/person_data.html", context)


@require_safe
@staff_page
def data_request_list(request):
    found = DataRequest.objects.visible_to(request.user).select_related("member", "area")
    page = Paginator(found.open().order_by("due_on", "pk"), PAGE).get_page(request.GET.get("page"))
    closed = found.exclude(state=DataRequest.State.OPEN).order_by("-closed_at", "-pk")[:PAGE]
    context = {"page": page, "open": _clocks(page), "closed": _clocks(closed)}
    return render(request, "personal/data_request_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def data_request(request, key):
    """One request; a POST carries it out, with how it was made sure who the person is."""
    asked = _visible(request, key)

    form = IdentityForm(request.POST or None)
    if form.is_valid():
        verb = erasing.erase if asked.kind == DataRequest.Kind.ERASURE else asking.hand_out
        told = {"by": request.user, "at": timezone.now()} | form.cleaned_data
        return _act(request, asked, verb, _("It is carried out."), **told)

    is_open = asked.state == DataRequest.State.OPEN
    may_log = access.may_log(request.user, asked.area)
    is_copy = asked.kind == DataRequest.Kind.COPY
    context = {
        "asked": asked,
        "clock": clock(asked),
        "form": form,
        "may_withdraw": is_open and may_log,
        "may_finish": is_open
        and (may_log if is_copy else asking.may_erase(asked, by=request.user)),
        "may_fetch": asking.may_fetch(asked, by=request.user, at=timezone.now()),
    }
    return render(request, "personal/data_request.html", context)


@require_POST
@staff_page
def data_request_withdraw(request, key):
    asked = _visible(request, key)
    told = {"by": request.user, "at": timezone.now()}
    return _act(request, asked, asking.withdraw, _("Withdrawn."), **told)


@require_safe
def data_request_file(request, key, ending):
    """The copy itself, made now: for staff, of whom it is written down, and for the person."""
    asked = _visible(request, key)

    now = timezone.now()
    if not asking.may_fetch(asked, by=request.user, at=now):
        raise PermissionDenied
    if ending == "pdf":
        response = HttpResponse(files.pdf(asked.member, at=now), content_type="application/pdf")
    elif ending == "json":
        told = files.as_json(asked.member, at=now)
        response = HttpResponse(told, content_type="application/json")
    else:
        raise Http404
    if request.user.member_id is None:
        access_log.copied(asked.member, by=request.user, at=now, page="data_request_file")
    name = files.file_name(asked.member, ending)
    response["Content-Disposition"] = content_disposition_header(True, name)
    response["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def my_data(request):
    member = request.user.member
    if member is None:
        return redirect("home")

    form = AskForm(request.POST or None)
    if form.is_valid() and _ask(request, member, form):
        return redirect("my_data")

    now = timezone.now()
    found = member.data_requests.select_related("member", "area").order_by("-asked_at", "-pk")
    rows = [
        (asked, clock(asked), asking.may_fetch(asked, by=request.user, at=now)) for asked in found
    ]
    context = {"form": form, "requests": rows, "days": settings.DATA_REQUEST_WORKDAYS}
    return render(request, "personal/my_data.html", context)


@require_POST
def my_data_withdraw(request, key):
    if request.user.member is None:
        return redirect("home")

    asked = _visible(request, key)
    told = {"by": request.user, "at": timezone.now()}
    _try(request, asked, asking.withdraw, _("Withdrawn."), **told)
    return redirect("my_data")


def _ask(request, member, form):
    """The request; None when it is refused, with the sentence in the form."""
    try:
        return asking.ask(member, by=request.user, at=timezone.now(), **form.cleaned_data)
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return None


def _act(request, asked, verb, sentence, **told):
    _try(request, asked, verb, sentence, **told)
    return redirect("data_request", asked.key)


def _try(request, asked, verb, sentence, **told):
    try:
        verb(asked, **told)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, sentence)


def _visible(request, key):
    found = DataRequest.objects.visible_to(request.user)
    people = ("member__area", "area", "author", "closed_by")
    return get_object_or_404(found.select_related(*people), key=key)


def _clocks(requests):
    return [(asked, clock(asked)) for asked in requests]
