from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ledger import approvals
from ledger.requests import Refusal
from members import agents
from members.agents import Scope
from timebank.acting import seen
from timebank.my_hours.forms import UseForm
from timebank.my_hours.views import begin, member_page


@require_safe
@member_page
def acting_for(request, key):
    agency = _agency(request, key)

    parts = seen.of(agency, by=request.user, at=timezone.now(), page="acting_for")
    context = {"agency": agency, "elder": agency.member, "may_ask": Scope.ASK in agency.scopes}
    return render(request, "acting/elder.html", context | parts)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def acting_ask(request, key):
    agency = _agency(request, key, Scope.ASK)
    posted = request.POST if request.method == "POST" else None
    form = UseForm(posted, user=request.user, member=agency.member)

    if form.is_bound and form.is_valid() and (goal := begin(request, form)):
        return goal

    account = seen.account(agency, by=request.user, at=timezone.now(), page="acting_ask")
    context = {"form": form, "elder": agency.member, "account": account}
    return render(request, "acting/ask.html", context)


@require_POST
@member_page
def acting_withdraw(request, key, asked):
    agency = _agency(request, key, Scope.ASK)
    found = get_object_or_404(seen.requests(agency, by=request.user), key=asked)

    try:
        approvals.withdraw(found, by=request.user, at=timezone.now())
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("You have taken your request back."))

    return redirect("acting_for", key)


def _agency(request, key, scope=None):
    """That by which the user acts now for the elder of that key, in the scope if one is named."""
    for agency in agents.elders_of(request.user, at=timezone.now()):
        if agency.member.key == key and scope in (None, *agency.scopes):
            return agency
    raise Http404
