"""How a row of a register looks on the page: its cells, masked, and what is to be said of it."""

from typing import Any, NamedTuple

from members import access_log, addresses, id_numbers, phones
from services.models import RegisterRow
from services.registers.headings import FIELDS, LABELS
from services.registers.reasons import sentence

TAGS = {"new": "ok", "changed": "warn", "cannot": "bad", "posted": "ok"}
HIDDEN = ("income", "capability", "note")
PHONES = ("phone", "phones", "contact_phone", "volunteer_phone", "elder_phone")


class Shown(NamedTuple):
    """A row for the table of the preview."""

    row: RegisterRow
    cells: list[str]
    tag: str
    sentences: list[str]


def shown(row: RegisterRow) -> Shown:
    cells = [
        masked(name, row.written[name])
        for name in FIELDS[row.kind]
        if name in row.written and row.written[name] != ""
    ]
    sentences = [sentence(row.reason, row.details)] if row.reason else []
    sentences += [_change(name, *pair) for name, pair in row.details.get("changes", {}).items()]
    sentences += [sentence(warning["code"], warning) for warning in row.warnings]
    return Shown(row, cells, TAGS.get(row.outcome, ""), sentences)


def masked(name: str, value: Any) -> str:
    """A cell as lists show it: only what tells people apart."""
    text = str(value)
    if name == "id_number":
        return id_numbers.mask(text.strip())
    if name in PHONES:
        return phones.mask(text.strip())
    if name == "address":
        return addresses.mask(text.strip())
    return access_log.HIDDEN if name in HIDDEN else text


def _change(name: str, before: Any, after: Any) -> str:
    if name == "side":
        return str(RegisterRow.Kind(after).label)
    label = LABELS["phone" if name == "phones" else name]
    return f"{label}: {_words(name, before)} → {_words(name, after)}"


def _words(name: str, value: Any) -> str:
    values = value if isinstance(value, list) else [value]
    return ", ".join(masked(name, item) for item in values if item) or "–"
