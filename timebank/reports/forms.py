from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members.models import Area
from members.parsing import NotUnderstood, parse_date
from timebank.reports.periods import NotAPeriod, Period


class DayField(forms.CharField):
    """A day in any way that people write it."""

    def __init__(self, **options):
        super().__init__(max_length=30, **options)

    def clean(self, value):
        text = super().clean(value)
        try:
            return parse_date(text, today=timezone.localdate(), counts_back=False)
        except NotUnderstood as problem:
            raise forms.ValidationError(str(problem)) from problem


class AreaField(forms.ModelChoiceField):
    """Areas with a step to the right for each level below."""

    def label_from_instance(self, area):
        depth = area.path.count("/") - 1
        return "\u3000" * depth + str(area)


class PeriodForm(forms.Form):
    """From which day to which; both days count."""

    start = DayField(label=_("First day"))
    end = DayField(label=_("Last day"))

    def clean(self):
        fields = super().clean()
        if "start" in fields and "end" in fields:
            try:
                fields["period"] = Period(fields["start"], fields["end"])
            except NotAPeriod as problem:
                self.add_error("end", str(problem))
        return fields


class ReportForm(PeriodForm):
    """Of which area as well."""

    field_order = ("area", "start", "end")

    area = AreaField(Area.objects.none(), to_field_name="code", label=_("Area"), empty_label=None)

    def __init__(self, *args, areas, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["area"].queryset = areas
