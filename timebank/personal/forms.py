import uuid

from django import forms
from django.utils.translation import gettext_lazy as _

from members.models import DataRequest


class AskForm(forms.Form):
    """What is asked for; of an erasure also what becomes of hours on the account."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    kind = forms.ChoiceField(
        label=_("What is asked for?"), choices=DataRequest.Kind.choices, widget=forms.RadioSelect
    )
    hours_words = forms.CharField(
        label=_("Hours on the account"),
        help_text=_(
            "For an erasure with hours left: what the person says about them, for example"
            " “All to the public pool”."
        ),
        max_length=200,
        required=False,
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["key"].initial = uuid.uuid4


class IdentityForm(forms.Form):
    """How it was made sure that the person is who they say."""

    identity = forms.ChoiceField(
        label=_("How did you make sure who they are?"),
        choices=DataRequest.Identity.choices,
        widget=forms.RadioSelect,
    )
