from functools import wraps

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ledger import accounts, approvals, donations, gifts, outcomes, requests, statements
from ledger.models import MovementRequest, RequestKind
from members import phones, signing_in
from members.forms import CodeForm
from timebank import passbook
from timebank.my_hours import asked
from timebank.my_hours.forms import FORMS

# Where the asking stands, in the session: see `timebank.my_hours.asked`.
PENDING = "my_hours"
LATEST = 30
UNDO = {RequestKind.DONATE: donations.undo, RequestKind.GIFT: gifts.undo}


def member_page(view):
    """For members and their own hours; staff have pages of their own."""

    @wraps(view)
    def guarded(request, *args, **kwargs):
        if request.user.member_id is None:
            return redirect("home")
        return view(request, *args, **kwargs)

    return never_cache(guarded)


@require_safe
@member_page
def my_hours(request):
    member = request.user.member
    latest = _own(request).order_by("-asked_at", "-pk")[:LATEST]

    return render(
        request,
        "my_hours/my_hours.html",
        {
            "holdings": statements.holdings_of(member),
            "is_frozen": accounts.is_frozen(member.area_id, member.key),
            "latest": outcomes.of(latest),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def ask(request, kind):
    form = FORMS[kind](request.POST if request.method == "POST" else None, user=request.user)

    if form.is_bound and form.is_valid() and (goal := begin(request, form)):
        return goal

    member = request.user.member
    holdings = statements.holdings_of(member)
    context = {
        "form": form,
        "is_frozen": accounts.is_frozen(member.area_id, member.key),
        "holdings": holdings,
        "usable": passbook.parts(asked.usable(kind, holdings)),
    }
    return render(request, f"my_hours/{kind}.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def confirm(request):
    pending = request.session.get(PENDING)
    if pending is None:
        return redirect("my_hours")
    member = _holder(request, pending)
    if asked.filed(pending, by=request.user):
        return _filed(pending)

    numbers = asked.mobiles(request.user.member)
    if request.method == "POST" and _send_code(request, pending, numbers):
        return redirect("my_hours_code")

    context = _shown(request, pending, member) | {"numbers": [phones.mask(n) for n in numbers]}
    return render(request, "my_hours/confirm.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def code(request):
    pending = request.session.get(PENDING, {})
    if "phone" not in pending:
        return redirect("my_hours_confirm")
    member = _holder(request, pending)
    if asked.filed(pending, by=request.user):
        return _filed(pending)

    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and _confirm(request, form, pending):
        if pending.get("elder"):
            messages.success(request, _("We have your request. It waits for a second person."))
        return _filed(pending)

    context = _shown(request, pending, member) | {
        "form": form,
        "masked": phones.mask(pending["phone"]),
    }
    return render(request, "my_hours/code.html", context)


@require_safe
@member_page
def detail(request, key):
    found = get_object_or_404(_own(request), key=key)

    until = requests.undone_until(found)
    context = {
        "asked": found,
        "outcome": outcomes.of([found])[0],
        "until": until if until and timezone.now() <= until else None,
        "may_withdraw": found.state == "waiting" and found.author_id == request.user.pk,
    }
    return render(request, "my_hours/request.html", context)


@require_POST
@member_page
def undo(request, key):
    found = get_object_or_404(_own(request), key=key)

    try:
        if found.kind not in UNDO:
            raise requests.CannotBeUndone
        UNDO[found.kind](found, by=request.user, at=timezone.now())
    except requests.Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("You have your hours back."))

    return redirect("my_hours_request", key)


@require_POST
@member_page
def withdraw(request, key):
    found = get_object_or_404(_own(request).filter(author=request.user), key=key)

    try:
        approvals.withdraw(found, by=request.user, at=timezone.now())
    except requests.Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("You have taken your request back."))

    return redirect("my_hours_request", key)


def _own(request):
    return MovementRequest.objects.visible_to(request.user).select_related(
        "other", "area", "agency__agent"
    )


def begin(request, form):
    """Where to go on from a form that the rules accept; None with the reason on it otherwise."""
    pending = form.asked()
    if asked.filed(pending, by=request.user):
        return _filed(pending)
    try:
        asked.rehearse(pending, by=request.user, at=timezone.now())
    except requests.Refusal as refusal:
        form.refuse(refusal)
        return None
    request.session[PENDING] = pending
    return redirect("my_hours_confirm")


def _holder(request, pending):
    """Whose hours it is about; nothing is shown to an agent who may not ask any more."""
    member = asked.holder(pending, by=request.user, at=timezone.now())
    if member is None:
        raise Http404
    return member


def _filed(pending):
    """Where what was asked for is seen: on its page, or an agent's on that of the elder."""
    if pending.get("elder"):
        return redirect("acting_for", pending["elder"])
    return redirect("my_hours_request", pending["key"])


def _send_code(request, pending, numbers):
    """Whether a code is on its way to the member's phone that was pressed."""
    pressed = request.POST.get("phone", "")
    if pressed not in [str(place) for place in range(len(numbers))]:
        return False
    phone = numbers[int(pressed)]
    address = signing_in.address_of(request)
    try:
        asked.send_code(pending, phone, address=address, at=timezone.now())
    except signing_in.TooManyCodes:
        said = _("Too many codes were asked for. Wait 15 minutes, or call us.")
        messages.error(request, said)
        return False
    request.session[PENDING] = pending | {"phone": phone}
    return True


def _confirm(request, form, pending):
    """The request, filed; None with the reason on the form."""
    typed = form.cleaned_data["code"]
    try:
        return asked.confirm(pending, typed, by=request.user, at=timezone.now())
    except signing_in.CodeSpent:
        form.add_error("code", _("This code no longer works. Please have a new one sent."))
    except signing_in.WrongCode:
        form.add_error("code", _("This is not the code that we sent last. Please look again."))
    except requests.Refusal as refusal:
        form.add_error(None, str(refusal))
    return None


def _shown(request, pending, member):
    """What is about to happen, for the words of the page; `elder` is whom an agent asks for."""
    shown = {"asked": asked.unsaved(pending, member)}
    if member != request.user.member:
        return shown | {"elder": member, "back": reverse("acting_ask", args=[member.key])}
    holdings = statements.holdings_of(member)
    most = asked.usable(pending["kind"], holdings, for_relative=bool(pending["other"]))
    back = reverse(f"my_hours_{pending['kind']}")
    return shown | {"back": back, "left": max(most - pending["minutes"], 0)}
