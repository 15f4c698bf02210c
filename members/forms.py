import unicodedata

from django import forms
from django.utils.translation import gettext_lazy as _

from members import phones
from members.fields import WHO


class FindForm(forms.Form):
    """The person who is looked for."""

    q = forms.CharField(label=_("Person"), max_length=120, help_text=WHO)


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
