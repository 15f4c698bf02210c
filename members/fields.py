"""Fields of forms in which people, days and lengths of time are written as people write them."""

import re
import uuid
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members import parsing, search
from members.models import Area, Member

WHO = _("Name, its initials, or the end of the phone number.")
LABEL = re.compile(r"(?P<name>.+?)\s*(?P<end>\d{4})")
HALF_A_YEAR = 183


class PersonInput(forms.TextInput):
    """A box in which a person is looked up; `members/person_input.html` says what it posts.

    The key of the person who was chosen counts only for the text it was chosen for. `side` is
    "volunteer", "elder" or "" for everybody; `partner` is the selector of the box of the other
    person, whose last partners are offered first.
    """

    template_name = "members/person_input.html"

    def __init__(self, side: str = "", partner: str = "") -> None:
        super().__init__({"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"})
        self.side = side
        self.partner = partner
        self.choices: list[Member] = []

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str:
        self.text, self.key, self.chosen_for = (
            data.get(name + part, "") for part in ("", "_key", "_for")
        )
        return self.text

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"] |= {
            "url": f"{reverse('person_search')}?side={self.side}",
            "partner": self.partner,
            "key": getattr(self, "key", ""),
            "chosen_for": getattr(self, "chosen_for", ""),
            "choices": self.choices,
        }
        return context

    def chosen(self) -> uuid.UUID | None:
        """The key that was chosen for the text as it stands, or None."""
        if self.text != self.chosen_for:
            return None
        try:
            return uuid.UUID(self.key)
        except ValueError:
            return None

    def choose(self, member: Member) -> str:
        """Show `member` as the one who is meant."""
        self.key, self.chosen_for = str(member.key), label(member)
        return self.chosen_for


class ReadField(forms.CharField):
    """Text that a function of `members.parsing` understands."""

    def __init__(self, read: Callable[[str], Any], **options: Any) -> None:
        super().__init__(max_length=60, **options)
        self.read = read

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            return self.read(text) if text else None
        except parsing.NotUnderstood as error:
            raise forms.ValidationError(str(error)) from None


def read_date(text: str) -> date:
    """A day up to the end of next year: what lies further ahead is a slip of the pen."""
    today = timezone.localdate()
    day = parsing.parse_date(text, today=today)
    if day.year > today.year + 1:
        raise parsing.Impossible(_("This day lies far ahead. Check the year."))
    return day


def read_near_date(text: str) -> date:
    """As `read_date`, but a day without a year is the nearest such day, ahead or past."""
    day = read_date(text)
    today = timezone.localdate()
    if parsing.has_year(text) or (today - day).days <= HALF_A_YEAR:
        return day
    return read_date(f"{day.year + 1}-{day.month}-{day.day}")


def read_past_date(text: str) -> date:
    """A day up to today."""
    day = read_date(text)
    if day > timezone.localdate():
        raise parsing.Impossible(_("This day has not come yet."))
    return day


read_minutes = partial(parsing.parse_minutes, unit="minutes")
read_hours = partial(parsing.parse_minutes, unit="minutes", most=parsing.MINUTES_OF_A_LIFE)


def look_up(
    form: forms.Form, name: str, *, side: str | None, areas: QuerySet[Area]
) -> Member | None:
    """The one person whom the text of a field can mean; otherwise ask which, and return None."""
    text, widget = form.cleaned_data[name], form.fields[name].widget
    assert isinstance(widget, PersonInput)
    found = matches(text, areas, side)
    if len(found) == 1:
        return found[0]
    if found:
        widget.chosen_for, widget.choices = text, found
        form.add_error(name, _("Several people fit. Choose the one you mean."))
    else:
        form.add_error(name, _why_nobody(text, areas, side))
    return None


def _why_nobody(text: str, areas: QuerySet[Area], side: str | None) -> str:
    """Of somebody who is on record with the other side only, that this one is to be added."""
    known = matches(text, areas, None) if side else []
    if not known:
        return str(_("Nobody is found for this. Try the name, its initials or the phone number."))
    if side == "elder":
        words = _("%(who)s is on record, but not as an elder. Add that on their page first.")
    else:
        words = _("%(who)s is on record, but not as a volunteer. Add that on their page first.")
    return str(words % {"who": known[0]})


def matches(text: str, areas: QuerySet[Area], side: str | None) -> list[Member]:
    """Whom a text may mean: those named just so, else all who fit; a label means its one person."""
    found = search.find(text, areas=areas, side=side)
    if not found and (parts := LABEL.fullmatch(text.strip())):
        namesakes = search.find(parts["name"], areas=areas, side=side)
        found = [member for member in namesakes if member.end == parts["end"]]
    return [member for member in found if member.name == text.strip()] or found


def label(member: Member) -> str:
    """How a chosen person is shown in the box: 王秀英 1234."""
    return f"{member.name} {member.end}"
