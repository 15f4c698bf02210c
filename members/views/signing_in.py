from datetime import datetime

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from members import phones, signing_in
from members.forms import CodeForm, PhoneForm
from members.models import Member

# Where a sign-in stands, in the session: phone, where to go, and who passed the code and when.
PENDING = "sign_in"


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request):
    if request.user.is_authenticated:
        return redirect("home")

    goal = request.POST.get("next", request.GET.get("next", ""))
    form = PhoneForm(request.POST or None)
    if form.is_valid():
        phone = form.cleaned_data["phone"]
        address = signing_in.address_of(request)
        try:
            signing_in.send_code(phone, address=address, at=timezone.now())
        except signing_in.TooManyCodes:
            form.add_error(None, _("Too many codes were asked for. Wait 15 minutes, or call us."))
        else:
            request.session[PENDING] = {"phone": phone, "next": goal}
            return redirect("sign_in_code")
    return render(request, "members/sign_in.html", {"form": form, "next": goal})


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_code(request):
    pending = request.session.get(PENDING)
    if pending is None:
        return redirect("sign_in")

    form = CodeForm(request.POST or None)
    if form.is_valid():
        now = timezone.now()
        try:
            people = signing_in.check_code(pending["phone"], form.cleaned_data["code"], at=now)
        except signing_in.CodeSpent:
            form.add_error("code", _("This code no longer works. Please have a new one sent."))
        except signing_in.WrongCode:
            form.add_error("code", _("This is not the code that we sent last. Please look again."))
        else:
            if len(people) == 1:
                return _enter(request, people[0])
            passed = {"people": [member.pk for member in people], "passed_at": now.isoformat()}
            request.session[PENDING] = pending | passed
            return redirect("sign_in_who")
    shown = {"form": form, "pending": pending, "masked": phones.mask(pending["phone"])}
    return render(request, "members/sign_in_code.html", shown)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_who(request):
    pending = request.session.get(PENDING, {})
    if not _has_just_passed(pending):
        return redirect("sign_in")

    people = Member.objects.filter(pk__in=pending["people"]).order_by("name", "pk")
    if request.method == "POST":
        chosen = [m for m in people if str(m.pk) == request.POST.get("member")]
        if not chosen:
            raise Http404
        return _enter(request, chosen[0])
    return render(request, "members/sign_in_who.html", {"people": people})


def _has_just_passed(pending):
    """Whether this visitor has passed the code, and not longer ago than a code lasts."""
    if "passed_at" not in pending:
        return False
    return timezone.now() - datetime.fromisoformat(pending["passed_at"]) < signing_in.CODE_LASTS


def _enter(request, member):
    goal = request.session.pop(PENDING)["next"]
    user = signing_in.user_for(member)
    login(request, user)
    request.session.set_expiry(settings.MEMBER_SESSION_SECONDS)
    if url_has_allowed_host_and_scheme(goal, {request.get_host()}, request.is_secure()):
        return redirect(goal)
    return redirect("home")
