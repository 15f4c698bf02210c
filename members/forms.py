import unicodedata

from django import forms
from django.utils.translation import gettext_lazy as _

from members import phones
from members.fields import WHO
from members.models import Look


class FindForm(forms.Form):
    """The person who is looked for."""

    q = forms.CharField(label=_("Person"), max_length=120, help_text=WHO)


# Reasons that are written down by what is done, and that nobody gives.
NOT_SAID = (Look.Purpose.EXPORT, Look.Purpose.AGENT)


class LookForm(forms.Form):
    """Which masked fields of a person somebody wants to see, and why."""

    fields_seen = forms.MultipleChoiceField(
        label=_("What do you need to see?"), widget=forms.CheckboxSelectMultiple
    )
    purpose = forms.ChoiceField(
        label=_("What for?"),
        choices=[choice for choice in Look.Purpose.choices if choice[0] not in NOT_SAID],
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
