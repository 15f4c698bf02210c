from django.contrib import messages
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from members import access, devices, drafts, second_factor, staff_accounts
from members.accounts.forms import StaffSignInForm


def way_on(request, goal):
    """Where somebody goes who is in: to what was kept for them, or where they wanted to go."""
    if drafts.exists(request.user, at=timezone.now()):
        return reverse("account_draft")
    is_ours = url_has_allowed_host_and_scheme(goal, {request.get_host()}, request.is_secure())
    return goal if is_ours else reverse("home")


class StaffSignIn(LoginView):
    """The first step; where a second one is due, the guard leads to it."""

    template_name = "members/staff_sign_in.html"
    authentication_form = StaffSignInForm
    redirect_authenticated_user = True

    def form_valid(self, form):
        super().form_valid(form)
        devices.remember(self.request, form.get_user(), at=timezone.now())
        return redirect(way_on(self.request, self.get_redirect_url()))


class SignOut(LogoutView):
    """Of staff and members; the device leaves the lists at once."""

    def post(self, request, *args, **kwargs):
        by = request.user if request.user.is_authenticated else None
        devices.end_session(request.session.session_key, by=by, at=timezone.now())
        return super().post(request, *args, **kwargs)


class ChangePassword(PasswordChangeView):
    """Chosen by the account's owner; other sessions end, as Django hangs them on the password."""

    template_name = "account/account_password.html"

    def dispatch(self, request, *args, **kwargs):
        """Members have no password. Staff without a role may have to change theirs all the same."""
        if request.user.member_id is not None:
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form):
        before = self.request.session.session_key
        super().form_valid(form)
        devices.moved(before, self.request.session)
        user, now = form.user, timezone.now()
        devices.end_all(user, by=user, at=now, but=self.request.session.session_key)
        was_first = user.must_change_password
        staff_accounts.password_changed(user)
        messages.success(self.request, _("Your new password holds from now on."))
        goal = self.request.GET.get("next", "")
        return redirect(way_on(self.request, goal) if was_first else "account")

    def get_success_url(self):
        return reverse("account")


@require_safe
@never_cache
@access.staff_page
def account(request):
    user = request.user
    signed_in = user.devices.signed_in().order_by("-last_seen", "-pk")

    context = {
        "devices": signed_in,
        "here": request.session.session_key,
        "roles": user.roles.select_related("area").order_by("area__path", "role"),
        "has_second_factor": user.has_second_factor(),
        "must_have": access.needs_second_factor(user),
        "codes_left": second_factor.codes_left(user),
    }
    return render(request, "account/account.html", context)
