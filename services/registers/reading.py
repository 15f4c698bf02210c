"""From a workbook to the rows of a batch, each as it is written and with what becomes of it.

Rows are stored a thousand at a time, so that whoever waits sees how far it is. A reader that was
killed starts again from nothing; of two at once the later one goes on.
"""

import datetime
import math
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from openpyxl.utils import get_column_letter

from members import parsing
from services.models import RegisterBatch, RegisterRow
from services.registers import headings, uploads, workbook
from services.registers.judging import Judge, judge_again
from services.registers.workbook import CannotRead

Kind, State = RegisterRow.Kind, RegisterBatch.State
COLUMNS: list[Any] = [field for field in RegisterRow._meta.concrete_fields if not field.primary_key]

CHUNK = 1000
HEADINGS_WITHIN = 60
YEAR = re.compile(r"(?<!\d)(20\d{2})(?!\d)")
DITTO = frozenset(['"', "〃", "″", "”", "“", "''", "同上", "ditto", "--〃--"])
TIMES = frozenset(["start", "end", "period", "hours", "minutes"])
# An entry fills at least two of these; a line with fewer is a title, or a row numbered in advance.
TELLING = TIMES | {
    "date",
    "volunteer",
    "elder",
    "category",
    "id_number",
    "phone",
    "address",
    "birth_date",
}

NOTHING_RECOGNIZED = _(
    "No list was recognized in this workbook. A list of visits has headings like 日期, 志愿者姓名,"
    " 服务对象, 服务时长; a list of people like 姓名, 身份证号, 联系电话."
)
NO_ENTRIES = _("The lists in this workbook have no entries below their headings.")


class Sheet(NamedTuple):
    """A sheet and the table that its first headings announce, or None when they say nothing."""

    sheet: Any
    title: str
    table: headings.Table | None
    year: int | None
    has_rows: bool

    @property
    def kind(self) -> str | None:
        return self.table.kind if self.table else None

    def about(self) -> dict[str, Any]:
        """What the batch keeps of the sheet; `columns` are those of the workbook, A, B, C."""
        fields = self.table.columns.items() if self.table else ()
        columns = {name: get_column_letter(column + 1) for column, name in fields}
        about = {"title": self.title, "kind": self.kind, "year": self.year, "columns": columns}
        return about | {"rows": 0}


class Superseded(Exception):
    """Another reader has begun this batch anew."""


def survey(book: Any) -> list[Sheet]:
    """The sheets, lists of people first. Raises CannotRead when none is recognized."""
    found = [_look_at(sheet, position) for position, sheet in enumerate(book.worksheets)]
    if not any(sheet.kind for sheet in found):
        raise CannotRead(NOTHING_RECOGNIZED)
    return sorted(found, key=lambda sheet: sheet.kind == Kind.VISIT)


def _look_at(sheet: Any, position: int) -> Sheet:
    title = sheet.title if len(sheet.title) <= 50 else f"{sheet.title[:46]} #{position}"
    around = title
    has_rows = False
    for count, line in enumerate(workbook.lines(sheet)):
        has_rows = True
        table = headings.recognize(line.cells, around=around)
        if table or count > HEADINGS_WITHIN:
            return Sheet(sheet, title, table, _year(around), True)
        around += " " + " ".join(str(cell) for cell in line.cells if isinstance(cell, str))[:500]
    return Sheet(sheet, title, None, None, has_rows)


def _year(around: str) -> int | None:
    """The year that the sheet's name and titles speak of, when it is a single one."""
    years = set(YEAR.findall(around))
    return int(years.pop()) if len(years) == 1 else None


def entries(sheet: Sheet) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Row number, kind and written cells of every entry of a sheet."""
    table: headings.Table | None = None
    above: dict[str, Any] = {}
    for line in workbook.lines(sheet.sheet):
        if found := headings.recognize(line.cells, around=sheet.title):
            table, above = found, {}
            continue
        if table is None or headings.is_aside(line.cells):
            continue
        own = [
            None if column in line.filled and table.columns.get(column) in TIMES else cell
            for column, cell in enumerate(line.cells)
        ]
        written = as_json(table.written(own), above)
        if _is_entry(written):
            above = written
            yield line.number, table.kind, written


def _is_entry(written: Mapping[str, Any]) -> bool:
    return "name" in written or len(TELLING & written.keys()) >= 2


def as_json(written: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """The cells as JSON keeps them, days and times in ISO form; a ditto mark as what is above."""
    found: dict[str, Any] = {}
    for name, value in written.items():
        if name == "extra":
            found[name] = as_json(value, {})
        elif isinstance(value, str):
            value = above.get(name) if value in DITTO else value
            if value is not None:
                found[name] = value
        else:
            found[name] = _json(value)
    return found


def _json(value: Any) -> Any:
    if isinstance(value, datetime.datetime) and value.time() != datetime.time():
        return f"{value.date()} {parsing.parse_time(value):%H:%M}"
    if isinstance(value, datetime.date):
        return str(value)[:10]
    if isinstance(value, datetime.time):
        return f"{parsing.parse_time(value):%H:%M}"
    if isinstance(value, datetime.timedelta):
        minutes = round(value.total_seconds() / 60)
        return f"{minutes // 60}:{minutes % 60:02}"
    return value if isinstance(value, int) or math.isfinite(value) else str(value)


def read(batch: RegisterBatch) -> RegisterBatch:
    """Read the batch's file into rows, and leave the batch prepared, or failed with a sentence.

    A batch that is no longer waiting to be read is left as it is.
    """
    if not _begin(batch):
        return batch
    try:
        _read(batch, survey(workbook.open_workbook(uploads.opened(batch))))
    except CannotRead as error:
        with translation.override(None):  # kept in English, shown in the reader's language
            _finish(batch, State.FAILED, error=str(error.sentence))
    except Superseded:
        batch.refresh_from_db()
    return batch


def _read(batch: RegisterBatch, sheets: list[Sheet]) -> None:
    about = {sheet.title: sheet.about() for sheet in sheets if sheet.has_rows}
    batch.sheets = list(about.values())
    judge = Judge(batch)
    rows = (
        RegisterRow(batch=batch, sheet=sheet.title, number=number, kind=kind, written=written)
        for sheet in sheets
        if sheet.kind
        for number, kind, written in entries(sheet)
    )
    has_visits = has_late_people = False
    while chunk := list(islice(rows, CHUNK)):
        for row in chunk:
            about[row.sheet]["rows"] += 1
            has_late_people |= has_visits and row.kind != Kind.VISIT
            has_visits |= row.kind == Kind.VISIT
        judge.judge(chunk)
        _store(batch, chunk)
    if not batch.rows_done:
        raise CannotRead(NO_ENTRIES)
    if has_late_people:  # a list of people below one of visits: look for these people again
        judge_again(batch, batch.rows.filter(outcome=RegisterRow.Outcome.CANNOT))
    _finish(batch, State.PREPARED)


@transaction.atomic
def _begin(batch: RegisterBatch) -> bool:
    current = RegisterBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if current.state != State.READING:
        batch.refresh_from_db()
        return False
    batch.rows.all().delete()
    _set(batch, rows_done=0)
    return True


@transaction.atomic
def _store(batch: RegisterBatch, rows: list[RegisterRow]) -> None:
    _check_alone(batch)
    columns = ", ".join(field.column for field in COLUMNS)
    into = f"COPY services_registerrow ({columns}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(into) as copy:
        for row in rows:
            copy.write_row(
                [field.get_db_prep_save(field.pre_save(row, True), connection) for field in COLUMNS]
            )
    _set(batch, rows_done=batch.rows_done + len(rows))


@transaction.atomic
def _finish(batch: RegisterBatch, state: str, error: str = "") -> None:
    _check_alone(batch)
    _set(batch, state=state, error=error, sheets=batch.sheets)
    uploads.remove(batch)


def _check_alone(batch: RegisterBatch) -> None:
    current = RegisterBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if (current.state, current.rows_done) != (State.READING, batch.rows_done):
        raise Superseded


def _set(batch: RegisterBatch, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(batch, name, value)
    batch.save(update_fields=list(fields))
