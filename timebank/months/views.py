"""The pages on which months are closed, within the admin site: for administrators and auditors."""

import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members import access
from members.models import Area
from services.models import MonthClosing
from timebank.months import closing, overview
from timebank.months.forms import CloseForm, ReturnForm
from timebank.reports import files, r1
from timebank.reports.periods import Period
from timebank.reports.reach import readable_areas
from timebank.reports.views import watermark

SAID = {
    "waiting": gettext_lazy("A second administrator has been asked to close the month."),
    "closed": gettext_lazy("The month is closed."),
    "returned": gettext_lazy("The month stays open. Who asked can read why."),
    "withdrawn": gettext_lazy("You have taken it back. The month stays open."),
}


@require_safe
def index(request, site):
    communities = readable_areas(request.user).communities()

    lines = overview.lines(communities, on=timezone.localdate())
    page = site | {"title": _("Closing of months"), "lines": lines}
    return render(request, "admin/months.html", page)


@require_http_methods(["GET", "HEAD", "POST"])
def month(request, code, month, site):
    """One month of one community: its figures, what is waiting, and closing it."""
    area = _community(request, code)
    first = _first_day(month)
    known = MonthClosing.objects.known(area, first)
    shown = _shown(request, area, first, known)

    if request.method == "POST" and not access.may_change_reference(request.user, area):
        raise PermissionDenied
    form = CloseForm(_sent(request), is_all_done=not shown["waiting"])
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data.get("reason", "")
        act = closing.ask, (area, first), {"reason": reason}
        return _done(request, area, first, *act)

    document = r1.as_document(r1.figures(area, Period.month_of(first)))
    shown |= {"report": document, "head": files.head(document), "watermark": watermark(request)}
    shown |= {"form": form, "query": f"area={area.code}&start={first}&end={document.period.end}"}
    return render(request, "admin/month.html", site | shown)


@require_POST
def decide(request, code, month, site):
    """The second person's answer, or the first one's withdrawal."""
    area = _community(request, code)
    first = _first_day(month)
    known = get_object_or_404(
        MonthClosing, area=area, month=first, state=MonthClosing.State.WAITING
    )

    if "withdraw" in request.POST:
        return _done(request, area, first, closing.withdraw, (known,), {})
    if "approve" in request.POST:
        return _done(request, area, first, closing.approve, (known,), {})

    form = ReturnForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say what is wrong with it."))
        return redirect("admin:month", area.code, month)
    return _done(request, area, first, closing.send_back, (known,), form.cleaned_data)


def _community(request, code):
    return get_object_or_404(readable_areas(request.user).communities(), code=code)


def _first_day(month):
    try:
        return datetime.datetime.strptime(month, "%Y-%m").date()
    except ValueError:
        raise Http404 from None


def _sent(request):
    """What was sent, which may be nothing: the form is empty where no reason is needed."""
    return request.POST if request.method == "POST" else None


def _shown(request, area, first, known):
    """What the page says of the month, and offers to this reader."""
    is_due = first == closing.due(area, on=timezone.localdate())
    is_open = known is None or known.state not in ("waiting", "closed")
    may = access.may_change_reference(request.user, area)
    return {
        "title": _("Closing of a month"),
        "area": area,
        "month": first,
        "closing": known,
        "is_due": is_due and is_open,
        "waiting": closing.waiting(area, first) if is_due else [],
        "may_close": may and is_due and is_open,
        "may_decide": known and closing.may_decide(known, by=request.user),
        "may_withdraw": known and known.state == "waiting" and known.author == request.user,
        "two_persons": closing.needs_second_person(area, on=timezone.localdate()),
    }


def _done(request, area, first, verb, what, how):
    """Call the verb and say what came of it."""
    try:
        closed = verb(*what, by=request.user, at=timezone.now(), **how)
    except closing.Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, SAID[closed.state])
    return redirect("admin:month", area.code, f"{first:%Y-%m}")


def home_card(user):
    """The month that can be closed, for the admin's home; None where there is nothing to do."""
    areas = Area.objects.none() if user.is_anonymous else readable_areas(user).communities()
    lines = [line for line in overview.lines(areas, on=timezone.localdate()) if line.month]
    if not lines:
        return None
    one = lines[0]
    return {
        "url": one.url if len(lines) == 1 else reverse("admin:months"),
        "month": one.month,
        "area": one.area if len(lines) == 1 else None,
        "communities": len(lines),
        "asked": sum(line.asked is not None for line in lines),
        "waiting": closing.waiting(one.area, one.month) if len(lines) == 1 else [],
    }
