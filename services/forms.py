import hashlib
import uuid
from datetime import datetime, timedelta

from django import forms
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from members import access, parsing
from members.fields import WHO, PersonInput, ReadField, look_up, read_date, read_minutes
from services.models import Category, Objection, Visit
from services.visits import named

SIDES = ("volunteer", "elder")
# Read of the enumerations once; from a callable, they are not copied into each form.
METHODS, CHOICES = Visit.Method.choices, Visit.Choice.choices


class CategoryChips(forms.RadioSelect):
    """Radio buttons that know how long such a visit usually takes."""

    def create_option(self, name, value, *args, **kwargs):
        option = super().create_option(name, value, *args, **kwargs)
        option["attrs"]["data-usual"] = self.usual.get(value, "")
        return option


class VisitForm(forms.Form):
    """One completed visit. The people are looked up within the user's reach."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    heeded = forms.CharField(widget=forms.HiddenInput, required=False, max_length=200)
    volunteer = forms.CharField(
        label=_("Volunteer"), max_length=80, help_text=WHO, widget=PersonInput("volunteer")
    )
    elder = forms.CharField(
        label=_("Elder"),
        max_length=80,
        help_text=WHO,
        widget=PersonInput("elder", "[name=volunteer_key]"),
    )
    service_date = ReadField(
        read_date, label=_("Date"), help_text=_("Like 11-22, yesterday or -1.")
    )
    minutes = ReadField(
        read_minutes,
        label=_("Minutes"),
        required=False,
        help_text=_("Like 90, 1.5 or 1小时30分."),
    )
    category = forms.CharField(label=_("What was done"), widget=CategoryChips)
    started_at = ReadField(
        parsing.parse_time,
        label=_("Start"),
        required=False,
        help_text=_("Like 15:30, where the sheet has it."),
    )
    method = forms.ChoiceField(
        label=_("Confirmed by"),
        choices=lambda: METHODS,
        initial=Visit.Method.SIGNATURE,
    )
    choice = forms.ChoiceField(label=_("Hours"), choices=lambda: CHOICES, initial=Visit.Choice.BANK)
    note = forms.CharField(
        label=_("Note"), required=False, max_length=500, help_text=_("Why, when it is late.")
    )

    USUAL = {
        "started_at": "",
        "method": Visit.Method.SIGNATURE,
        "choice": Visit.Choice.BANK,
        "note": "",
    }

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["volunteer"].widget.attrs["autofocus"] = not self.is_bound

    def offer(self, latest, *, again=None):
        """Fill an empty form: today, a new key, the last category; or `again` a visit undone."""
        categories = {one.code: one for one in Category.objects.order_by("position", "code")}
        recent = [visit.category_id for visit in latest]
        order = list(dict.fromkeys([*recent, *categories]))
        chips = self.fields["category"].widget
        chips.usual = {code: one.usual_minutes for code, one in categories.items()}
        chips.choices = [(code, str(categories[code])) for code in order]
        if self.is_bound:
            return
        category = again.category_id if again else order[0]
        self.initial = {
            "key": uuid.uuid4(),
            "service_date": timezone.localdate().isoformat(),
            "category": category,
            "minutes": categories[category].usual_minutes,
        }
        if again:
            self._fill(again)

    def _fill(self, visit):
        for side in SIDES:
            self.initial[side] = self.fields[side].widget.choose(getattr(visit, side))
        self.initial |= {
            "service_date": visit.service_date.isoformat(),
            "minutes": visit.served_minutes,
            "method": visit.method,
            "choice": visit.choice,
            "note": visit.note,
        }
        if visit.started_at:
            self.initial["started_at"] = timezone.localtime(visit.started_at).strftime("%H:%M")

    @property
    def more_is_open(self):
        """Whether something is to be seen under "More"."""
        return any(
            self[name].errors or str(self[name].value() or "") != str(usual)
            for name, usual in self.USUAL.items()
        )

    def clean(self):
        self._find_people_and_category()
        found = self.cleaned_data
        if found.get("category") and found.get("minutes") is None and "minutes" not in self.errors:
            found["minutes"] = found["category"].usual_minutes
        found["ended_at"] = None
        if all(found.get(name) for name in ("started_at", "service_date", "minutes")):
            start = datetime.combine(found["service_date"], found["started_at"])
            found["started_at"] = timezone.make_aware(start)
            found["ended_at"] = found["started_at"] + timedelta(minutes=found["minutes"])
        return found

    def visit(self):
        """What `services.visits.log` wants to know, but who enters it and when."""
        names = ("key", *SIDES, "category", "service_date", "minutes")
        more = ("started_at", "ended_at", "method", "choice", "note")
        told = {name: self.cleaned_data[name] for name in (*names, *more)}
        beside = {"area": told["volunteer"].area, "seen": self.seen(), "beside": self.beside}
        return told | beside

    def seen(self):
        """The codes of the doubts that were shown for just this content."""
        digest, _, codes = self.cleaned_data["heeded"].partition(":")
        if not codes:
            return ()
        return codes.split(",") if digest == self._digest() else ()

    def show(self, doubts):
        """Put on the page what to look at; saving the same once more says it was seen."""
        self.doubts = doubts
        codes = {*self.seen(), *(doubt.code for doubt in doubts)}
        self.data = self.data.copy()
        self.data["heeded"] = f"{self._digest()}:{','.join(sorted(codes))}"

    def _digest(self):
        content = sorted(
            (name, str(getattr(value, "pk", value)))
            for name, value in self.cleaned_data.items()
            if name != "heeded"
        )
        return hashlib.sha256(repr(content).encode()).hexdigest()[:32]

    def _find_people_and_category(self):
        """Turn what was typed or chosen into members and a category."""
        keys = {side: self.fields[side].widget.chosen() for side in SIDES}
        code = self.cleaned_data.pop("category", "")
        visit = {"day": self.cleaned_data.get("service_date"), "key": self.cleaned_data.get("key")}
        known = named.read(*(keys[side] for side in SIDES), code, **visit)
        for side in SIDES:
            if side in self.cleaned_data:
                found = self._within_reach(known.members.get(keys[side]))
                found = found or look_up(
                    self, side, side=side, areas=access.areas_to_log(self.user)
                )
                self.cleaned_data.pop(side, None)
                if found:
                    self.cleaned_data[side] = found
        found = [self.cleaned_data.get(side) for side in SIDES]
        is_as_chosen = [keys[side] for side in SIDES] == [member and member.key for member in found]
        self.beside = known.beside if is_as_chosen else None
        if known.category:
            self.cleaned_data["category"] = known.category
        elif code:
            self.add_error("category", _("Choose one of these."))

    def _within_reach(self, member):
        """The member, if the user may log a visit of theirs."""
        return member if member and access.may_log(self.user, member.area) else None


class ReturnForm(forms.Form):
    """Why a second person sends a visit back."""

    reason = forms.CharField(label=_("What is wrong with it"), max_length=500)


class ObjectionForm(forms.Form):
    """What is not right about a line, and the key that makes a second tap harmless."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    reason = forms.ChoiceField(
        label=_("What is not right?"),
        choices=lambda: Objection.Reason.choices,
        widget=forms.RadioSelect,
    )
    words = forms.CharField(
        label=_("What was it really like?"),
        required=False,
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["key"].initial = uuid.uuid4

    def clean(self):
        found = super().clean()
        is_other = found.get("reason") == Objection.Reason.OTHER
        if is_other and not found.get("words") and "words" not in self.errors:
            self.add_error("words", _("Say in a few words what it is."))
        return found


class CallForm(ObjectionForm):
    """The same, told by one of a visit's two people to the staff."""

    side = forms.ChoiceField(label=_("Who says so?"), widget=forms.RadioSelect)
    field_order = ["key", "side"]

    def __init__(self, *args, visit, **kwargs):
        super().__init__(*args, **kwargs)
        self.visit = visit
        self.fields["side"].choices = [(side, getattr(visit, side).name) for side in SIDES]

    def clean(self):
        found = super().clean()
        if side := found.pop("side", None):
            found["member"] = getattr(self.visit, side)
        return found


class AnswerForm(forms.Form):
    """What was found about a line that somebody says is not right."""

    outcome = forms.ChoiceField(
        label=_("What did you find?"),
        choices=lambda: Objection.Outcome.choices,
        widget=forms.RadioSelect,
    )
    words = forms.CharField(
        label=_("Answer"),
        max_length=500,
        help_text=_("In a few words, for the member: why it was right, or what you have mended."),
        widget=forms.Textarea({"rows": 3}),
    )


class PeriodForm(forms.Form):
    """From when until when; either may be left open."""

    since = ReadField(read_date, label=_("From"), required=False)
    until = ReadField(read_date, label=_("To"), required=False)

    def narrow(self, visits):
        """Those of the visits that lie in the period; all while it cannot be read."""
        found = self.cleaned_data if self.is_valid() else {}
        if found.get("since"):
            visits = visits.filter(service_date__gte=found["since"])
        if found.get("until"):
            visits = visits.filter(service_date__lte=found["until"])
        return visits

    def query(self):
        """The period as part of an address."""
        return urlencode({name: value for name, value in self.data.items() if name in self.fields})
