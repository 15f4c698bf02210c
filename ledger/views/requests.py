import math

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from ledger import approvals, forms, grants, journals, limits, outcomes, redemptions, requests
from ledger.models import MovementRequest, RequestKind
from ledger.requests import NoPolicy, Refusal, State
from members import access
from members.access import staff_page
from members.models import Member

PAGE = 50
PEOPLE = ("area", "member__area", "other", "destination", "author__member", "approver")
BY_AN_AGENT = ("agency__agent", "agency__consent")


@require_safe
@staff_page
def hours_requests(request):
    form = forms.FilterForm(request.GET)
    rows = form.narrow(_visible(request)).order_by("-asked_at", "-pk")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "form": form, "query": form.query()}
    context["outcomes"] = outcomes.of(page.object_list)
    return render(request, "ledger/request_list.html", context)


@require_safe
@staff_page
def hours_request(request, key):
    return _detail(request, _found(request, key))


@require_POST
@staff_page
def request_approve(request, key):
    return _act(request, _found(request, key), approvals.approve, _("Approved."))


@require_POST
@staff_page
def request_return(request, key):
    asked = _found(request, key)

    form = forms.ReturnForm(request.POST)
    if not form.is_valid():
        return _detail(request, asked, return_form=form)

    return _act(request, asked, approvals.send_back, _("Sent back."), **form.cleaned_data)


@require_POST
@staff_page
def request_withdraw(request, key):
    return _act(
        request, _found(request, key), approvals.withdraw, pgettext("request", "Withdrawn.")
    )


@require_POST
@staff_page
def request_undo(request, key):
    return _act(request, _found(request, key), requests.undo, _("Undone. The hours are back."))


@require_POST
@staff_page
def request_charge(request, key):
    asked = _found(request, key)

    form = forms.ChargeForm(request.POST)
    if form.is_valid():
        try:
            redemptions.charge(asked, **form.cleaned_data, by=request.user, at=timezone.now())
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Charged. The rest is free again."))
            return redirect("hours_request", key)

    return _detail(request, asked, charge_form=form)


@require_POST
@staff_page
def request_release(request, key):
    asked = _found(request, key)
    done = _("Released. The hours are free again.")
    resolution = requests.key_of(asked, "release")
    return _act(request, asked, redemptions.release, done, key=resolution)


def _act(request, asked, act, done, **told):
    try:
        act(asked, by=request.user, at=timezone.now(), **told)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return redirect("hours_request", asked.key)


def _detail(request, asked, *, return_form=None, charge_form=None):
    now = timezone.now()
    [outcome] = outcomes.of([asked])
    hold = outcome.hold
    may_log = access.may_log(request.user, asked.area)
    may = {
        "approve": approvals.may_approve(asked, by=request.user),
        "withdraw": asked.state == State.WAITING and asked.author_id == request.user.pk,
        "undo": requests.may_undo(asked, by=request.user, at=now),
        "charge": may_log and hold is not None and hold.resolution is None,
    }
    context = {
        "asked": asked,
        "may": may,
        "hold": hold,
        "outcome": outcome,
        "minutes_left": _minutes_left(asked, now) if may["undo"] else None,
        "return_form": return_form or forms.ReturnForm(),
        "charge_form": charge_form or _charge_form(asked),
        "limits": _limits(asked, now) if asked.state == State.WAITING else None,
        "elders": _elders(asked),
        "within_reach": _within_reach(request.user, asked),
    }
    return render(request, "ledger/request_detail.html", context | _booked(asked))


def _minutes_left(asked, now):
    return max(1, math.ceil((requests.undone_until(asked) - now).total_seconds() / 60))


def _charge_form(asked):
    day = min(asked.on, timezone.localdate())
    return forms.ChargeForm(initial={"minutes": asked.minutes, "on": day.isoformat()})


def _limits(asked, now):
    """How the account stands, or the pool, for the second person; of a reversal there is none."""
    is_month = asked.member is None and asked.kind == RequestKind.GRANT
    if asked.member is None and not is_month:
        return None
    try:
        policy = requests.policy_for(asked.area, now)
    except NoPolicy:
        return None
    day = timezone.localdate(now)
    if is_month:
        return limits.of_a_month(asked, policy, day=day)
    return limits.of(asked.kind, asked.member, policy, day=day)


def _elders(asked):
    """How many elders have the grant of the month that was asked for; None for all else."""
    if asked.member is None and asked.kind == RequestKind.GRANT and asked.state == State.DONE:
        return grants.granted(asked.area, asked.on)
    return None


def _booked(asked):
    """What a reversal is about, and what was booked under the request's own key."""
    original = journals.legs(asked.area_id, asked.original) if asked.original else []
    legs = journals.legs(asked.area_id, asked.key)
    refused = journals.objections(asked.area_id, [asked.key]) if legs else {}
    return {"original": original, "legs": legs, "is_reversible": legs and asked.key not in refused}


def _within_reach(user, asked):
    """The people of the request whose own page the user may open."""
    people = [pk for pk in (asked.member_id, asked.other_id) if pk]
    return set(Member.objects.visible_to(user).filter(pk__in=people).values_list("pk", flat=True))


def _found(request, key):
    return get_object_or_404(_visible(request), key=key)


def _visible(request):
    return MovementRequest.objects.visible_to(request.user).select_related(*PEOPLE, *BY_AN_AGENT)
