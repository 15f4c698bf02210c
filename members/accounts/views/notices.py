from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from members import access
from members import notices as rules
from members.models import Notice

LATEST = 100


@require_safe
@access.staff_page
def notice_list(request):
    """Messages that did not arrive, until somebody has taken care of them."""
    now = timezone.now()
    failed = Notice.objects.visible_to(request.user).to_look_at()

    rows = failed.select_related("member__area", "code").order_by("-made_at", "-pk")[:LATEST]
    may_act = access.may_log(request.user)
    listed = [(row, may_act and rules.may_be_repeated(row, at=now)) for row in rows]
    return render(request, "account/notice_list.html", {"listed": listed, "may_act": may_act})


@require_POST
@access.staff_page
def again(request, key):
    notice = _within_reach(request, key)

    try:
        rules.send_again(notice, by=request.user, at=timezone.now())
    except rules.NothingToRepeat:
        messages.error(request, _("This message cannot be sent again."))
    else:
        messages.success(request, _("The message is on its way again."))

    return redirect("notice_list")


@require_POST
@access.staff_page
def set_aside(request, key):
    notice = _within_reach(request, key)

    rules.set_aside(notice, by=request.user, at=timezone.now())

    messages.success(request, _("The message has left the list."))
    return redirect("notice_list")


def _within_reach(request, key):
    """A message to somebody within reach, where the user enters visits; an auditor only reads."""
    seen = Notice.objects.visible_to(request.user).select_related("member__area")
    notice = get_object_or_404(seen, key=key)
    if not access.may_log(request.user, notice.member.area):
        raise PermissionDenied
    return notice
