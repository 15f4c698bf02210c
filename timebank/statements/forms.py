from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from services.papers.forms import PersonForm
from timebank.reports.forms import AreaField, PeriodForm


class StatementForm(PeriodForm):
    """This year when nothing is asked for."""

    community = ""  # the code of an earlier community, where its statement is shown

    @classmethod
    def of(cls, asked):
        """The form of what was asked for in the address."""
        today = timezone.localdate()
        days = {"start": f"{today.replace(month=1, day=1)}", "end": f"{today}"}
        return cls(days | {name: asked[name] for name in days if name in asked})

    def clean_end(self):
        """A statement ends today at the latest: it tells nothing of days that have not come."""
        return min(self.cleaned_data["end"], timezone.localdate())

    def period(self):
        """The period asked for; None while it cannot be read."""
        return self.cleaned_data["period"] if self.is_valid() else None

    def query(self):
        """What leads to the very same period of the same community."""
        period = self.cleaned_data["period"]
        there = f"&community={self.community}" if self.community else ""
        return f"start={period.start}&end={period.end}{there}"


class FindForm(PersonForm):
    """Whose statement is wanted."""


class PrintAgainForm(forms.Form):
    """From which line on a passbook is printed again."""

    first = forms.IntegerField(label=_("From line"), min_value=1)
    key = forms.UUIDField(widget=forms.HiddenInput)


class YearlyForm(forms.Form):
    """Of which community and year all statements are wanted."""

    area = AreaField(queryset=None, to_field_name="code", label=_("Community"), empty_label=None)
    year = forms.TypedChoiceField(label=_("Year"), coerce=int)

    def __init__(self, *args, areas, first_year, **kwargs):
        super().__init__(*args, **kwargs)
        this_year = timezone.localdate().year
        years = range(this_year, min(first_year, this_year) - 1, -1)
        self.fields["year"].choices = [(year, year) for year in years]
        self.fields["area"].queryset = areas
        self.initial = {"year": this_year - 1 if len(years) > 1 else this_year}
