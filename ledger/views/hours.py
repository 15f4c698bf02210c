from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ledger import closures, forms, holdings, journals, outcomes
from ledger.models import MovementRequest, TransferKind
from ledger.requests import Refusal
from members import access, files, search
from members.access import staff_page
from members.forms import FindForm
from members.models import Area

FOUND = 20
LINES = 20
REQUESTS = 10


@require_safe
@staff_page
def hours_find(request):
    form = FindForm(request.GET if "q" in request.GET else None)
    text = form.cleaned_data["q"] if form.is_valid() else ""

    areas = Area.objects.visible_to(request.user)
    people = search.find(text, areas=areas, limit=FOUND) if text else []
    context = {
        "form": form,
        "text": text,
        "people": people,
        "may_log": access.may_log(request.user),
    }
    return render(request, "ledger/hours_find.html", context)


@require_safe
@staff_page
def hours_member(request, key):
    member = files.fetch(request, key)

    has = holdings.of(member)
    asked = MovementRequest.objects.visible_to(request.user).about(member)
    rows = asked.select_related("member", "other", "area").order_by("-asked_at", "-pk")
    context = {
        "has": has,
        "frozen_since": closures.frozen_since(member) if has.frozen else None,
        "lines": _lines(member),
        "outcomes": outcomes.of(rows[:REQUESTS]),
        "starts": _starts(member, has),
        "may_log": access.may_log(request.user, member.area),
        "may_freeze": has.accounts and access.may_approve(request.user, member.area),
    }
    return files.show(request, member, "ledger/hours_member.html", context)


@require_POST
@staff_page
def hours_freeze(request, key):
    return _set_frozen(request, key, closures.freeze, _("The account is frozen."))


@require_POST
@staff_page
def hours_thaw(request, key):
    return _set_frozen(request, key, closures.thaw, _("The account is open again."))


def _set_frozen(request, key, act, done):
    member = files.fetch(request, key)

    try:
        act(member, by=request.user, at=timezone.now())
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)

    return redirect("hours_member", key)


def _lines(member):
    """The last entries, each with its words, its source and whether it may be reversed."""
    found = holdings.last_lines(member, limit=LINES)
    refused = journals.objections(member.area_id, [entry.journal for entry, _source in found])
    return [
        {
            "entry": entry,
            "kind": TransferKind(entry.kind).label,
            "source": source.label,
            "is_reversible": entry.journal not in refused,
        }
        for entry, source in found
    ]


def _starts(member, has):
    """The forms that make sense as the accounts stand, by their route."""
    if has.frozen:
        return {"hours_close": forms.CloseForm.title}
    offered = {
        "hours_donate": (forms.DonateForm, has.earned),
        "hours_gift": (forms.GiftForm, has.earned),
        "hours_redeem": (forms.RedeemForm, has.free),
        "hours_grant": (forms.GrantForm, hasattr(member, "elder")),
        "hours_opening": (forms.OpeningForm, True),
        "hours_move": (forms.MoveForm, has.earned or has.gifted),
    }
    return {route: form.title for route, (form, is_offered) in offered.items() if is_offered}
