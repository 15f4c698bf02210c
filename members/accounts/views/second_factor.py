import django_otp
from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from members import access, devices
from members import second_factor as rules
from members.accounts.forms import OneCodeForm
from members.accounts.views.staff import way_on

# The secret that is being set up, in the session, and gone when it is confirmed.
PENDING = "new_authenticator"
NOT_NOW = gettext_lazy(
    "This is not the code that the app shows now. Each code works once: wait for the next one."
)
GET_POST = ["GET", "HEAD", "POST"]


@sensitive_post_parameters("code")
@never_cache
@require_http_methods(GET_POST)
@access.staff_page
def second_step(request):
    """After the password: the code of the app, or one from paper."""
    goal = request.POST.get("next", request.GET.get("next", ""))
    if django_otp.DEVICE_ID_SESSION_KEY in request.session or not request.user.has_second_factor():
        return redirect(way_on(request, goal))

    form = OneCodeForm(request.POST if request.method == "POST" else None, or_paper=True)
    if form.is_bound and form.is_valid() and (device := _proved(request, form)):
        _let_in(request, device)
        return redirect(way_on(request, goal))
    return render(request, "account/second_step.html", {"form": form, "next": goal})


@sensitive_post_parameters("code")
@never_cache
@require_http_methods(GET_POST)
@access.staff_page
def second_factor(request):
    """Set the app up; then the ten recovery codes are shown, this once."""
    goal = request.POST.get("next", request.GET.get("next", ""))
    if request.user.has_second_factor():
        return redirect("account")

    secret = request.session.setdefault(PENDING, rules.new_secret())
    form = OneCodeForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and (codes := _set_up(request, form, secret)):
        return render(
            request, "account/recovery_codes.html", {"codes": codes, "goal": way_on(request, goal)}
        )
    context = {"form": form, "next": goal, "offer": rules.offer(request.user, secret)}
    context["must_have"] = access.needs_second_factor(request.user)
    return render(request, "account/second_factor.html", context)


@sensitive_post_parameters("code")
@never_cache
@require_http_methods(GET_POST)
@access.staff_page
def recovery_codes(request):
    """Ten new ones, for a code of the app; the old ones end."""
    if not request.user.has_second_factor():
        return redirect("second_factor")

    form = OneCodeForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and _proved(request, form):
        codes = rules.renew_codes(request.user, at=timezone.now())
        return render(request, "account/recovery_codes.html", {"codes": codes, "goal": "/account/"})
    context = {"form": form, "left": rules.codes_left(request.user)}
    return render(request, "account/recovery_codes_new.html", context)


def _proved(request, form):
    """The device that accepts the code; None with the reason on the form."""
    try:
        return rules.prove(request.user, form.cleaned_data["code"], at=timezone.now())
    except rules.TooSoon:
        form.add_error("code", _("Please wait a little before you try again."))
    except rules.WrongCode:
        form.add_error("code", NOT_NOW)
    return None


def _set_up(request, form, secret):
    """The recovery codes; None with the reason on the form."""
    try:
        device, codes = rules.set_up(
            request.user, secret, form.cleaned_data["code"], at=timezone.now()
        )
    except rules.IsSetUp:
        form.add_error(None, _("This account has been set up in another window."))
    except rules.WrongCode:
        form.add_error(
            "code",
            _("This is not the code that the app shows now. Is the clock of the phone right?"),
        )
    else:
        del request.session[PENDING]
        _let_in(request, device)
        messages.success(request, _("From now on you sign in with your password and the app."))
        return codes
    return None


def _let_in(request, device):
    """The session gets another name, as at every step up; other half-open ones end."""
    before = request.session.session_key
    request.session.cycle_key()
    devices.moved(before, request.session)
    django_otp.login(request, device)
