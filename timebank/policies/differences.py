"""What differs between two versions of the rules, in words; driven by the model's fields."""

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from ledger import policies
from ledger.models import Policy


@dataclass(frozen=True)
class Rule:
    """One rule as it is now, and as it was before where there is a version before."""

    label: str
    before: str
    now: str

    @property
    def is_changed(self) -> bool:
        return self.before != self.now


def rules(version: Policy, before: Policy | None) -> list[Rule]:
    """Every rule of the version, in the order of the model."""
    return [
        Rule(
            label(field),
            shown(field, getattr(before, field.attname)) if before else "",
            shown(field, getattr(version, field.attname)),
        )
        for field in policies.rules()
    ]


def changes(version: Policy, before: Policy | None) -> list[Rule]:
    """The rules that differ; all of them when there is no version before."""
    return [rule for rule in rules(version, before) if rule.is_changed]


def label(field: models.Field) -> str:
    return str(capfirst(str(field.verbose_name)))


def shown(field: models.Field, value: Any) -> str:
    """The value as people read it; None is no limit."""
    if value is None:
        return _("no limit")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(field, ArrayField):
        words: dict[Any, str | Promise] = dict(field.base_field.flatchoices)
        return _(", ").join(str(words.get(one, one)) for one in value) or _("none")
    return str(dict(field.flatchoices).get(value, value))
