import json

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members import access, devices, guard
from members import drafts as rules


@require_POST
@access.staff_page
def stay(request):
    """Somebody is there, though no page was asked for."""
    devices.see(request.session, at=timezone.now(), is_staff=True, now_please=True)

    return HttpResponse(status=204)


@require_POST
@access.staff_page
def leave(request):
    """The page's own clock has run out: what was being typed is kept, and the session ends."""
    user, now = request.user, timezone.now()

    typed = _typed(request.POST.get("fields", ""))
    path = request.POST.get("path", "")
    is_kept = typed and rules.keep(user, path=path, fields=typed, was_sent=False, at=now)
    guard.leave(request, at=now)

    messages.info(request, _("You were signed out, as nobody used this page for a while."))
    if is_kept:
        messages.info(request, _("What you were typing is kept. Sign in to go on with it."))
    return redirect(f"{reverse('staff_sign_in')}?{urlencode({'next': path})}")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@access.staff_page
def draft(request):
    """What was kept: to send it, to open its form again, or to throw it away."""
    if request.method == "POST":
        rules.forget(request.user)
        messages.success(request, _("What was kept is thrown away."))
        return redirect("home")

    kept = rules.of(request.user, at=timezone.now())
    return render(request, "account/draft.html", {"kept": kept})


@require_safe
@never_cache
@access.staff_page
def fields(request):
    """For the page's script, which fills the form in again; then it is thrown away."""
    kept = rules.of(request.user, at=timezone.now())
    if kept is None:
        return JsonResponse({"path": "", "fields": []})

    return JsonResponse({"path": kept.path, "fields": kept.fields})


def _typed(written):
    """Pairs of name and value as the script has sent them; nothing when it is anything else."""
    try:
        pairs = [(name, value) for name, value in json.loads(written)]
    except (ValueError, TypeError):
        return []
    return pairs if all(isinstance(part, str) for pair in pairs for part in pair) else []
