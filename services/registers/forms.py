from django import forms
from django.conf import settings
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from members.models import Area
from services.models import RegisterRow
from services.registers import batches, workbook
from services.registers.headings import FIELDS, LABELS

NEEDED = ("name", "date", "volunteer", "elder", "category")
SELDOM = ("period", "minutes", "volunteer_phone", "elder_phone")


class UploadForm(forms.Form):
    """A workbook and the community that it belongs to."""

    file = forms.FileField(
        label=_("Workbook"),
        help_text=_("An Excel file (.xlsx) of volunteers, elders or visits, up to 20 MB."),
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".xlsx"}),
    )
    area = forms.ModelChoiceField(Area.objects.none(), label=_("Community"), empty_label=None)

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        reach = Area.objects.visible_to(user).communities().order_by("code")
        allowed = [area.pk for area in reach if batches.may_bring_in(user, area)]
        self.fields["area"].queryset = reach.filter(pk__in=allowed)

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > settings.REGISTER_MAX_BYTES:
            raise forms.ValidationError(workbook.TOO_LARGE)
        return file


class RowForm(forms.Form):
    """The cells of a refused row, as they are written."""

    def __init__(self, *args, row, **kwargs):
        self.row = row
        super().__init__(*args, **kwargs)
        for name in FIELDS[row.kind]:
            if name in SELDOM and name not in row.written:
                continue
            self.fields[name] = forms.CharField(
                label=LABELS[name],
                required=name in NEEDED,
                max_length=workbook.MAX_CELL,
                initial=row.written.get(name, ""),
                widget=forms.TextInput(attrs={"autocomplete": "off"}),
            )

    def written(self):
        """The cells anew; a blank one is left out, unless it was a blank one that counts."""
        cells = {
            name: value
            for name, value in self.cleaned_data.items()
            if value or (name == "banked" and name in self.row.written)
        }
        kept = {"extra": self.row.written["extra"]} if "extra" in self.row.written else {}
        return cells | kept


class RowsFilterForm(forms.Form):
    """Which rows of a register are shown."""

    kind = forms.ChoiceField(
        label=_("Rows"), required=False, choices=[("", _("all")), *RegisterRow.Kind.choices]
    )
    outcome = forms.ChoiceField(
        label=_("Outcome"), required=False, choices=[("", _("all")), *RegisterRow.Outcome.choices]
    )

    def narrow(self, rows):
        return rows.filter(**self._given())

    def query(self):
        return urlencode(self._given())

    def chosen(self):
        """The labels of what was chosen."""
        given = self._given()
        return [dict(self.fields[name].choices)[value] for name, value in given.items()]

    def _given(self):
        chosen = self.cleaned_data if self.is_valid() else {}
        return {name: value for name, value in chosen.items() if value}
