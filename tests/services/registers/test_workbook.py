import datetime
import io
import struct
import zipfile

import openpyxl
import pytest

from services.registers import workbook
from services.registers.workbook import CannotRead
from tests.services.registers.workbooks import xlsx


def lines(content):
    book = workbook.open_workbook(io.BytesIO(content))
    return [line for sheet in book.worksheets for line in workbook.lines(sheet)]


def refusal(content):
    with pytest.raises(CannotRead) as caught:
        lines(content)
    return caught.value.sentence


def repacked(content, change):
    """The workbook with its parts changed by `change(name, data)`."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", 8) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return file.getvalue()


def test_rows_come_with_their_numbers_and_without_the_blank_ones():
    content = xlsx({"Sheet": [["a", 1], [None, None], ["b", datetime.date(2020, 1, 31)]]})

    found = [(line.number, line.cells) for line in lines(content)]

    assert found == [(1, ["a", 1]), (3, ["b", datetime.datetime(2020, 1, 31)])]


def test_a_cell_merged_over_rows_counts_for_each_of_them():
    rows = [["day", "who"], ["2020-01-31", "a"], [None, "b"], [None, "c"], [None, "d"]]
    content = xlsx({"Sheet": rows}, lambda book: book.active.merge_cells("A2:A4"))

    found = [(line.cells[0], line.filled) for line in lines(content)[1:]]

    filled = ("2020-01-31", frozenset([0]))
    assert found == [("2020-01-31", frozenset()), filled, filled, (None, frozenset())]


def test_text_of_a_file_that_is_no_workbook_is_refused():
    assert refusal(b"name,hours\n") == workbook.NOT_A_WORKBOOK
    assert refusal(b"") == workbook.NOT_A_WORKBOOK


def test_an_archive_that_is_no_workbook_is_refused():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme.txt", "hello")

    assert refusal(file.getvalue()) == workbook.NOT_A_WORKBOOK


def test_a_workbook_of_the_old_kind_is_told_from_a_locked_one():
    assert refusal(workbook.OLD_OR_LOCKED + b"\0" * 600) == workbook.OLD_FORMAT
    locked = workbook.OLD_OR_LOCKED + b"\0" * 600 + workbook.ENCRYPTED
    assert refusal(locked) == workbook.LOCKED


def test_a_file_of_more_than_20_mb_is_refused():
    assert refusal(b"PK" + b"\0" * workbook.MAX_BYTES) == workbook.TOO_LARGE


def test_a_bomb_is_refused_by_what_it_says_it_unpacks_to():
    content = xlsx({"Sheet": [["a"]]})
    zeros = b" " * (200 * 1024 * 1024)

    bomb = repacked(content, lambda name, data: data + zeros if "sheet1" in name else data)

    assert len(bomb) < 1024 * 1024
    assert refusal(bomb) == workbook.SWOLLEN


def test_a_bomb_that_lies_about_its_size_is_refused():
    content = xlsx({"Sheet": [["a"]]})
    zeros = b" " * (50 * 1024 * 1024)
    bomb = repacked(content, lambda name, data: data + zeros if "sheet1" in name else data)

    size = struct.pack("<L", len(zeros) + len(_part(content, "xl/worksheets/sheet1.xml")))
    lying = bomb.replace(size, struct.pack("<L", 500))

    assert refusal(lying) == workbook.DAMAGED


def test_a_workbook_cut_off_in_the_middle_is_refused():
    content = xlsx({"Sheet": [["a"] * 30] * 300})

    assert refusal(content[: len(content) // 2]) == workbook.NOT_A_WORKBOOK


def test_a_sheet_that_is_broken_inside_is_refused():
    content = xlsx({"Sheet": [["a"]]})

    broken = repacked(content, lambda name, data: data[:-30] if "sheet1" in name else data)

    assert refusal(broken) == workbook.DAMAGED


def test_a_bomb_of_entities_is_refused():
    content = xlsx({"Sheet": [["a"]]})
    entities = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'

    bad = repacked(content, lambda name, data: entities + data if "sheet1" in name else data)

    assert refusal(bad) == workbook.DAMAGED


def test_reading_ends_after_2000_blank_rows():
    content = xlsx({"Sheet": [["a"]]}, lambda book: book.active.cell(500_000, 1, "far below"))

    assert [line.number for line in lines(content)] == [1]


def test_more_than_200_000_rows_are_refused(monkeypatch):
    monkeypatch.setattr(workbook, "MAX_ROWS", 20)

    assert len(lines(xlsx({"Sheet": [["a"]] * 20}))) == 20
    assert refusal(xlsx({"Sheet": [["a"]] * 21})) == workbook.TOO_MANY_ROWS


def test_more_than_60_sheets_are_refused():
    sheets = {f"Sheet {n}": [["a"]] for n in range(61)}

    assert refusal(xlsx(sheets)) == workbook.TOO_MANY_SHEETS


def test_cells_far_to_the_right_are_left_out():
    content = xlsx({"Sheet": [["a"]]}, lambda book: book.active.cell(1, 16_384, "far"))

    assert [line.cells for line in lines(content)] == [["a"] + [None] * 39]


def test_a_formula_is_its_text():
    content = xlsx({"Sheet": [["=1+1"]]})

    assert lines(content)[0].cells == ["=1+1"]


def test_a_date_that_no_calendar_has_does_not_stop_the_reading():
    def far_away(book):
        cell = book.active.cell(1, 2, 99_999_999)
        cell.number_format = "yyyy-mm-dd"

    content = xlsx({"Sheet": [["a", None]]}, far_away)

    assert lines(content)[0].cells == ["a", "#VALUE!"]


def test_long_text_is_cut():
    content = xlsx({"Sheet": [["x" * 30_000]]})

    assert len(lines(content)[0].cells[0]) == workbook.MAX_CELL


def test_hidden_sheets_are_read_like_others():
    def hide(book):
        book["B"].sheet_state = "hidden"

    content = xlsx({"A": [["a"]], "B": [["b"]]}, hide)

    assert [line.cells for line in lines(content)] == [["a"], ["b"]]


def _part(content, name):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name)


def test_openpyxl_still_keeps_the_way_to_a_sheets_source():
    book = openpyxl.load_workbook(io.BytesIO(xlsx({"A": [["a"]]})), read_only=True)

    with book.worksheets[0]._get_source() as source:
        assert b"sheetData" in source.read()
