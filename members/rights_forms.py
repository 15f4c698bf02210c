"""What staff fill in about a person's rights: eligibility, kin, consents."""

import uuid

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members import phones
from members.eligibility import Rule
from members.fields import WHO, PersonInput, ReadField, look_up, read_date, read_past_date
from members.models import Agent, Consent, Kinship, Member, Purpose, Relation


class KeyedForm(forms.Form):
    """A form that is sent once: its key makes a second sending harmless."""

    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("key", uuid.uuid4())

    def refuse(self, refusal):
        """Say what a rule forbids, at the field that it is about."""
        self.add_error(refusal.field if refusal.field in self.fields else None, str(refusal))


class AssessmentForm(KeyedForm):
    """Which rule holds: the computed one, or what two persons decide."""

    result = forms.ChoiceField(label=_("Which rule holds"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=500,
        help_text=_("Needed where you decide otherwise than computed. No names of illnesses."),
    )

    def __init__(self, *args, computed, rules, **kwargs):
        super().__init__(*args, **kwargs)
        possible = {computed, Rule.NONE, *([Rule.D] if rules.holds_d else [])}
        self.fields["result"].choices = [(r.value, r.label) for r in Rule if r in possible]
        self.initial.setdefault("result", computed.value)


class KinForm(KeyedForm):
    relative = forms.CharField(
        label=_("Relative"), max_length=80, help_text=WHO, widget=PersonInput
    )
    relation = forms.ChoiceField(
        label=_("What the relative is to this person"),
        choices=[("", _("choose")), *Relation.choices],
    )
    proof = forms.ChoiceField(
        label=_("Which document you have seen"),
        choices=[("", _("choose")), *Kinship.Proof.choices],
    )
    proof_note = forms.CharField(
        label=_("What it says"),
        required=False,
        max_length=200,
        help_text=_("Like page 3. Needed for another document."),
    )
    seen_on = ReadField(
        read_past_date, label=_("Seen on"), help_text=_("Like 11-22, yesterday or -1.")
    )

    def __init__(self, *args, areas, **kwargs):
        super().__init__(*args, **kwargs)
        self.areas = areas
        self.initial.setdefault("seen_on", timezone.localdate().isoformat())

    def clean(self):
        found = self.cleaned_data
        if found.get("proof") == Kinship.Proof.OTHER and not found.get("proof_note"):
            self.add_error("proof_note", _("Say which document shows it."))
        return find(self, "relative")


class EndForm(forms.Form):
    """From when on two people are no longer kin."""

    ended_on = ReadField(read_past_date, label=_("Ended on"))


class WordForm(forms.Form):
    """One word about one purpose; `act` is the button that was pressed."""

    purpose = forms.ChoiceField(choices=Purpose.choices)
    act = forms.ChoiceField(choices=Consent.Act.choices)
    how = forms.ChoiceField(
        label=_("How it was said"),
        choices=[c for c in Consent.How.choices if c[0] != Consent.How.OWN],
    )
    witness = forms.CharField(label=_("Witness"), required=False, max_length=60)


class ContactForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=60)
    relation = forms.CharField(label=_("Relation"), max_length=40, required=False)
    phone = forms.CharField(label=_("Phone"), max_length=30)

    def clean_phone(self):
        try:
            return phones.parse(self.cleaned_data["phone"])
        except phones.NotAPhone as refusal:
            raise forms.ValidationError(str(refusal)) from None


class AgentForm(KeyedForm):
    """Who acts for the elder, in what, until when, and how the elder said so."""

    agent = forms.CharField(label=_("Agent"), max_length=80, help_text=WHO, widget=PersonInput)
    scopes = forms.MultipleChoiceField(
        label=_("What the agent may do"),
        choices=Agent.Scope.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    until = ReadField(
        read_date, label=_("Until"), required=False, help_text=_("Empty: until it is revoked.")
    )
    how = forms.ChoiceField(
        label=_("How the elder said it"),
        choices=[c for c in Consent.How.choices if c[0] != Consent.How.OWN],
    )
    witness = forms.CharField(
        label=_("Witness"), required=False, max_length=60, help_text=_("Where it was spoken.")
    )

    def __init__(self, *args, areas, **kwargs):
        super().__init__(*args, **kwargs)
        self.areas = areas

    def clean(self):
        return find(self, "agent")


def find(form, name):
    """Turn what was typed or chosen in the field into a member within the form's areas."""
    found = form.cleaned_data
    if found.get(name):
        chosen = form.fields[name].widget.chosen()
        people = Member.objects.filter(area__in=form.areas)
        person = people.filter(key=chosen).first() if chosen else None
        person = person or look_up(form, name, side=None, areas=form.areas)
        if person:
            found[name] = person
    return found
