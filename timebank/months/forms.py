from django import forms
from django.utils.translation import gettext_lazy as _


class CloseForm(forms.Form):
    """Closing a month; the reason only where something is still waiting."""

    reason = forms.CharField(
        label=_("Why it is closed all the same"),
        help_text=_("For example: the paper sheets are lost and nobody will approve them"),
        max_length=500,
    )

    def __init__(self, *args, is_all_done, **kwargs):
        super().__init__(*args, **kwargs)
        if is_all_done:
            del self.fields["reason"]


class ReturnForm(forms.Form):
    reason = forms.CharField(label=_("What is wrong with it"), max_length=500)
