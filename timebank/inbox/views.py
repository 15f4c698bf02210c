import uuid

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ledger import approvals, requests
from ledger.models import MovementRequest
from members import assessments, kinship
from members.access import staff_page
from members.refusals import Refusal
from services.forms import ReturnForm
from services.models import Visit
from timebank.inbox import approving, waiting
from timebank.inbox.waiting import Kind

PAGE = 50
RESULT = "inbox_result"


@require_safe
@staff_page
def inbox(request):
    only = request.GET.get("kind")
    only = only if only in Kind.values else None

    page = Paginator(waiting.rows(request.user, only), PAGE).get_page(request.GET.get("page"))
    items = waiting.items(request.user, list(page), at=timezone.now())
    context = {
        "page": page,
        "items": items,
        "chosen": only,
        "kinds": Kind.choices,
        "query": f"kind={only}" if only else "",
        "clean": sum(item.is_clean for item in items),
        "are_selected": request.GET.get("select") == "all",
        "result": request.session.pop(RESULT, None),
    }
    return render(request, "inbox/inbox.html", context | _sent_back(request))


@require_POST
@staff_page
def approve(request):
    names, seen = _names(request.POST.getlist("rows")[:PAGE])
    now = timezone.now()
    items = waiting.named(request.user, names, at=now)
    if None in items:
        raise Http404

    if not items:
        messages.warning(request, _("Nothing was selected."))
        return _back(request)

    result = approving.approve(items, by=request.user, at=now, seen=seen)

    request.session[RESULT] = {"approved": result.approved, "refused": result.refused}
    return _back(request)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def movement(request, key):
    """One movement with its evidence; a POST sends it back."""
    found = get_object_or_404(MovementRequest.objects.visible_to(request.user), key=key)

    form = ReturnForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        _send_back(request, found, form.cleaned_data["reason"])
        return redirect("inbox")

    [item] = waiting.named(request.user, [(Kind.MOVEMENT, found.key)], at=timezone.now())
    return render(request, "inbox/movement_detail.html", {"item": item, "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def person(request, key, kind):
    """One decision about a person with its evidence; a POST sends it back."""
    found = get_object_or_404(waiting.MODELS[kind].objects.visible_to(request.user), key=key)

    form = ReturnForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        act = assessments.send_back if kind == Kind.ASSESSMENT else kinship.send_back
        try:
            act(found, by=request.user, at=timezone.now(), reason=form.cleaned_data["reason"])
        except Refusal as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("Sent back: %(what)s.") % {"what": found})
        return redirect("inbox")

    [item] = waiting.named(request.user, [(Kind(kind), found.key)], at=timezone.now())
    return render(request, "inbox/movement_detail.html", {"item": item, "form": form})


def _back(request):
    """To the inbox, as narrowed as it was."""
    only = request.POST.get("kind")
    return redirect(reverse("inbox", query={"kind": only} if only in Kind.values else {}))


def _names(typed):
    """Kind and key of each row that was sent, and the states in which registers were seen."""
    names, seen = [], {}
    for text in dict.fromkeys(typed):
        kind, _slash, rest = text.partition("/")
        key, _slash, revision = rest.partition("/")
        try:
            name = Kind(kind), uuid.UUID(key)
        except ValueError:
            raise Http404 from None
        names.append(name)
        if revision.isdecimal() and len(revision) < 10:
            seen[name[1]] = int(revision)
    return names, seen


def _send_back(request, found, reason):
    try:
        approvals.send_back(found, by=request.user, at=timezone.now(), reason=reason)
    except requests.Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Sent back: %(movement)s.") % {"movement": found})


def _sent_back(request):
    """What others have sent back to this reader, the newest first."""
    mine = Visit.objects.visible_to(request.user).filter(entered_by=request.user)
    asked = MovementRequest.objects.visible_to(request.user).filter(author=request.user)
    visits = mine.filter(state=Visit.State.RETURNED).select_related("volunteer", "elder")
    movements = asked.filter(state=MovementRequest.State.RETURNED).select_related("member", "area")
    return {
        "visits_back": visits.order_by("-returned_at", "-pk")[:PAGE],
        "movements_back": movements.order_by("-decided_at", "-pk")[:PAGE],
    }
