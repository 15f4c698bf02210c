"""The pages of the rules' versions, within the admin site: for administrators and auditors."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ledger import policies
from ledger.models import Policy
from members import access
from members.models import Area
from timebank.policies import differences, preview
from timebank.policies.forms import ReturnForm, VersionForm

SAID = {
    "waiting": gettext_lazy("The new version waits for a second administrator."),
    "approved": gettext_lazy("The version is approved."),
    "returned": gettext_lazy("The version is sent back. Its author can read why."),
    "withdrawn": gettext_lazy("You have taken the version back."),
}


@require_safe
def history(request, site):
    areas = Area.objects.visible_to(request.user).order_by("path")
    area = areas[0]
    if "area" in request.GET:
        area = get_object_or_404(areas, code=request.GET["area"])

    versions = list(Policy.objects.of_area(area))
    page = site | {"title": _("Versions of the rules"), "area": area, "areas": areas}
    page |= {
        "versions": [(one, _changes(one, versions)) for one in versions],
        "holds": Policy.objects.in_force(area, timezone.localdate()),
        "may_propose": policies.may_propose(area, by=request.user),
    }
    return render(request, "admin/policies.html", page)


@require_safe
def version(request, pk, site):
    one = get_object_or_404(_within_reach(request), pk=pk)

    page = site | {"title": str(one), "version": one}
    page |= {
        "rules": differences.rules(one, one.based_on),
        "may_decide": policies.may_decide(one, by=request.user),
        "may_withdraw": one.state == "waiting" and one.author == request.user,
    }
    if one.state == Policy.State.WAITING:
        page["preview"] = preview.of_last_month(one, today=timezone.localdate())
    return render(request, "admin/policy.html", page)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request, pk, site):
    base = get_object_or_404(_within_reach(request), pk=pk)
    areas = access.administered(request.user).order_by("path")
    if not areas:
        raise PermissionDenied

    initial = {"area": request.GET.get("area") or (base.area or areas[0]).code}
    form = VersionForm(request.POST or None, areas=areas, base=base, initial=initial)
    page = site | {"title": _("New version of the rules"), "form": form, "base": base}
    if request.method == "POST" and form.is_valid():
        if "preview" not in request.POST:
            saved = _propose(request, form)
            if saved:
                return redirect("admin:policy", saved.pk)
        else:
            page["preview"] = preview.of_last_month(form.instance, today=timezone.localdate())
            page["changes"] = differences.changes(form.instance, base)

    return render(request, "admin/policy_new.html", page)


@require_POST
def decide(request, pk, site):
    one = get_object_or_404(_within_reach(request), pk=pk)

    if "withdraw" in request.POST:
        return _done(request, one, policies.withdraw)
    if "approve" in request.POST:
        return _done(request, one, policies.approve)

    form = ReturnForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say what is wrong with it."))
        return redirect("admin:policy", one.pk)
    return _done(request, one, policies.send_back, **form.cleaned_data)


def _within_reach(request):
    people = ("area", "author", "approver", "based_on__area")
    return Policy.objects.visible_to(request.user).select_related(*people)


def _changes(one, versions):
    """What differs from the version it was made from, or from the one before in the same area."""
    older = [v for v in versions if v.state == "approved" and v.effective_from < one.effective_from]
    before = one.based_on or (older[0] if older else None)
    return differences.changes(one, before) if before else []


def _propose(request, form):
    """The saved version, or None with what is wrong said in the form."""
    try:
        saved = policies.propose(form.instance, by=request.user, at=timezone.now())
    except policies.Refusal as refusal:
        form.add_error(refusal.field, str(refusal))
        return None
    messages.success(request, SAID[saved.state])
    return saved


def _done(request, one, verb, **how):
    """Call the verb and say what came of it."""
    try:
        decided = verb(one, by=request.user, at=timezone.now(), **how)
    except policies.Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, SAID[decided.state])
    return redirect(reverse("admin:policy", args=[one.pk]))
