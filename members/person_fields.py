"""What a paper form asks of a person, group by group; what staff write is read as they write it."""

import datetime
import re
import unicodedata

from django import forms
from django.utils.translation import gettext_lazy as _

from members import id_numbers, joining, names, parsing, phones
from members.fields import ReadField, read_past_date
from members.models import Elder, Member

FIRST_DAY = datetime.date(1900, 1, 1)
TWO_DIGITS = re.compile(r"\s*\d{2}\D")
BETWEEN_SKILLS = re.compile(r"[、,;/|\s]+")
NOT_KNOWN = ("", _("not known"))
LIVING = [NOT_KNOWN, *Elder.Living.choices]
INCOME = [NOT_KNOWN, *Elder.Income.choices]
CAPABILITY = [NOT_KNOWN, *Elder.Capability.choices]


def read_name(text):
    name = names.clean(text)
    if not any(letter.isalpha() for letter in name):
        raise parsing.NotUnderstood(_("Write the name, like 王秀英."))
    return name


def read_id_number(text):
    try:
        return id_numbers.check(text).value
    except id_numbers.NotAnIdNumber as refusal:
        raise parsing.NotUnderstood(str(refusal)) from refusal


def read_birth_date(text):
    if not parsing.has_year(text) or TWO_DIGITS.match(unicodedata.normalize("NFKC", text)):
        raise parsing.NotUnderstood(_("Write the year too, with four digits, like 1950-01-31."))
    day = read_past_date(text)
    if day < FIRST_DAY:
        raise parsing.Impossible(_("This day lies too far back. Check the year."))
    return day


def read_phone(text):
    try:
        return phones.parse(text)
    except phones.NotAPhone as refusal:
        raise parsing.NotUnderstood(str(refusal)) from refusal


def read_phones(text):
    try:
        return phones.parse_all(text)
    except phones.NotAPhone as refusal:
        raise parsing.NotUnderstood(str(refusal)) from refusal


def read_line(text):
    """One line of words: full-width letters and digits made plain, spaces single."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def read_skills(text):
    skills = [skill for skill in BETWEEN_SKILLS.split(read_line(text)) if skill]
    if any(len(skill) > 40 for skill in skills):
        raise parsing.NotUnderstood(_("Write each skill in a few words, with commas between."))
    return list(dict.fromkeys(skills))


class Line(forms.CharField):
    """Words on one line, in any width."""

    def clean(self, value):
        return super().clean(read_line(str(value or "")[:1000]))


class PersonFields(forms.Form):
    """What is asked of everybody."""

    name = ReadField(read_name, label=_("Name"))
    id_number = ReadField(
        read_id_number,
        label=_("ID number"),
        required=False,
        help_text=_("Sex and birth date are read from it."),
    )
    sex = forms.ChoiceField(
        label=_("Sex"), choices=[NOT_KNOWN, *Member.Sex.choices], required=False
    )
    birth_date = ReadField(
        read_birth_date,
        label=_("Birth date"),
        required=False,
        help_text=_("Like 1950-01-31 or 1950年1月31日."),
    )
    phones = ReadField(
        read_phones,
        label=_("Phone"),
        required=False,
        help_text=_("Several with commas between; others may have the same one."),
    )
    address = Line(
        label=_("Address"),
        required=False,
        max_length=200,
        help_text=_("Estate, building, entrance, room: like 关上小区 3-2-501."),
    )

    def clean(self):
        """An ID number tells sex and birth date; what is written beside it has to agree."""
        found = self.cleaned_data
        for field, told in joining.told_by(found.get("id_number")).items():
            if found.get(field) and found[field] != told:
                shown = dict(Member.Sex.choices).get(told, told)
                self.add_error(
                    field, _("The ID number says %(told)s. Correct one of them.") % {"told": shown}
                )
        return found


class VolunteerFields(forms.Form):
    joined_on = ReadField(read_past_date, label=_("Joined on"), required=False)
    skills = ReadField(
        read_skills,
        label=_("Skills"),
        required=False,
        help_text=_("With commas between, like 理发、量血压."),
    )
    guardian_name = Line(label=_("Guardian"), required=False, max_length=60)
    guardian_relation = Line(label=_("Guardian's relation"), required=False, max_length=40)
    guardian_phone = ReadField(read_phone, label=_("Guardian's phone"), required=False)
    guardian_consent_on = ReadField(
        read_past_date, label=_("Guardian's consent signed on"), required=False
    )

    on_record = frozenset()  # what is known although its box is blank
    GUARDIAN = ("guardian_name", "guardian_relation", "guardian_phone", "guardian_consent_on")

    @property
    def guardian_is_open(self):
        """Whether something is to be seen of the guardian, who is asked for with few people."""
        return any(self[name].errors or self[name].value() for name in self.GUARDIAN)

    def clean(self):
        found = super().clean()
        if any(found.get(name) for name in self.GUARDIAN):
            told = {*self.errors, *self.on_record, *(n for n in self.GUARDIAN if found.get(n))}
            for name in self.GUARDIAN:
                if name not in told:
                    self.add_error(name, _("Write this too: of a guardian all four are needed."))
        return found


class ElderFields(forms.Form):
    living = forms.ChoiceField(label=_("Lives"), choices=LIVING, required=False)
    income = forms.ChoiceField(label=_("Income"), choices=INCOME, required=False)
    capability = forms.ChoiceField(label=_("Capability"), choices=CAPABILITY, required=False)
    contact_name = Line(label=_("Emergency contact"), required=False, max_length=60)
    contact_relation = Line(label=_("Relation"), required=False, max_length=40)
    contact_phone = ReadField(read_phone, label=_("Contact's phone"), required=False)


class Note(forms.Form):
    note = Line(
        label=_("Note"),
        required=False,
        max_length=500,
        help_text=_("Like: hard of hearing, has a dog."),
    )


SIDES = {"volunteer": VolunteerFields, "elder": ElderFields}
