"""The cells of one row, and how a row says that it cannot be posted."""

from collections.abc import Mapping
from typing import Any

from services.registers.headings import FIELDS


class Cannot(Exception):
    """The row cannot be posted; `code` is one of services.registers.reasons."""

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code, details)
        self.code = code
        self.details = details


class Cells:
    """Reads the cells of a row, refuses formulas, and collects what to look at."""

    def __init__(self, kind: str, written: Mapping[str, Any]) -> None:
        self.kind = kind
        self.written = written
        self.warnings: list[dict[str, Any]] = []
        for field in FIELDS[kind]:
            value = written.get(field)
            if isinstance(value, str) and value.startswith("="):
                raise Cannot("formula", field=field)

    def get(self, field: str) -> Any:
        """The value of a cell; None where it is blank."""
        value = self.written.get(field)
        return (value.strip() or None) if isinstance(value, str) else value

    def text(self, field: str, longest: int) -> str:
        """The words of a cell; the note takes in the columns that mean nothing to us."""
        words = "" if self.get(field) is None else str(self.get(field))
        if field == "note":
            extra = [f"{name}: {value}" for name, value in self.written.get("extra", {}).items()]
            words = "；".join(filter(None, [words, *extra]))
        if len(words) > longest:
            raise Cannot("text_too_long", field=field)
        return words

    def warn(self, code: str, **details: Any) -> None:
        self.warnings.append({"code": code, **details})
