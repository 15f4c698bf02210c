from django import forms
from django.contrib.postgres.fields import ArrayField
from django.utils.translation import gettext_lazy as _

from ledger import policies
from ledger.models import Policy
from members.models import Area
from timebank.policies import differences
from timebank.reports.forms import AreaField, DayField


def _field_of(field, **options):
    """The form's field of a rule: whatever fields the model has."""
    if isinstance(field, ArrayField):
        return forms.MultipleChoiceField(
            choices=field.base_field.choices,
            widget=forms.CheckboxSelectMultiple,
            required=False,
            label=differences.label(field),
        )
    made = field.formfield(**options)
    if field.null:
        made.required = False
        made.help_text = _("Leave it empty for no limit.")
    return made


class VersionForm(forms.ModelForm):
    """A new version of the rules, filled with those of the version it is made from."""

    area = AreaField(Area.objects.none(), to_field_name="code", label=_("Area"), empty_label=None)
    effective_from = DayField(label=_("In force from"), help_text=_("Today or later"))

    class Meta:
        model = Policy
        fields = ["area", "effective_from", *(field.name for field in policies.rules())]
        formfield_callback = _field_of

    def __init__(self, *args, areas, base, **kwargs):
        values = {field.name: getattr(base, field.attname) for field in policies.rules()}
        initial = {"area": base.area and base.area.code, **values, **kwargs.pop("initial", {})}
        version = Policy(based_on=base, state=Policy.State.WAITING)
        super().__init__(*args, initial=initial, instance=version, **kwargs)
        self.fields["area"].queryset = areas


class ReturnForm(forms.Form):
    reason = forms.CharField(label=_("What is wrong with it"), max_length=500)
