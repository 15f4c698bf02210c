from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from members import devices as rules


@require_safe
@never_cache
def my_devices(request):
    """A member's phones, tablets and computers in which they are signed in."""
    if request.user.member_id is None:
        return redirect("account")

    signed_in = request.user.devices.signed_in().order_by("-last_seen", "-pk")
    context = {"devices": signed_in, "here": request.session.session_key}
    return render(request, "account/my_devices.html", context)


@require_POST
def end(request, key):
    device = get_object_or_404(request.user.devices.all(), key=key)

    is_here = device.session == request.session.session_key
    rules.end(device, by=request.user, at=timezone.now())
    if is_here:
        request.session.flush()
        return redirect("home")

    messages.success(request, _("That device has to sign in again."))
    return redirect(_list_of(request.user))


@require_POST
def end_others(request):
    here = request.session.session_key

    rules.end_all(request.user, by=request.user, at=timezone.now(), but=here)

    messages.success(request, _("All other devices have to sign in again."))
    return redirect(_list_of(request.user))


def _list_of(user):
    return "my_devices" if user.member_id else "account"
