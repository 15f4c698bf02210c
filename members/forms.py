import unicodedata

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members import access, phones, signing_in
from members.fields import WHO
from members.models import Look


class FindForm(forms.Form):
    """The person who is looked for."""

    q = forms.CharField(label=_("Person"), max_length=120, help_text=WHO)


class LookForm(forms.Form):
    """Which masked fields of a person somebody wants to see, and why."""

    fields_seen = forms.MultipleChoiceField(
        label=_("What do you need to see?"), widget=forms.CheckboxSelectMultiple
    )
    purpose = forms.ChoiceField(
        label=_("What for?"),
        choices=[choice for choice in Look.Purpose.choices if choice[0] != Look.Purpose.EXPORT],
        widget=forms.RadioSelect,
    )
    words = forms.CharField(
        label=_("In words"),
        max_length=200,
        required=False,
        help_text=_("Needed for something else. Write nothing here that should stay masked."),
    )

    def __init__(self, *args, masked, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["fields_seen"].choices = [
            (seen.name, f"{seen.label}: {', '.join(seen.values)}") for seen in masked
        ]

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("purpose") == Look.Purpose.OTHER and not cleaned.get("words"):
            self.add_error("words", _("Say in words what it is for."))
        return cleaned


class PhoneForm(forms.Form):
    phone = forms.CharField(
        label=_("Your mobile number"),
        max_length=30,
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "tel", "autofocus": True}
        ),
    )

    def clean_phone(self):
        try:
            number = phones.parse(self.cleaned_data["phone"])
        except phones.NotAPhone as refusal:
            raise forms.ValidationError(str(refusal)) from refusal
        if not phones.is_mobile(number):
            raise forms.ValidationError(_("A code can be sent to a mobile phone only."))
        return number


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("The six digits of the message"),
        max_length=20,
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True}
        ),
    )

    def clean_code(self):
        plain = unicodedata.normalize("NFKC", self.cleaned_data["code"])
        code = "".join(plain.replace("-", "").split())
        if not (len(code) == 6 and code.isascii() and code.isdigit()):
            raise forms.ValidationError(_("The code has six digits."))
        return code


class StaffSignInForm(AuthenticationForm):
    """Account and password of staff; members come in by their phone."""

    error_messages = AuthenticationForm.error_messages | {
        "invalid_login": _("Account and password do not fit. Please look at both."),
        "locked": _("Five wrong passwords. Wait 15 minutes, or ask your administrator."),
    }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("Account")

    def clean(self):
        account = self.cleaned_data.get("username")
        if not account or not self.cleaned_data.get("password"):
            return self.cleaned_data

        address = signing_in.address_of(self.request)
        try:
            signing_in.begin_attempt(account, address=address, at=timezone.now())
        except signing_in.Locked as refusal:
            raise forms.ValidationError(self.error_messages["locked"], "locked") from refusal
        cleaned = super().clean()
        signing_in.forget_attempts(account, address=address)
        return cleaned

    def confirm_login_allowed(self, user):
        """An account without any role is answered as a wrong password is."""
        super().confirm_login_allowed(user)
        if not access.is_staff(user):
            raise self.get_invalid_login_error()
