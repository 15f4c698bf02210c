"""Who saw what is masked for everybody else, when and why: a log that only grows.

A value is shown whole once, on the answer to somebody who has said why; the line is written first
and in the same transaction, so that nothing is seen without it.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from members import addresses, consents, id_numbers, phones
from members.models import Area, Look, Member, Purpose, User

HIDDEN = "***"
# What an agent sees: no value of the person's file, but theirs.
SEEN_BY_AGENTS: dict[str, str | Promise] = {
    "account": _("hours on the account"),
    "visits": _("visits received"),
}


class Field(NamedTuple):
    """A masked field: how it is called, read, and shown to whoever has given no reason."""

    label: str | Promise
    read: Callable[[Member], list[str]]
    mask: Callable[[str], str]
    purpose: str  # hidden altogether while consent to it is withdrawn; "" for none


class Seen(NamedTuple):
    """A field of one person as it is shown; `values` are whole or masked, or none when hidden."""

    name: str
    label: str | Promise
    values: list[str]
    is_withdrawn: bool = False


class NothingToSee(Exception):
    """None of these fields has a value."""


def _side(member: Member, side: str, name: str) -> list[str]:
    profile = getattr(member, side, None)
    display = getattr(profile, f"get_{name}_display", lambda: getattr(profile, name, ""))
    return [str(display())] if profile and getattr(profile, name) else []


def _hidden(value: str) -> str:
    return HIDDEN


FIELDS: dict[str, Field] = {
    "id_number": Field(
        _("ID number"),
        lambda m: [m.id_number] if m.id_number else [],
        id_numbers.mask,
        Purpose.SENSITIVE,
    ),
    "phones": Field(_("phones"), lambda m: [p.number for p in m.phones.all()], phones.mask, ""),
    "address": Field(
        _("address"), lambda m: [m.address] if m.address else [], addresses.mask, Purpose.BASIC
    ),
    "note": Field(_("note"), lambda m: [m.note] if m.note else [], _hidden, Purpose.SENSITIVE),
    "volunteer_note": Field(
        _("note on the volunteer"),
        lambda m: _side(m, "volunteer", "note"),
        _hidden,
        Purpose.SENSITIVE,
    ),
    "income": Field(_("income"), lambda m: _side(m, "elder", "income"), _hidden, Purpose.SENSITIVE),
    "capability": Field(
        _("capability"), lambda m: _side(m, "elder", "capability"), _hidden, Purpose.SENSITIVE
    ),
    "contact_phone": Field(
        _("contact's phone"),
        lambda m: _side(m, "elder", "contact_phone"),
        phones.mask,
        Purpose.FAMILY,
    ),
}


def masked(member: Member, *, at: datetime) -> list[Seen]:
    """What is on record of the person, as it is shown without a reason."""
    hidden = consents.hidden(member, at=at)
    return [
        Seen(name, field.label, [], is_withdrawn=True)
        if field.purpose in hidden
        else Seen(name, field.label, [field.mask(value) for value in values])
        for name, field in FIELDS.items()
        if (values := field.read(member))
    ]


def look(
    member: Member,
    fields: Iterable[str],
    *,
    by: User,
    at: datetime,
    reason: str,
    words: str = "",
    page: str,
) -> list[Seen]:
    """The whole values of these fields, after the line about it is written.

    `reason` is one of Look.Purpose, `page` the name of the route. Raises NothingToSee.
    """
    wanted, hidden = set(fields), consents.hidden(member, at=at)
    seen = [
        Seen(name, field.label, values)
        for name, field in FIELDS.items()
        if name in wanted and field.purpose not in hidden and (values := field.read(member))
    ]
    if not seen:
        raise NothingToSee
    Look.objects.create(
        area=member.area,
        member=member,
        user=by,
        at=at,
        fields=[field.name for field in seen],
        purpose=reason,
        words=words,
        page=page,
    )
    return seen


def sent_out(
    subject: str, fields: Sequence[str], *, area: Area, by: User, at: datetime, page: str
) -> None:
    """Write down that a file with whole values has left; `subject` says which."""
    Look.objects.create(
        area=area,
        subject=subject[:200],
        user=by,
        at=at,
        fields=list(fields),
        purpose=Look.Purpose.EXPORT,
        page=page,
    )


def copied(member: Member, *, by: User, at: datetime, page: str) -> None:
    """Write down that somebody else than the member has a file of all that is held of them."""
    held = [name for name, field in FIELDS.items() if field.read(member)]
    if held:
        Look.objects.create(
            area=member.area,
            member=member,
            user=by,
            at=at,
            fields=held,
            purpose=Look.Purpose.EXPORT,
            page=page,
        )


def acted(member: Member, seen: Sequence[str], *, by: User, at: datetime, page: str) -> None:
    """Write down that an agent saw these of SEEN_BY_AGENTS; nothing where they saw none."""
    if seen:
        Look.objects.create(
            area=member.area,
            member=member,
            user=by,
            at=at,
            fields=list(seen),
            purpose=Look.Purpose.AGENT,
            page=page,
        )


def labels(names: Iterable[str]) -> list[str]:
    """The fields of a line in the reader's words."""
    known = {name: field.label for name, field in FIELDS.items()} | SEEN_BY_AGENTS
    return [str(known.get(name, name)) for name in names]
