import uuid

from django import forms
from django.utils.translation import gettext_lazy as _


class MergeForm(forms.Form):
    """Whose value is kept in each field where two records differ, and how one knows."""

    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args, differences, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["key"].initial = uuid.uuid4
        for one in differences:
            self.fields[one.code] = forms.ChoiceField(
                label=one.label,
                choices=[("kept", one.kept), ("gone", one.gone)],
                initial="gone" if one.takes else "kept",
                widget=forms.RadioSelect,
            )
        self.codes = [one.code for one in differences]
        self.fields["reason"] = forms.CharField(
            label=_("How do you know that it is one person?"),
            help_text=_("For example: the same identity card was shown for both."),
            max_length=500,
        )

    def taken(self):
        return [code for code in self.codes if self.cleaned_data[code] == "gone"]
