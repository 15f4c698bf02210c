"""Reading a workbook that a stranger may have made: every limit is checked before it is paid for.

Rows come one by one, as plain values; nothing of a sheet is held in memory but the row at hand.
"""

import datetime
import os
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple
from xml.etree.ElementTree import ParseError

import openpyxl
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from openpyxl.utils.exceptions import InvalidFileException

MEGABYTE = 1024 * 1024
MAX_BYTES = 20 * MEGABYTE
MAX_UNPACKED = 150 * MEGABYTE
MAX_STRINGS = 60 * MEGABYTE  # the shared strings are the one part that is held in memory
MAX_RATIO = 100  # a sheet of real rows packs 10 to 30 times
MAX_PARTS = 1000
MAX_SHEETS = 60
MAX_ROWS = 200_000
MAX_BLANK_ROWS = 2_000
MAX_COLUMNS = 40
MAX_CELL = 2_000
CHUNK = 500

OLD_OR_LOCKED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
# What openpyxl and the standard library raise when a file is not what it says.
MALFORMED = (
    AttributeError,
    EOFError,
    InvalidFileException,
    LookupError,
    NotImplementedError,
    OSError,
    ParseError,
    RuntimeError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)
MERGED = re.compile(rb'<(?:\w+:)?mergeCell [^>]*?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
MAX_MERGED = 100_000
NUMBERS = (int, float, datetime.datetime, datetime.time, datetime.date, datetime.timedelta, bool)

NOT_A_WORKBOOK = _("This is not a workbook. Choose an Excel file that ends in .xlsx.")
OLD_FORMAT = _("This is a workbook of the old kind (.xls). Open it and save it as .xlsx.")
LOCKED = _("This workbook is protected by a password. Save it without one and choose it again.")
DAMAGED = _("This workbook is damaged and cannot be read. Open it, save it again as .xlsx.")
TOO_LARGE = _("This file is larger than 20 MB. Divide it into several workbooks.")
SWOLLEN = _("This workbook unpacks to far more than a register needs; it was not opened.")
TOO_MANY_ROWS = _("This workbook has more than 200,000 rows. Divide it into several.")
TOO_MANY_SHEETS = _("This workbook has more than 60 sheets. Divide it into several.")


class CannotRead(Exception):
    """The file as a whole is refused; `sentence` says why and what to do."""

    def __init__(self, sentence: str | Promise) -> None:
        super().__init__(sentence)
        self.sentence = sentence

    def __str__(self) -> str:
        return str(self.sentence)


class Line(NamedTuple):
    """A row that is not blank. `filled` are the columns whose value was merged in from above."""

    number: int
    cells: list[Any]
    filled: frozenset[int]


def open_workbook(file: Any) -> openpyxl.Workbook:
    """The workbook in a binary file, opened for reading row by row. Raises CannotRead."""
    check(file)
    with warnings.catch_warnings(action="ignore"):  # openpyxl tells of parts that it leaves out
        try:
            book = openpyxl.load_workbook(file, read_only=True, keep_links=False)
        except MALFORMED:
            raise CannotRead(DAMAGED) from None
    if len(book.worksheets) > MAX_SHEETS:
        raise CannotRead(TOO_MANY_SHEETS)
    return book


def check(file: Any) -> None:
    """Refuse what is no workbook, and what would unpack to too much, by its directory alone."""
    if file.seek(0, os.SEEK_END) > MAX_BYTES:
        raise CannotRead(TOO_LARGE)
    file.seek(0)
    if file.read(8) == OLD_OR_LOCKED:
        raise CannotRead(LOCKED if ENCRYPTED in file.read() else OLD_FORMAT)
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
    except MALFORMED:
        raise CannotRead(NOT_A_WORKBOOK) from None
    if not any(part.filename == "xl/workbook.xml" for part in parts):
        raise CannotRead(NOT_A_WORKBOOK)
    if any(part.flag_bits & 1 for part in parts):
        raise CannotRead(LOCKED)
    _check_sizes(parts)


def _check_sizes(parts: list[zipfile.ZipInfo]) -> None:
    unpacked = sum(part.file_size for part in parts)
    packed = sum(part.compress_size for part in parts)
    strings = sum(part.file_size for part in parts if "sharedStrings" in part.filename)
    if (
        len(parts) > MAX_PARTS
        or unpacked > MAX_UNPACKED
        or strings > MAX_STRINGS
        or (unpacked > MEGABYTE and unpacked > packed * MAX_RATIO)
    ):
        raise CannotRead(SWOLLEN)


def lines(sheet: Any) -> Iterator[Line]:
    """The rows of a sheet that are not blank, merged cells filled down, text cut to 2,000 letters.

    Ends after 2,000 blank rows in succession. Raises CannotRead when the sheet is damaged or has
    more than 200,000 rows.
    """
    merged = _vertical_merges(sheet)
    running: dict[int, tuple[int, Any]] = {}
    blank = found = 0
    for number, values in enumerate(_values(sheet), 1):
        cells = [v if v is None or type(v) in NUMBERS else _plain(v) for v in values[:MAX_COLUMNS]]
        if cells.count(None) == len(cells):
            blank += 1
            if blank > MAX_BLANK_ROWS:
                return
            continue
        blank = 0
        found += 1
        if found > MAX_ROWS:
            raise CannotRead(TOO_MANY_ROWS)
        filled = _fill(cells, running, number) if running else frozenset()
        for column, last in merged.get(number, ()):
            running[column] = (last, cells[column] if column < len(cells) else None)
        yield Line(number, cells, filled)


def _values(sheet: Any) -> Iterator[tuple[Any, ...]]:
    """The cells, whatever size the sheet claims to have; read a few hundred rows at a time."""
    sheet.reset_dimensions()
    rows = sheet.iter_rows(values_only=True)
    while True:
        with warnings.catch_warnings(action="ignore"):  # a date out of range becomes #VALUE!
            try:
                chunk = list(islice(rows, CHUNK))
            except MALFORMED:
                raise CannotRead(DAMAGED) from None
        if not chunk:
            return
        yield from chunk


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value[:MAX_CELL].replace("\0", "").strip() or None
    if hasattr(value, "text") or hasattr(value, "ref"):  # a formula of its own class
        return str(getattr(value, "text", None) or "=")
    return value


def _fill(cells: list[Any], running: dict[int, tuple[int, Any]], number: int) -> frozenset[int]:
    filled = set()
    for column, (last, value) in list(running.items()):
        if number > last:
            del running[column]
        elif value is not None and (column >= len(cells) or cells[column] is None):
            cells.extend([None] * (column + 1 - len(cells)))
            cells[column] = value
            filled.add(column)
    return frozenset(filled)


def _vertical_merges(sheet: Any) -> dict[int, list[tuple[int, int]]]:
    """First row → the merged columns with their last rows; openpyxl tells it only of whole sheets.

    The cells are listed behind the rows, so the sheet is unpacked once for this, in pieces.
    """
    merges: dict[int, list[tuple[int, int]]] = {}
    tail, count = b"", 0
    try:
        with sheet._get_source() as source:
            while piece := source.read(MEGABYTE):
                text = tail + piece
                end = 0
                for match in MERGED.finditer(text):
                    end = match.end()
                    count += 1
                    left, first, _right, last = match.groups()
                    column = openpyxl.utils.column_index_from_string(left.decode()) - 1
                    if int(last) > int(first) and column < MAX_COLUMNS and count <= MAX_MERGED:
                        merges.setdefault(int(first), []).append((column, int(last)))
                tail = text[max(end, len(text) - 200) :]
    except MALFORMED:
        raise CannotRead(DAMAGED) from None
    return merges
