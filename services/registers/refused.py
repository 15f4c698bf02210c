"""The refused rows as a workbook, with the reasons in a column: mended, it is imported again."""

import datetime
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from members import parsing
from services.models import RegisterBatch, RegisterRow
from services.registers.headings import FIELDS, LABELS
from services.registers.reasons import sentence


def workbook(batch: RegisterBatch) -> bytes:
    """The rows that cannot be posted, a sheet for each kind, as an .xlsx file."""
    book = Workbook(write_only=True)
    years = {sheet["title"]: sheet["year"] for sheet in batch.sheets}
    for kind in RegisterRow.Kind:
        rows = batch.rows.filter(outcome=RegisterRow.Outcome.CANNOT, kind=kind).order_by("pk")
        if not rows.exists():
            continue
        told, extra = _columns(rows)
        fields = [field for field in FIELDS[kind] if field != "banked" or field in told]
        sheet = book.create_sheet(str(RegisterRow.Kind(kind).label)[:31])
        headings = [*(str(LABELS[field]) for field in fields), *extra]
        sheet.append([*headings, _("Why not posted"), _("Sheet and row")])
        for row in rows.iterator():
            cells = [_date(row, years) if f == "date" else row.written.get(f) for f in fields]
            cells += [row.written.get("extra", {}).get(heading) for heading in extra]
            cells += [sentence(row.reason, row.details), f"{row.sheet} {row.number}"]
            sheet.append([_cell(sheet, value) for value in cells])
    if not book.worksheets:
        book.create_sheet()
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def _date(row: RegisterRow, years: dict[str, int | None]) -> Any:
    """The date as written, with the year that its sheet's title gave it."""
    written, year = row.written.get("date"), years.get(row.sheet)
    if year is None or not isinstance(written, str) or parsing.has_year(written):
        return written
    try:
        end = datetime.date(year, 12, 31)
        return parsing.parse_date(written, today=end, counts_back=False).isoformat()
    except parsing.NotUnderstood:
        return written


def _columns(rows: Any) -> tuple[set[str], list[str]]:
    """The columns that are filled in, and the headings of those that have no meaning of their own,
    in the order they came."""
    told: set[str] = set()
    extra: dict[str, None] = {}
    for row in rows.iterator():
        told.update(row.written)
        extra.update(dict.fromkeys(row.written.get("extra", ())))
    return told, list(extra)


def _cell(sheet: Any, value: Any) -> Any:
    """Text stays text: what begins with = is no formula here."""
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("", value))
    cell.data_type = "s"
    return cell
