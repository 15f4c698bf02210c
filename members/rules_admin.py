"""The rules of eligibility in the administration: new versions, and their approval by another."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members import access, refusals, rules
from members.admin import AreaAdmin
from members.models import EligibilityRules


class RulesForm(forms.ModelForm):
    """A new version; an age that is left empty lets its rule not hold."""

    class Meta:
        model = EligibilityRules
        fields = [
            *("area", "effective_from", "age_a", "age_b", "age_c", "holds_d", "review_months"),
        ]

    def clean_effective_from(self):
        day = self.cleaned_data["effective_from"]
        if day < timezone.localdate():
            raise forms.ValidationError(str(refusals.InThePast()))
        return day


@admin.register(EligibilityRules)
class EligibilityRulesAdmin(AreaAdmin):
    """A version is added and approved, never edited: what was decided under an old one stays."""

    form = RulesForm
    list_display = ["effective_from", "area", "age_a", "age_b", "age_c", "holds_d", "state"]
    list_select_related = ["area", "author", "approver"]
    ordering = ["area__path", "-effective_from"]
    actions = ["approve"]

    @admin.display(description=gettext_lazy("state"))
    def state(self, version):
        if version.is_in_force_later:
            return _("approved")
        return _("waiting for a second person")

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        """Only the installer writes rules that hold everywhere."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "area":
            field.required = not request.user.is_superuser
        return field

    def save_model(self, request, obj, form, change):
        rules.propose(obj, by=request.user, at=timezone.now())

    def has_change_permission(self, request, obj=None):
        return False

    def has_approve_permission(self, request):
        return access.may_change_reference(request.user)

    @admin.action(description=gettext_lazy("Approve these versions"), permissions=["approve"])
    def approve(self, request, versions):
        for version in versions:
            try:
                rules.approve(version, by=request.user, at=timezone.now())
            except refusals.Refusal as refusal:
                messages.error(request, f"{version}: {refusal}")
            except PermissionDenied:
                messages.error(request, f"{version}: " + _("You may not decide this."))
            else:
                messages.success(request, _("Approved: %(version)s.") % {"version": version})
