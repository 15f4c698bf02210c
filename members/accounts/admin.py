"""Accounts in the administration: of staff, made, disabled, helped back in; phones of members."""

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members import access, devices, second_factor, staff_accounts, staffing
from members.admin import ReadOnlyAdmin, StaffingAdmin
from members.models import AccountEvent, Area, Authenticator, Device, StaffRole, User


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Why?"),
        max_length=300,
        help_text=_("Like: the phone is lost; I have seen the person. It is written down."),
    )


@admin.register(User)
class UserAdmin(StaffingAdmin, DjangoUserAdmin):
    """Accounts of staff. What they may do is said by their roles; members have no page here."""

    list_display = ["username", "first_name", "is_active", "has_app", "last_login"]
    list_filter = ["is_active"]
    search_fields = ["username", "first_name"]
    ordering = ["username"]
    filter_horizontal = []
    fieldsets = [
        (None, {"fields": ["username", "password", "first_name", "is_active"]}),
        (_("Sign-ins"), {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [(None, {"fields": ["username", "first_name", "password1", "password2"]})]
    readonly_fields = ["last_login", "date_joined"]
    actions = ["sign_out"]

    def get_queryset(self, request):
        """Those with a role in the reader's areas, and those who have none yet."""
        app = Authenticator.objects.filter(user=OuterRef("pk"), confirmed=True)
        staff = admin.ModelAdmin.get_queryset(self, request).filter(member=None)
        staff = staff.annotate(_has_authenticator=Exists(app))
        if request.user.is_superuser:
            return staff
        given = StaffRole.objects.filter(user=OuterRef("pk"))
        near = given.filter(area__in=Area.objects.visible_to(request.user))
        return staff.filter(Exists(near) | ~Exists(given), is_superuser=False)

    def has_change_permission(self, request, obj=None):
        """Whoever has a role elsewhere too is not changed from here: a password opens all of it."""
        if not super().has_change_permission(request):
            return False
        if obj is None or request.user.is_superuser:
            return True
        elsewhere = obj.roles.exclude(area__in=access.administered(request.user))
        return not obj.is_superuser and not elsewhere.exists()

    def save_model(self, request, obj, form, change):
        """A password that an administrator gives is changed by its owner at the first sign-in."""
        now = timezone.now()
        if change and "is_active" in form.changed_data and not obj.is_active:
            staffing.let_go(obj, by=request.user)
        super().save_model(request, obj, form, change)
        if not change:
            staff_accounts.password_given(obj, by=request.user, at=now)
        elif "is_active" in form.changed_data:
            staff_accounts.switch(obj, is_active=obj.is_active, by=request.user, at=now)

    def user_change_password(self, request, id, form_url=""):
        """The same for one that is set anew. Django gives the session another name here."""
        user, here = self.get_object(request, id), request.session.session_key
        before = user and user.password
        answer = super().user_change_password(request, id, form_url)
        devices.moved(here, request.session)
        user.refresh_from_db(fields=["password"])
        if user.password != before:
            staff_accounts.password_given(user, by=request.user, at=timezone.now())
        return answer

    @admin.display(description=_("second factor"), boolean=True)
    def has_app(self, user):
        return user.has_second_factor()

    @admin.action(description=_("Sign out everywhere"), permissions=["change"])
    def sign_out(self, request, users):
        for user in users:
            if not self.has_change_permission(request, user):
                raise PermissionDenied
            staff_accounts.sign_out(user, by=request.user, at=timezone.now())
        messages.success(request, _("Whoever uses these accounts has to sign in again."))

    def get_urls(self):
        page = self.admin_site.admin_view(self.remove_second_factor)
        place = path("<int:pk>/second-factor/", page, name="members_user_remove_second_factor")
        return [place, *super().get_urls()]

    def remove_second_factor(self, request, pk):
        """Help somebody back in whose phone is lost: with a reason, and never oneself."""
        user = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.has_change_permission(request, user) or user.pk == request.user.pk:
            raise PermissionDenied

        form = ReasonForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid():
            reason = form.cleaned_data["reason"]
            second_factor.remove(user, by=request.user, at=timezone.now(), reason=reason)
            messages.success(request, _("The account has no second factor any more."))
            return redirect(reverse("admin:members_user_change", args=[user.pk]))
        title = _("Take the second factor away")
        context = self.admin_site.each_context(request) | {
            "title": title,
            "form": form,
            "account": user,
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/remove_second_factor.html", context)


@admin.register(AccountEvent)
class AccountEventAdmin(ReadOnlyAdmin):
    """What was done to accounts of staff. Only grows."""

    list_display = ["at", "user", "kind", "reason", "by"]
    list_filter = ["kind"]
    list_select_related = ["user", "by"]
    search_fields = ["user__username", "user__first_name"]
    ordering = ["-at", "-pk"]

    def get_queryset(self, request):
        """Of the accounts whose page the reader may see."""
        accounts = self.admin_site._registry[User].get_queryset(request)
        return admin.ModelAdmin.get_queryset(self, request).filter(user__in=accounts)


@admin.register(Device)
class DeviceAdmin(ReadOnlyAdmin):
    """The phones on which members are remembered; staff find their own under their account."""

    list_display = ["member", "label", "since", "last_seen", "ended_at"]
    list_filter = [("ended_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user__member"]
    search_fields = ["user__member__name", "=user__member__number"]
    ordering = ["-last_seen", "-pk"]
    fields = ["member", "label", "since", "last_seen", "ended_at", "ended_by"]
    actions = ["end"]
    member_path = "user__member"

    @admin.display(description=_("member"), ordering="user__member__name")
    def member(self, device):
        return device.user.member

    @admin.action(description=_("Sign out on this device"), permissions=["end"])
    def end(self, request, found):
        self.check_areas(request, found)
        for device in found:
            devices.end(device, by=request.user, at=timezone.now())
        messages.success(request, _("Whoever uses these devices has to sign in again."))

    def has_end_permission(self, request):
        return access.may_change_reference(request.user)
