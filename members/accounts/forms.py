from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from members import lockout, tries
from members.models import AccountEvent, Device


class StaffSignInForm(AuthenticationForm):
    """Account and password of staff; members come in by their phone."""

    # The same for whatever is wrong: nobody learns which accounts there are, or are locked.
    error_messages = AuthenticationForm.error_messages | {
        "invalid_login": _(
            "This did not work. Please look at account and password once more. After five wrong "
            "passwords, wait 15 minutes, or ask your administrator."
        ),
    }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("Account")

    def clean(self):
        """One password of an account at a time, so that of many at once five are looked at."""
        account = self.cleaned_data.get("username")
        with transaction.atomic():
            if account:
                counted = lockout.account_of(self.request, {"username": account})
                tries.wait_in_line(f"members.lockout.{counted}")
            try:
                return super().clean()
            except forms.ValidationError as error:  # kept until the count of it is committed
                refusal = error
        raise refusal


class EndDeviceForm(forms.Form):
    """Why a member is signed out by staff; `device` is the button that was pressed, or all."""

    why = forms.ChoiceField(label=_("Why?"), choices=AccountEvent.Why, widget=forms.RadioSelect)
    device = forms.ModelChoiceField(
        Device.objects.none(),
        required=False,
        to_field_name="key",
        error_messages={"invalid_choice": _("Nobody is signed in on this device any more.")},
    )

    def __init__(self, *args, devices, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["device"].queryset = devices


class OneCodeForm(forms.Form):
    """A code of the app; where `or_paper`, also a recovery code."""

    code = forms.CharField(
        label=_("The six digits that the app shows"),
        max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autofocus": True, "inputmode": "numeric"}
        ),
    )

    def __init__(self, *args, or_paper=False, **kwargs):
        super().__init__(*args, **kwargs)
        if or_paper:
            self.fields["code"].label = _("The six digits of the app, or a recovery code")
            del self.fields["code"].widget.attrs["inputmode"]
