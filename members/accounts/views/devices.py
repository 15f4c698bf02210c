from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members import access, files, signing_in
from members import devices as rules
from members.accounts.forms import EndDeviceForm
from members.models import AccountEvent, Device


@require_safe
@never_cache
def my_devices(request):
    """A member's phones, tablets and computers in which they are signed in."""
    if request.user.member_id is None:
        return redirect("account")

    signed_in = request.user.devices.signed_in().order_by("-last_seen", "-pk")
    context = {"devices": signed_in, "here": request.session.session_key}
    return render(request, "account/my_devices.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@access.staff_page
def person_devices(request, key):
    """A tab of the file: where the member is signed in, and a way to end that for them."""
    member = files.fetch(request, key)
    may_end = access.may_log(request.user, member.area)
    if request.method == "POST" and not may_end:
        raise PermissionDenied

    of_member = Device.objects.filter(user__member=member)
    signed_in = of_member.signed_in().order_by("-last_seen", "-pk")
    form = EndDeviceForm(request.POST if request.method == "POST" else None, devices=signed_in)
    if form.is_bound and form.is_valid():
        told = {"by": request.user, "at": timezone.now()}
        if signing_in.end_devices(member, **form.cleaned_data, **told):
            messages.success(request, _("Whoever uses it has to sign in again."))
        return redirect("person_devices", key)

    ended = AccountEvent.objects.filter(user__member=member, kind=AccountEvent.Kind.DEVICE_ENDED)
    context = {"devices": signed_in, "form": form, "may_end": may_end}
    context["events"] = ended.select_related("by").order_by("-at", "-pk")
    return files.show(request, member, "account/person_devices.html", context)


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
