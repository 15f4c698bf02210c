"""What staff fill in to move hours; each form names the function of the rules that takes it."""

import uuid

from django import forms
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from ledger import closures, donations, gifts, grants, moves, openings, redemptions, relatives
from ledger.models import MovementRequest, RequestKind
from members import access
from members.fields import (
    WHO,
    PersonInput,
    ReadField,
    look_up,
    read_hours,
    read_near_date,
    read_past_date,
)
from members.models import Area, Member

CHOOSE = ("", _("choose"))
HOURS = _("Like 90, 1.5 or 1小时30分.")


def minutes_field():
    return ReadField(read_hours, label=_("Minutes"), help_text=HOURS)


def text_field(label, **options):
    return forms.CharField(label=label, max_length=500, **options)


class KeyForm(forms.Form):
    """A form that is sent once: its key makes a second sending harmless."""

    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("key", uuid.uuid4())

    def refuse(self, refusal):
        """Say what a rule forbids, at the field that it is about."""
        self.add_error(refusal.field if refusal.field in self.fields else None, str(refusal))


class MemberForm(KeyForm):
    """A movement of one member's hours. `ask` is what carries it out or writes it down."""

    kind: RequestKind

    def __init__(self, *args, member, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.member = member
        self.user = user

    def told(self):
        """What `ask` wants to know, but whose hours, who enters it and when."""
        return dict(self.cleaned_data)


class RelativeForm(MemberForm):
    """A movement in which a relative may have a part; `called` is how `ask` names them."""

    called = "other"
    among: tuple = ()

    kin = forms.ChoiceField(label=_("Relative on record"), required=False)
    other = forms.CharField(label=_("Relative"), max_length=80, help_text=WHO, widget=PersonInput)
    relation = forms.ChoiceField(label=_("What the relative is to the member"), required=False)
    proof = text_field(
        _("Proof of it"), required=False, help_text=_("Like the household register, page 3.")
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["relation"].choices = [CHOOSE, *((one, one.label) for one in self.among)]
        today = timezone.localdate()
        self.kin = {
            str(one.relative.key): one
            for one in relatives.of(self.member, among=self.among, on=today)
        }
        if self.kin:
            named = [
                (key, f"{one.relative} · {one.relation.label}") for key, one in self.kin.items()
            ]
            self.fields["kin"].choices = [("", _("somebody else")), *named]
            self.fields["kin"].help_text = _("Leave what follows empty then.")
        else:
            del self.fields["kin"]

    def full_clean(self):
        """Kin on record are chosen; relation and proof need no words then."""
        if self.is_bound and self.data.get("kin") in self.kin:
            for name in ("other", "relation", "proof"):
                self.fields[name].required = False
        super().full_clean()

    def clean(self):
        found = self.cleaned_data
        kin = self.kin.get(found.pop("kin", ""))
        if kin:
            found |= {"other": kin.relative, "relation": str(kin.relation), "proof": ""}
            return found
        typed = bool(found.get("other"))
        if typed:
            self._find()
            for name in ("relation", "proof"):
                if name in found and not found[name]:
                    self.add_error(name, _("Say this of the relative as well."))
        elif found.get("relation") and "other" not in self.errors:
            self.add_error("other", _("Say who the relative is, or leave this out."))
        return found

    def told(self):
        told = super().told()
        told[self.called] = told.pop("other") or None
        return told

    def _find(self):
        """Turn what was typed or chosen into a member other than the one whose hours these are."""
        areas = access.areas_to_log(self.user)
        people = Member.objects.here().filter(area__in=areas).select_related("area")
        chosen = people.filter(key=self.fields["other"].widget.chosen()).first()
        relative = chosen or look_up(self, "other", side=None, areas=areas)
        if relative == self.member:
            self.add_error("other", _("These are the hours of this very person."))
        elif relative:
            self.cleaned_data["other"] = relative


class DonateForm(MemberForm):
    kind = RequestKind.DONATE
    ask = staticmethod(donations.give)
    title, act = _("Donate to the public pool"), _("Donate")

    minutes = minutes_field()


class GiftForm(RelativeForm):
    kind = RequestKind.GIFT
    ask = staticmethod(gifts.ask)
    title, act = _("Give to a relative"), _("Give")
    called = "to"
    among = relatives.TO_GIVE

    minutes = minutes_field()
    field_order = ["kin", "other", "relation", "proof", "minutes"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["relation"].required = self.fields["proof"].required = True


class RedeemForm(RelativeForm):
    kind = RequestKind.REDEEM
    ask = staticmethod(redemptions.ask)
    title, act = _("Use hours"), _("Ask for approval")
    called = "beneficiary"
    among = relatives.TO_REDEEM

    minutes = minutes_field()
    on = ReadField(read_near_date, label=_("Day of the service"), help_text=_("Like 12-01."))
    reason = text_field(
        _("Reason"), required=False, help_text=_("For example an illness, before the usual age.")
    )
    field_order = ["minutes", "on", "reason", "kin", "other", "relation", "proof"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["other"].required = False
        self.fields["other"].label = _("For a relative")


class GrantForm(MemberForm):
    kind = RequestKind.GRANT
    ask = staticmethod(grants.ask)
    title, act = _("Grant hours from the public pool"), _("Grant")

    minutes = minutes_field()
    expires_on = ReadField(
        read_near_date, label=_("Valid until"), help_text=_("Like 12-31, the last day.")
    )
    reason = text_field(_("Reason"))


class OpeningForm(MemberForm):
    kind = RequestKind.OPENING
    ask = staticmethod(openings.ask)
    title, act = _("Bring hours over from paper"), _("Ask for approval")

    minutes = minutes_field()
    on = ReadField(read_past_date, label=_("As of"), help_text=_("The day of the paper's balance."))
    evidence = text_field(
        _("Evidence"), help_text=_("Where the paper or its scan is, like passbook 17, page 4.")
    )


class MoveForm(MemberForm):
    kind = RequestKind.MOVE
    ask = staticmethod(moves.ask)
    title, act = _("Move to another community"), _("Ask for approval")

    destination = forms.ModelChoiceField(
        Area.objects.none(),
        label=_("To the community"),
        to_field_name="code",
        empty_label=_("choose"),
    )
    reason = text_field(_("Reason"), required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        others = Area.objects.communities().exclude(pk=self.member.area_id)
        self.fields["destination"].queryset = others.order_by("code")

    def told(self):
        told = super().told()
        told["to"] = told.pop("destination")
        return told


class CloseForm(RelativeForm):
    kind = RequestKind.CLOSURE
    ask = staticmethod(closures.ask)
    title, act = _("Close the account"), _("Ask for approval")
    called = "heir"
    among = relatives.TO_INHERIT

    reason = text_field(_("Reason"), help_text=_("Like moved away, left or died."))
    field_order = ["reason", "kin", "other", "relation", "proof"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["other"].required = False
        self.fields["other"].label = _("To the spouse or a direct relative")
        self.fields["other"].help_text = _("Leave this out, and the hours go to the public pool.")


class ReversalForm(KeyForm):
    reason = text_field(_("Reason"))
    makes_up = forms.BooleanField(
        label=_("The community makes up for what was spent meanwhile"),
        required=False,
        help_text=_("Without it, hours that were used since cannot be booked back."),
    )


class ChargeForm(KeyForm):
    """What was served of the hours that are set aside; the rest is free again."""

    minutes = minutes_field()
    on = ReadField(read_past_date, label=_("Day of the service"), help_text=_("Like yesterday."))


class ReturnForm(forms.Form):
    """Why a second person sends something back."""

    reason = text_field(_("What is wrong with it"))


class FilterForm(forms.Form):
    """Which requests are shown; all of them where nothing is chosen."""

    state = forms.ChoiceField(
        label=_("State"),
        choices=[("", _("all")), *MovementRequest.State.choices],
        required=False,
    )
    kind = forms.ChoiceField(
        label=_("Kind"), choices=[("", _("all")), *RequestKind.choices], required=False
    )

    def narrow(self, requests):
        """Those of the requests that fit; all where a choice cannot be read."""
        self.is_valid()
        return requests.filter(
            **{name: value for name, value in self.cleaned_data.items() if value}
        )

    def query(self):
        """The choice as part of an address."""
        return urlencode({name: value for name, value in self.data.items() if name in self.fields})
