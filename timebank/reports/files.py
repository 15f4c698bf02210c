"""Reports as files: a workbook to work with, a csv for other programs, plain text for a terminal.

A text that begins like a formula would run in the reader's spreadsheet, and texts come from
registers that others wrote: no cell of a workbook is a formula, none of a csv looks like one.
"""

import csv
import io
import unicodedata
from collections.abc import Sequence

from django.utils import formats
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from timebank.reports.layout import Column, Document, Table, Text, Unit, Value

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
NUMBER_FORMATS = {
    Unit.COUNT: "#,##0",
    Unit.HOURS: "#,##0.0",
    Unit.SHARE: "0%",
    Unit.DATE: "yyyy-mm-dd",
    Unit.TEXT: "@",
}
HEADING = PatternFill("solid", start_color="FFE4F1EC")
RULE = Side(style="thin", color="FF7B868D")


def plain(value: Value, unit: Unit) -> Value:
    """The value for a file: minutes as hours, lazy texts as texts."""
    if value is None:
        return None
    if unit == Unit.HOURS:
        return round(value / 60, 2)
    return str(value) if unit == Unit.TEXT else value


def head(document: Document) -> list[tuple[str, str]]:
    """Who prepared what: the lines above every copy."""
    period = document.period
    span = (period.start, period.end)
    dates = [formats.date_format(day, "DATE_FORMAT") for day in span]
    return [
        (_("Preparing unit"), str(document.area)),
        (_("Period"), " – ".join(dates)),
    ]


def as_workbook(document: Document, watermark: str) -> bytes:
    """Key figures and definitions, then a sheet a section; `watermark` says who took it when."""
    book = Workbook()
    _fill_first_sheet(book.active, document, watermark)
    for section in document.sections:
        sheet = book.create_sheet(_sheet_title(str(section.title)))
        _fill_sheet(sheet, document, section.title, section.table, watermark)
    for cell in (cell for sheet in book for row in sheet for cell in row):
        if cell.data_type == "f":
            cell.data_type = "s"
    book.properties.title = f"{document.code} {document.title}"
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _fill_first_sheet(sheet: Worksheet, document: Document, watermark: str) -> None:
    sheet.title = _sheet_title(_("Summary"))
    sheet.append([f"{document.code} {document.title}"])
    sheet["A1"].font = Font(bold=True, size=16)
    for line in head(document):
        sheet.append(line)
    sheet.append([])
    for figure in document.figures:
        sheet.append([str(figure.label), plain(figure.value, figure.unit), str(figure.note)])
        sheet.cell(sheet.max_row, 2).number_format = NUMBER_FORMATS[figure.unit]
    sheet.append([])
    for sentence in document.sentences():
        sheet.append([sentence])
    sheet.append([_("Definitions")])
    sheet.cell(sheet.max_row, 1).font = Font(bold=True)
    for definition in document.definitions:
        sheet.append([str(definition)])
        last = sheet.max_row
        sheet.merge_cells(start_row=last, end_row=last, start_column=1, end_column=3)
        sheet.cell(last, 1).alignment = Alignment(wrap_text=True, vertical="top")
        sheet.row_dimensions[last].height = 15 * (1 + _width(str(definition)) // 100)
    sheet.append([])
    for place in (_("Prepared by"), _("Person in charge"), _("Date"), _("Seal")):
        sheet.append([place, "", ""])
    sheet.append([watermark])
    for column, width in zip("ABC", (44, 24, 44), strict=True):
        sheet.column_dimensions[column].width = width
    _set_page(sheet, watermark)


def _fill_sheet(
    sheet: Worksheet, document: Document, title: Text, table: Table, watermark: str
) -> None:
    sheet.append([f"{document.code} {document.title} · {title}"])
    sheet["A1"].font = Font(bold=True, size=14)
    sheet.append([" · ".join(value for _label, value in head(document))])
    sheet.append([str(column.heading) for column in table.columns])
    for cell in sheet[3]:
        cell.font, cell.fill = Font(bold=True), HEADING
        cell.alignment = Alignment(wrap_text=True, vertical="center")
    for row in table.rows:
        _append(sheet, table, row)
    for row in filter(None, (table.correction, table.total)):
        for cell in _append(sheet, table, row):
            cell.font, cell.border = Font(bold=row is table.total), Border(top=RULE)
    sheet.append([watermark])
    sheet.freeze_panes = "B4"
    for number, column in enumerate(table.columns, 1):
        width = 28 if column.unit == Unit.TEXT else 14
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.print_title_rows = "3:3"
    _set_page(sheet, watermark)


def _append(sheet: Worksheet, table: Table, row: Sequence[Value]) -> list[Cell]:
    columns = table.columns
    values = [plain(value, column.unit) for column, value in zip(columns, row, strict=True)]
    sheet.append(values)
    cells = list(sheet[sheet.max_row])
    for cell, column in zip(cells, columns, strict=True):
        cell.number_format = NUMBER_FORMATS[column.unit]
    return cells


def _set_page(sheet: Worksheet, watermark: str) -> None:
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.oddFooter.center.text = watermark.replace("&", "&&")


def _sheet_title(text: str) -> str:
    """A sheet's name takes 31 characters, and none of []:*?/\\ ."""
    return "".join(" " if mark in "[]:*?/\\：" else mark for mark in text)[:31]


def as_csv(document: Document, watermark: str) -> bytes:
    """All tables below each other, with the mark by which spreadsheets know UTF-8."""
    rows: list[list] = [[f"{document.code} {document.title}"], *map(list, head(document))]
    for section in document.sections:
        table = section.table
        rows += [[], [section.title], [column.heading for column in table.columns]]
        for row in filter(None, (*table.rows, table.correction, table.total)):
            cells = zip(table.columns, row, strict=True)
            rows.append([plain(value, column.unit) for column, value in cells])
    rows += [[], *([sentence] for sentence in document.sentences())]
    rows += [[], [_("Definitions")], *([definition] for definition in document.definitions)]
    rows += [[], [watermark]]
    target = io.StringIO()
    csv.writer(target).writerows([harmless(value) for value in row] for row in rows)
    return target.getvalue().encode("utf-8-sig")


def harmless(value: Value) -> Value:
    if isinstance(value, str | Promise) and str(value).startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


def as_text(document: Document) -> str:
    lines = [f"{document.code} {document.title}"]
    lines += [f"{label}: {value}" for label, value in head(document)]
    lines.append("")
    for figure in document.figures:
        note = f" ({figure.note})" if figure.note else ""
        lines.append(f"{figure.shown:>10}  {figure.label}{note}")
    lines += ["", *document.sentences()]
    for section in document.sections:
        lines += ["", str(section.title), *_text_table(section.table)]
    return "\n".join(lines)


def _text_table(table: Table) -> list[str]:
    headings = [str(column.heading) for column in table.columns]
    rows = [*table.lines(), *table.closing_lines()]
    shown = [headings, *([text for text, _unit in row] for row in rows)]
    widths = [max(_width(row[index]) for row in shown) for index in range(len(headings))]
    return ["  ".join(map(_padded, row, widths, table.columns)).rstrip() for row in shown]


def _padded(text: str, width: int, column: Column) -> str:
    space = " " * (width - _width(text))
    return space + text if column.unit.is_number else text + space


def _width(text: str) -> int:
    """Columns of a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(mark) in "WF" else 1 for mark in text)
