import re
import unicodedata
import uuid
from datetime import timedelta

from django import forms
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from ledger import relatives, requests
from ledger.models import RequestKind
from members import parsing, tries
from members.models import Member
from services.forms import ReadField, read_date

NOBODY = _(
    "We find nobody of this name with this end of the phone number in your community. "
    "Look at both once more, or call us."
)
LOOKED_UP = (5, timedelta(minutes=15))
SOMEBODY_ELSE, ONESELF = "other", "me"
AMONG = {RequestKind.GIFT: relatives.TO_GIVE, RequestKind.REDEEM: relatives.TO_REDEEM}
TOO_OFTEN = _("You have looked for somebody five times. Wait 15 minutes, or call us.")


class HoursForm(forms.Form):
    """How many hours, and the key that makes a second tap harmless."""

    kind = RequestKind.DONATE

    key = forms.UUIDField(widget=forms.HiddenInput)
    minutes = ReadField(
        parsing.parse_hours,
        label=_("How many hours?"),
        help_text=_("Like 2, 1.5 or 90分钟."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    def __init__(self, *args, user, member=None, **kwargs):
        """`member` is whose hours they are, where the user asks in an elder's name."""
        super().__init__(*args, **kwargs)
        self.user = user
        self.member = member or user.member
        self.fields["key"].initial = uuid.uuid4

    def asked(self):
        """What the session keeps; see `timebank.my_hours.asked`."""
        found = self.cleaned_data
        other, on = found.get("other"), found.get("on")
        return {
            "kind": str(self.kind),
            "key": str(found["key"]),
            "minutes": found["minutes"],
            "other": other and other.pk,
            "relation": found.get("relation", "") if other else "",
            "proof": found.get("proof", "") if other else "",
            "on": on and on.isoformat(),
            "reason": found.get("reason", ""),
            "elder": None if self.member == self.user.member else str(self.member.key),
        }

    def refuse(self, refusal):
        """Show what a rule forbids beside the field that it is about."""
        field = self.places.get(refusal.field, refusal.field)
        self.add_error(field if field in self.fields else None, str(refusal))

    @property
    def places(self):
        """Where the form asks for what a rule calls by another name."""
        return {"other": "name"}


class RelativeForm(HoursForm):
    """A relative: one of the member's kin on record, or in their own words somebody who is found by
    them alone, as nobody else is listed.
    """

    OF_RELATIVE = ("name", "phone", "relation", "proof")
    may_be_oneself = False

    kin = forms.ChoiceField(label=_("To whom?"), widget=forms.RadioSelect)
    name = forms.CharField(
        label=_("The relative's name"), max_length=60, help_text=_("As in the identity card.")
    )
    phone = forms.CharField(
        label=_("The last four digits of their phone"),
        max_length=30,
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
    )
    relation = forms.ChoiceField(
        label=_("What are they to you?"),
        widget=forms.RadioSelect,
    )
    proof = forms.CharField(
        label=_("What shows it?"),
        max_length=500,
        help_text=_("Like a household register or a marriage certificate. We look at it with you."),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["relation"].choices = [(one, one.label) for one in AMONG[self.kind]]
        self.kin = self._kin()
        if not self.kin:
            del self.fields["kin"]
            return
        named = [(key, _in_words(one)) for key, one in self.kin.items()]
        first = [(ONESELF, _("For me"))] if self.may_be_oneself else []
        self.fields["kin"].choices = [*first, *named, (SOMEBODY_ELSE, _("somebody else"))]
        self.fields["kin"].required = not self._is_typed
        for name in self.OF_RELATIVE:
            self.fields[name].required = False

    @property
    def more_is_open(self):
        """Whether the part for somebody who is not listed is unfolded: it is meant, or begun."""
        if not self.is_bound or self.data.get("kin") in self.kin:
            return False
        return self.data.get("kin") == SOMEBODY_ELSE or self._is_typed

    @property
    def places(self):
        """What is wrong with kin is said where they were chosen."""
        if self.is_bound and self.data.get("kin") in self.kin:
            return dict.fromkeys(("other", "relation", "proof"), "kin")
        return super().places

    def clean_phone(self):
        digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", self.cleaned_data["phone"]))
        if digits and (len(digits) < 4 or not digits.isascii()):
            raise forms.ValidationError(_("Write the last four digits."))
        if self.cleaned_data["phone"] and not digits:
            raise forms.ValidationError(_("Write the last four digits."))
        return digits

    def clean(self):
        """Look the relative up when all else is right: five times in 15 minutes, as one who tries
        numbers would learn them. Kin on record need no words; what was typed beside is left out."""
        found = super().clean()
        if kin := self.kin.get(found.get("kin")):
            for name in self.OF_RELATIVE:
                self.errors.pop(name, None)
            return found | {"other": kin.relative, "relation": str(kin.relation), "proof": ""}
        if self.more_is_open:
            self._ask_for_words()
        if self.errors or not found.get("name"):
            return found
        try:
            tries.count(f"relative of {self.user.pk}", *LOOKED_UP, at=timezone.now())
        except tries.TooMany:
            raise forms.ValidationError(TOO_OFTEN) from None
        found["other"] = self._relative(found["name"].strip(), found["phone"])
        if found["other"] is None:
            self.add_error("name", NOBODY)
        return found

    @property
    def _is_typed(self):
        return self.is_bound and any(self.data.get(name) for name in self.OF_RELATIVE)

    def _ask_for_words(self):
        for name in self.OF_RELATIVE:
            if name not in self.errors and not self.cleaned_data.get(name):
                self.add_error(name, self.fields[name].error_messages["required"])

    def _kin(self):
        """The kin on record to whom, or for whom, the rules let hours go, by the key of each."""
        found = relatives.of(self.member, among=AMONG[self.kind], on=timezone.localdate())
        return {
            str(one.relative.key): one
            for one in found
            if one.relative.standing == Member.Standing.HERE
            and (self.kind != RequestKind.GIFT or one.relative.area_id == self.member.area_id)
        }

    def _relative(self, name, end):
        member = self.member
        others = Member.objects.here().filter(area=member.area_id, name=name).exclude(pk=member.pk)
        fitting = [
            other
            for other in others.order_by("pk").prefetch_related("phones")
            if any(phone.number.endswith(end) for phone in other.phones.all())
        ]
        return fitting[0] if len(fitting) == 1 else None


def _in_words(kin):
    """The name, which is never broken, and what they are."""
    words = '<span><span class="name">{}</span> · {}</span>'
    return format_html(words, kin.relative, kin.relation.label)


class GiftForm(RelativeForm):
    kind = RequestKind.GIFT


class UseForm(HoursForm):
    """Hours to be used on a day by whose they are."""

    kind = RequestKind.REDEEM

    on = ReadField(
        read_date,
        label=_("On which day?"),
        help_text=_("The day on which you would like help."),
        widget=forms.DateInput({"type": "date"}),
    )
    reason = forms.CharField(
        label=_("Why now?"),
        required=False,
        max_length=500,
        help_text=_("Only needed before the usual age: for example an illness."),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        del self.fields["on"].widget.attrs["maxlength"]  # not an attribute of a date
        self.fields["on"].initial = lambda: timezone.localdate().isoformat()
        if not self._may_need_a_reason():
            del self.fields["reason"]

    def _may_need_a_reason(self):
        """Whether the member is, or may be, younger than those who use hours without a reason."""
        member, now = self.member, timezone.now()
        age = member.age_on(timezone.localdate(now))
        try:
            return age is None or age < requests.policy_for(member.area, now).redeem_age
        except requests.NoPolicy:
            return True

    def clean_on(self):
        if self.cleaned_data["on"] < timezone.localdate():
            raise forms.ValidationError(_("This day has passed."))
        return self.cleaned_data["on"]


class RedeemForm(UseForm, RelativeForm):
    """Hours to be used on a day: by the member, or by a relative where one is meant."""

    may_be_oneself = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in self.OF_RELATIVE:
            self.fields[name].required = False
        if self.kin:
            self.fields["kin"].label = _("For whom is the help?")
            self.fields["kin"].initial = ONESELF


FORMS = {RequestKind.GIFT: GiftForm, RequestKind.REDEEM: RedeemForm, RequestKind.DONATE: HoursForm}
