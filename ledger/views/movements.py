from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ledger import accounts, forms, grants, journals, limits, reversals, statements
from ledger.models import MovementRequest, RequestKind
from ledger.requests import NoPolicy, Refusal, State, policy_for
from members import access
from members.access import staff_page
from members.models import Area, Member

PAGE = 50


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def movement(request, key, form_class):
    people = Member.objects.visible_to(request.user).select_related("area")
    member = get_object_or_404(people, key=key)
    if not access.may_log(request.user, member.area):
        raise PermissionDenied

    form = form_class(_posted(request), member=member, user=request.user)

    if form.is_valid() and (asked := _ask(request, form, form.ask, member, **form.told())):
        return redirect("hours_request", asked.key)

    context = {"form": form, "member": member, "limits": _limits(member, form.kind)}
    return render(request, "ledger/movement.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def hours_month(request):
    communities = _communities(request.user)
    community = _chosen(request, communities)
    if community is None:
        return render(request, "ledger/hours_month_where.html", {"communities": communities})

    form = forms.KeyForm(_posted(request))
    month = timezone.localdate().replace(day=1)

    if form.is_valid() and (asked := _ask(request, form, grants.ask_month, community, month)):
        return redirect("hours_request", asked.key)

    context = {"form": form, "community": community, "month": month} | _preview(community, month)
    context["page"] = Paginator(context["elders"], PAGE).get_page(request.GET.get("page"))
    return render(request, "ledger/hours_month.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def hours_journal(request, code, journal):
    community = get_object_or_404(Area.objects.visible_to(request.user), code=code)
    legs = journals.legs(community.pk, journal)
    if not legs:
        raise Http404
    may_ask = access.may_log(request.user, community)
    if request.method == "POST" and not may_ask:
        raise PermissionDenied

    objection = journals.objections(community.pk, [journal]).get(journal)
    form = forms.ReversalForm(None if objection else _posted(request))

    if form.is_valid() and (asked := _ask(request, form, reversals.ask, community, journal)):
        return redirect("hours_request", asked.key)

    context = {"community": community, "legs": legs, "form": form, "may_ask": may_ask}
    context |= {"objection": objection, "asked_before": _asked_before(community, journal)}
    return render(request, "ledger/hours_journal.html", context)


def _posted(request):
    return request.POST if request.method == "POST" else None


def _ask(request, form, ask, *about, **told):
    """What was asked for, carried out or written down; None when a rule forbids it."""
    told = told or form.cleaned_data
    try:
        asked = ask(*about, **told, by=request.user, at=timezone.now())
    except Refusal as refusal:
        form.refuse(refusal)
        return None
    if asked.state == State.WAITING:
        messages.success(request, _("Saved. It waits for a second person."))
    else:
        messages.success(request, _("The hours are booked."))
    return asked


def _limits(member, kind):
    """What stands above the form; that no rules are in force is said there as well."""
    now = timezone.now()
    try:
        return limits.of(kind, member, policy_for(member.area, now), day=timezone.localdate(now))
    except NoPolicy as refusal:
        return limits.Limits(words=[str(refusal)])


def _communities(user):
    """Those for which the user may ask for a grant; who may for none gets the page for 403."""
    found = [area for area in access.areas_to_log(user) if area.level == Area.Level.COMMUNITY]
    if not found:
        raise PermissionDenied
    return sorted(found, key=lambda area: area.code)


def _chosen(request, communities):
    """The community that the address names, or the only one; None where there is a choice."""
    code = request.GET.get("community")
    if not code:
        return communities[0] if len(communities) == 1 else None
    for community in communities:
        if community.code == code:
            return community
    raise Http404


def _preview(community, month):
    """Who would be granted how much, and what that does to the pool."""
    now = timezone.now()
    try:
        minutes = policy_for(community, now).grant_minutes
    except NoPolicy:
        minutes = 0
    elders = grants.outstanding(community, month, on=timezone.localdate(now)) if minutes else []
    pool = statements.balance(community.pk, accounts.POOL).posted
    total = minutes * len(elders)
    return {
        "minutes": minutes,
        "elders": elders,
        "total": total,
        "pool": pool,
        "pool_after": pool - total,
    }


def _asked_before(community, journal):
    """Reversals of the journal that wait for a second person already."""
    asked = MovementRequest.objects.waiting().filter(area=community, kind=RequestKind.REVERSAL)
    return asked.filter(original=journal).order_by("asked_at", "pk")
