"""What was changed of a person, by whom and when, in words; `members_change` is written by the
database (members/migrations/0031_history.sql). Of what is sensitive no value is ever kept."""

from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from members.models import Area, Change, Member

LATEST = 200
# What is not worth a line of its own: technical columns, and the row's own key.
UNSAID = {"id", "key", "number", "member_id"}


class Field(NamedTuple):
    label: str
    before: str
    after: str
    is_shown: bool


class Entry(NamedTuple):
    change: Change
    subject: str  # the member, a phone, the volunteer's or elder's side
    fields: list[Field]


def of(member: Member, *, most: int | None = LATEST) -> list[Entry]:
    """The latest changes of the member, the newest first; all of them where `most` is None."""
    rows = Change.objects.filter(member=member).select_related("by").order_by("-at", "-pk")
    names = {area.pk: str(area) for area in Area.objects.all()}
    return [_entry(change, names) for change in rows[:most]]


def _entry(change: Change, areas: dict[int, str]) -> Entry:
    model = _model(change.about)
    subject = str(model._meta.verbose_name) if model else _("other data")
    is_phone = change.about == "members_memberphone"
    return Entry(change, subject, [] if is_phone else list(_fields(change, model, areas)))


def _model(table: str) -> type[models.Model] | None:
    return next((m for m in apps.get_models() if m._meta.db_table == table), None)


def _fields(
    change: Change, model: type[models.Model] | None, areas: dict[int, str]
) -> Iterator[Field]:
    for column in change.fields:
        if column in UNSAID:
            continue
        field = _field(model, column)
        label = str(field.verbose_name) if field else _("other data")
        is_shown = column in change.before or column in change.after
        before, after = (
            _words(field, side.get(column), areas) for side in (change.before, change.after)
        )
        yield Field(label, before, after, is_shown)


def _field(model: type[models.Model] | None, column: str) -> models.Field | None:
    try:
        found = model._meta.get_field(column.removesuffix("_id")) if model else None
    except FieldDoesNotExist:
        found = None
    if found is None and model:
        found = next((f for f in model._meta.fields if f.column == column), None)
    return found if isinstance(found, models.Field) else None


def _words(field: models.Field | None, value: Any, areas: dict[int, str]) -> str:
    """A kept value as people read it."""
    if value in (None, "", []):
        return "–"
    if isinstance(field, models.ForeignKey):
        return areas.get(value, "–")
    if isinstance(field, models.DateField):
        return date_format(date.fromisoformat(value))
    if field is not None and field.choices:
        return str(dict(field.flatchoices).get(value, value))
    return "、".join(value) if isinstance(value, list) else str(value)
