from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members import access
from members.fields import WHO, PersonInput, ReadField, look_up, read_date, read_past_date
from members.models import Member
from services.models import Category
from services.papers import certificates


class PersonForm(forms.Form):
    """One person, looked up among those of `areas`; `side` narrows it to volunteers or elders."""

    side: str | None = None
    person = forms.CharField(label=_("Person"), max_length=80, help_text=WHO)

    def __init__(self, *args, areas, **kwargs):
        super().__init__(*args, **kwargs)
        self.areas = areas
        self.fields["person"].widget = PersonInput(self.side or "")

    def clean_person(self):
        """The member who was chosen, or whom the text can only mean."""
        people = Member.objects.here().filter(area__in=self.areas).select_related("area")
        if self.side:
            people = people.filter(**{f"{self.side}__isnull": False})
        chosen = people.filter(key=self.fields["person"].widget.chosen()).first()
        return chosen or look_up(self, "person", side=self.side, areas=self.areas)


class CertificateForm(PersonForm):
    """Whose service is certified, from when until when; then what was looked at before issuing."""

    side = "volunteer"
    start = ReadField(read_date, label=_("First day"))
    end = ReadField(read_past_date, label=_("Last day"))
    key = forms.UUIDField(widget=forms.HiddenInput, required=False)
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, areas=access.areas_to_log(user), **kwargs)
        today = timezone.localdate()
        self.initial = {"start": f"{today.replace(month=1, day=1)}", "end": f"{today}"}

    def clean(self):
        found = self.cleaned_data
        if found.get("start") and found.get("end") and found["end"] < found["start"]:
            self.add_error("end", _("The last day lies before the first."))
        return found

    def certificate(self):
        """What `services.papers.certificates.issue` wants to know, but who issues it and when."""
        names = {"member": "person", "start": "start", "end": "end", "seen": "seen", "key": "key"}
        return {name: self.cleaned_data[field] for name, field in names.items()}

    def preview(self):
        """The figures that would be certified, with whom they are of; None while it is unclear."""
        found = self.cleaned_data if self.is_bound else {}
        if not all(found.get(name) for name in ("person", "start", "end")):
            return None
        member, start, end = (found[name] for name in ("person", "start", "end"))
        figures = certificates.figures(member, start=start, end=end)
        names = Category.objects.in_bulk([code for code, _visits, _minutes in figures.by_category])
        rows = [
            {"name": names[code], "visits": visits, "minutes": minutes}
            for code, visits, minutes in figures.by_category
        ]
        return {"member": member, "start": start, "end": end, "figures": figures, "rows": rows}


class WithdrawForm(forms.Form):
    """Why a certificate no longer holds; staff read it, the public does not."""

    reason = forms.CharField(label=_("Why it no longer holds"), max_length=500)
