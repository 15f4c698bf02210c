"""What a row of a list of people says: its cells, understood field by field.

Faults that leave the person in doubt refuse the row; those of a single field are kept as warnings,
and the row stays in the batch as it was written.
"""

import datetime
import re
from collections.abc import Mapping
from typing import Any

from django.db import models

from members import id_numbers, names, parsing, phones
from members.models import Elder, Member
from services.models import RegisterRow
from services.registers.cells import Cannot, Cells
from services.registers.headings import plain

Kind = RegisterRow.Kind

SEXES = {
    "女": "F",
    "女性": "F",
    "f": "F",
    "female": "F",
    "男": "M",
    "男性": "M",
    "m": "M",
    "male": "M",
}
CHOICES: dict[str, dict[models.TextChoices, str]] = {
    "living": {
        Elder.Living.ALONE: "独居 单独居住 孤寡 alone livingalone",
        Elder.Living.EMPTY_NEST: "空巢 空巢老人 empty-nest emptynest",
        Elder.Living.WITH_SPOUSE: "与配偶同住 与老伴同住 夫妻同住 withspouse spouse",
        Elder.Living.WITH_CHILDREN: "与子女同住 与家人同住 与儿子同住 与女儿同住"
        " withchildren family",
        Elder.Living.INSTITUTION: "养老机构 机构 养老院 敬老院 institution carehome",
        Elder.Living.OTHER: "其他 其它 other",
    },
    "income": {
        Elder.Income.ORDINARY: "一般 普通 正常 无 ordinary none",
        Elder.Income.MINIMUM_ALLOWANCE: "低保 低保户 低收入 minimumlivingallowance lowincome dibao",
        Elder.Income.DESTITUTE: "特困 特困户 特困供养 五保 destitute destitutesupport",
    },
    "capability": {
        Elder.Capability.SELF_CARING: "自理 能自理 完全自理 健康 self-caring selfcaring able",
        Elder.Capability.SEMI_DISABLED: "半失能 半自理 部分自理 部分失能"
        " semi-disabled semidisabled",
        Elder.Capability.DISABLED: "失能 完全失能 不能自理 disabled",
    },
}
MEANINGS = {
    field: {word: value.value for value, words in choices.items() for word in words.split()}
    for field, choices in CHOICES.items()
}
LIMITS = {
    "address": Member._meta.get_field("address").max_length or 0,
    "note": Member._meta.get_field("note").max_length or 0,
    "contact_name": Elder._meta.get_field("contact_name").max_length or 0,
    "contact_relation": Elder._meta.get_field("contact_relation").max_length or 0,
}
LONGEST_NAME = 60
YOUNGEST_VOLUNTEER, ADULT, ELDER_AGE = 14, 18, 60
BETWEEN_SKILLS = re.compile(r"[、,，;；/|\s]+")
BETWEEN_PHONES = re.compile(r"[、,，;；/|]+")


def understand(kind: str, written: Mapping[str, Any], *, today: datetime.date) -> dict[str, Any]:
    """The person's fields as plain JSON values, with the list `warnings`. Raises Cannot."""
    cells = Cells(kind, written)
    person: dict[str, Any] = {"name": _name(cells)}
    person.update(_identity(cells, today))
    person["phones"] = _phones(cells, "phone")
    for field in ("address", "note"):
        person[field] = cells.text(field, LIMITS[field])
    side = _volunteer if kind == Kind.VOLUNTEER else _elder
    person.update(side(cells, person, today))
    person["warnings"] = cells.warnings
    return person


def _name(cells: Cells) -> str:
    written = cells.get("name")
    if written is None:
        raise Cannot("missing_name")
    name = names.clean(str(written))
    if len(name) > LONGEST_NAME:
        raise Cannot("name_too_long")
    if not any(letter.isalpha() for letter in name):
        raise Cannot("not_a_name", value=str(written)[:40])
    return name


def _identity(cells: Cells, today: datetime.date) -> dict[str, Any]:
    """ID number, birth date and sex; the number tells the others where they are not written."""
    number = birth = None
    sex = ""
    if (written := cells.get("id_number")) is not None:
        try:
            found = id_numbers.read(written)
        except id_numbers.NotAnIdNumber:
            cells.warn("not_an_id_number", value=str(written)[:40])
        else:
            number, birth, sex = found.value, found.birth_date, found.sex
            if not found.checksum_fits:
                cells.warn("id_number_check")
    birth = _day(cells, "birth_date", today) or birth
    sex = SEXES.get(plain(cells.get("sex") or ""), sex)
    return {"id_number": number, "birth_date": birth and birth.isoformat(), "sex": sex}


def _day(cells: Cells, field: str, today: datetime.date) -> datetime.date | None:
    written = cells.get(field)
    if written is None:
        return None
    try:
        day = parsing.parse_date(written, today=today, counts_back=False)
    except parsing.NotUnderstood:
        day = None
    if day is None or not datetime.date(1900, 1, 2) <= day <= today:
        cells.warn("not_a_date", field=field, value=str(written)[:40])
        return None
    return day


def _phones(cells: Cells, field: str) -> list[str]:
    written = cells.get(field)
    if written is None:
        return []
    parts = BETWEEN_PHONES.split(written) if isinstance(written, str) else [written]
    found = []
    for part in parts:
        try:
            found.append(phones.parse(part))
        except phones.NotAPhone:
            cells.warn("not_a_phone", field=field, value=str(part)[:40])
    return list(dict.fromkeys(found))


def _volunteer(cells: Cells, person: Mapping[str, Any], today: datetime.date) -> dict[str, Any]:
    joined = _day(cells, "joined_on", today)
    age = _age(person, joined or today)
    if age is not None and age < YOUNGEST_VOLUNTEER:
        raise Cannot("too_young", value=person["birth_date"])
    if age is not None and age < ADULT:
        cells.warn("minor")
    skills = [skill for skill in BETWEEN_SKILLS.split(str(cells.get("skills") or "")) if skill]
    if any(len(skill) > 40 for skill in skills):
        raise Cannot("text_too_long", field="skills")
    return {"joined_on": joined and joined.isoformat(), "skills": skills}


def _elder(cells: Cells, person: Mapping[str, Any], today: datetime.date) -> dict[str, Any]:
    age = _age(person, today)
    if age is not None and age < ELDER_AGE:
        cells.warn("elder_under_60")
    elder: dict[str, Any] = {field: _choice(cells, field) for field in CHOICES}
    for field in ("contact_name", "contact_relation"):
        elder[field] = cells.text(field, LIMITS[field])
    elder["contact_phone"] = next(iter(_phones(cells, "contact_phone")), "")
    return elder


def _choice(cells: Cells, field: str) -> str:
    written = cells.get(field)
    if written is None:
        return ""
    word = re.sub(r"[\s_]|老人|人员", "", plain(written))
    if word not in MEANINGS[field]:
        cells.warn("not_understood", field=field, value=str(written)[:40])
        return ""
    return MEANINGS[field][word]


def _age(person: Mapping[str, Any], day: datetime.date) -> int | None:
    if not person["birth_date"]:
        return None
    born = datetime.date.fromisoformat(person["birth_date"])
    return Member(birth_date=born).age_on(day)
