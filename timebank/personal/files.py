"""The copy of a person's data: one file that a person can read, and the same for machines.

Made when it is asked for and kept nowhere.
"""

import json
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from members.models import Member
from services.papers import typeset
from timebank.personal import sections
from timebank.personal.sections import Section


def pdf(member: Member, *, at: datetime) -> bytes:
    """All sections that have something in them, in words."""
    found = {code: one for code, one in sections.of(member).items() if one.rows}
    data = {
        "programme": settings.PROGRAMME_NAME,
        "heading": _("Copy of all that is held of you"),
        "whose": f"{member.name} · {member.number}",
        "made": _("As of %(when)s") % {"when": _told(at)},
        "sections": [_shown(section) for section in found.values()],
    }
    return typeset.pdf("data_copy", data, title=data["heading"], at=at)


def as_json(member: Member, *, at: datetime) -> str:
    """Every section, also the empty ones; days and moments as ISO 8601, minutes as numbers."""
    told: dict[str, Any] = {
        code: [
            dict(zip((key for key, _label in section.columns), row, strict=True))
            for row in section.rows
        ]
        for code, section in sections.of(member).items()
    }
    whole = {"version": 1, "made_at": at.isoformat(), "member_number": member.number, **told}
    return json.dumps(whole, ensure_ascii=False, indent=2, default=_plain)


def file_name(member: Member, ending: str) -> str:
    return f"{_('Copy of data')} {member.number}.{ending}"


def _shown(section: Section) -> dict[str, Any]:
    return {
        "title": str(section.title),
        "headings": [str(label) for _key, label in section.columns],
        "rows": [[_told(value) for value in row] for row in section.rows],
    }


def _told(value: Any) -> str:
    if value in (None, "", [], {}):
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return formats.date_format(timezone.localtime(value), "DATETIME_FORMAT")
    if isinstance(value, date):
        return formats.date_format(value, "SHORT_DATE_FORMAT")
    if isinstance(value, dict):
        return " · ".join(f"{key}: {one}" for key, one in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _plain(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
