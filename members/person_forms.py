"""The forms of a person, in the order of the paper form: to register, and to amend.

To amend, sensitive values are not shown: a blank box leaves them as they are on record.
"""

import datetime
import uuid

from django import forms
from django.core import signing
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members import access, joining, phones, stamps
from members.models import Area
from members.person_fields import (
    NOT_KNOWN,
    SIDES,
    ElderFields,
    Note,
    PersonFields,
    VolunteerFields,
)


class Registration(PersonFields):
    """A person who is registered now. `household` is somebody who lives at the same place."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    area = forms.ModelChoiceField(
        Area.objects.none(), label=_("Community"), to_field_name="code", empty_label=None
    )
    shares = forms.BooleanField(required=False)

    def __init__(self, *args, user, household=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.alike = []
        self.household = household
        self._offer_communities(user)
        self.initial.setdefault("key", uuid.uuid4())
        self.initial.setdefault("joined_on", timezone.localdate().isoformat())
        if household is None:
            del self.fields["shares"]
        else:
            self.initial["shares"] = True
            self.fields["shares"].label = _("Same phone and address as %(name)s") % {
                "name": household.name
            }
        self.fields["name"].widget.attrs["autofocus"] = not self.is_bound

    def _offer_communities(self, user):
        """The communities in which the user registers; the only one is not asked for."""
        reach = [area.pk for area in access.areas_to_log(user)]
        field = self.fields["area"]
        field.queryset = Area.objects.filter(pk__in=reach).communities().order_by("path")
        field.label_from_instance = str
        offered = list(field.queryset[:2])
        if self.household:
            self.initial["area"] = self.household.area.code
        if len(offered) == 1:
            field.widget = forms.HiddenInput()
            self.initial["area"] = offered[0].code

    def clean(self):
        found = super().clean()
        for name, told in joining.told_by(found.get("id_number")).items():
            found[name] = found.get(name) or told
        if found.get("shares"):
            theirs = [phone.number for phone in self.household.phones.all()]
            found["phones"] = found.get("phones") or theirs
            found["address"] = found.get("address") or self.household.address
        return found

    def heeded(self):
        """Those whom somebody has looked at and called somebody else."""
        written = self.data.getlist("heeded") if self.is_bound else []
        return {key for part in written for key in _keys(part)}

    def renew(self):
        """Give the form another key."""
        self.data = self.data.copy()
        self.data["key"] = uuid.uuid4()

    def told(self):
        """What `registration.register` wants to know, but who enters it and when."""
        found = self.cleaned_data
        names = ("key", "area", "name", "id_number", "sex", "birth_date", "phones", "address")
        told = {name: found[name] for name in (*names, "note")}
        told[self.side] = {name: found[name] for name in SIDES[self.side].base_fields}
        told[self.side] = {k: v for k, v in told[self.side].items() if v is not None}
        return told | {"phones": told["phones"] or [], "heeded": self.heeded()}


class VolunteerRegistration(Note, VolunteerFields, Registration):
    side = "volunteer"
    field_order = ["name", "id_number", "sex", "birth_date", "phones", "area"]


class ElderRegistration(Note, ElderFields, Registration):
    side = "elder"
    field_order = VolunteerRegistration.field_order


REGISTRATION = {form.side: form for form in (VolunteerRegistration, ElderRegistration)}


def _keys(text):
    for part in text[:4000].split(","):
        try:
            yield uuid.UUID(part)
        except ValueError:
            continue


class Amendment(PersonFields):
    """What is known of a person, changed. Sensitive boxes are blank: what stays blank stays.

    `seen` carries stamps of what the form was filled with. Made from a registration that turned
    out to be about somebody on record, `typed` has what was written there.
    """

    seen = forms.CharField(widget=forms.HiddenInput)
    gone = forms.MultipleChoiceField(
        label=_("These phones are no longer theirs"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    SECRET = ("id_number", "phones", "income", "capability", "contact_phone", "guardian_phone")
    SALT = "members.amendment"

    def __init__(self, *args, member, add=None, typed=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.member, self.add = member, add
        known = stamps.values(member)
        self.shown = {n: _shown(known[n]) for n in self.fields if n in known and self._is_open(n)}
        self.initial = dict(self.shown)
        for name in self.fields:
            if typed and typed.get(name) and name not in ("seen", "gone"):
                self.initial[name] = typed[name]
        self.initial["seen"] = signing.dumps(dict(stamps.of(member)), salt=self.SALT)
        for name in self.SECRET:
            if name in self.fields:
                self._hide(name, known[name])
        self.fields["phones"].label = _("Another phone")
        self.fields["gone"].choices = [
            (str(phone.pk), phones.mask(phone.number)) for phone in member.phones.all()
        ]

    def _is_open(self, name):
        return name not in self.SECRET

    def _hide(self, name, value):
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            blank = _("as on record") if value else NOT_KNOWN[1]
            field.choices = [("", blank), *(choice for choice in field.choices if choice[0])]
        elif value:
            self.on_record |= {name}
            field.help_text = _("On record. Blank leaves it as it is.")

    on_record = frozenset()

    def clean(self):
        found = super().clean()
        if (
            self.member.birth_date
            and not found.get("birth_date")
            and "birth_date" not in self.errors
        ):
            self.add_error("birth_date", _("Correct the birth date; it cannot be taken away."))
        return found

    def clean_seen(self):
        try:
            return signing.loads(self.cleaned_data["seen"], salt=self.SALT)
        except signing.BadSignature as refusal:
            raise forms.ValidationError(_("This form is too old. Open it again.")) from refusal

    def told(self):
        """What `registration.amend` wants to know: only what is not as the form showed it."""
        found = self.cleaned_data
        changed = {name: found[name] for name in self.fields if self._is_changed(name)}
        if found["gone"] or found["phones"]:
            keep = [p.number for p in self.member.phones.all() if str(p.pk) not in found["gone"]]
            changed["phones"] = [*keep, *(found["phones"] or [])]
        told = {name: changed[name] for name in (*stamps.MEMBER, "phones") if name in changed}
        for side, form in SIDES.items():
            of_side = {name: changed[name] for name in form.base_fields if name in changed}
            if of_side or side == self.add:
                told[side] = {k: BLANK.get(k) if v is None else v for k, v in of_side.items()}
        return told

    def _is_changed(self, name):
        if name in ("seen", "gone", "phones"):
            return False
        value = self.cleaned_data[name]
        if not self._is_open(name):
            return bool(value)
        return stamps.of_value(name, value) != self.cleaned_data["seen"].get(name)

    def rebase(self, member, conflicts):
        """Take in what others have written: fields left alone here show it, the others ask."""
        known, now = stamps.values(member), stamps.of(member)
        mine = {name for name in self.fields if self._is_changed(name)}
        self.data = self.data.copy()
        for name in set(self.shown) - mine:
            self.data[name] = _shown(known[name])
        self.data["seen"] = signing.dumps(dict(now), salt=self.SALT)
        for name in sorted(conflicts):
            said = _("Somebody has changed this meanwhile. Save again to keep what you wrote.")
            if self._is_open(name) and name in known:
                said = _(
                    "Meanwhile somebody wrote here: %(value)s. Save again to keep what you wrote."
                ) % {"value": _shown(known[name]) or "–"}
            self.add_error(name, said)


BLANK = {"skills": [], "guardian_phone": "", "contact_phone": ""}


class VolunteerAmendment(Note, VolunteerFields, Amendment):
    pass


class ElderAmendment(Note, ElderFields, Amendment):
    pass


class BothAmendment(Note, ElderFields, VolunteerFields, Amendment):
    pass


class MemberAmendment(Note, Amendment):
    pass


def amendment(member, *args, add=None, **kwargs):
    """The form for the sides that the member has, and the one that is to be added."""
    sides = {side for side in SIDES if hasattr(member, side)} | ({add} & set(SIDES))
    form = {
        frozenset(): MemberAmendment,
        frozenset({"volunteer"}): VolunteerAmendment,
        frozenset({"elder"}): ElderAmendment,
    }.get(frozenset(sides), BothAmendment)
    return form(*args, member=member, add=add if add in SIDES else None, **kwargs)


def _shown(value):
    """A value as a box shows it."""
    if isinstance(value, datetime.date):
        return value.isoformat()
    return "、".join(value) if isinstance(value, list) else value or ""
