"""Reports as workbook, csv and text."""

import csv
import datetime
import io

import pytest
from django.utils import translation
from openpyxl import load_workbook

from members.models import Area
from tests.factories import StaffFactory
from timebank.reports import files
from timebank.reports.layout import Column, Document, Figure, Section, Table, Unit
from timebank.reports.periods import Period

MARCH = Period(datetime.date(2026, 3, 1), datetime.date(2026, 3, 31))
WATERMARK = "Time Bank · made for 林 on 2026-04-01"
FORMULA = '=HYPERLINK("http://evil.example","click")'


def document(name="石虎关社区"):
    table = Table(
        [
            Column("Area", Unit.TEXT),
            Column("Visits"),
            Column("Served", Unit.HOURS),
            Column("Share", Unit.SHARE),
            Column("Day", Unit.DATE),
        ],
        [[name, 3, 90, 0.25, MARCH.start], ["彩云社区", 0, -1200 * 60, 0.75, MARCH.end]],
        correction=["Counted in several rows", -1, None, None, None],
        total=["Total", 2, 90, 1, None],
    )
    return Document(
        code="R1",
        title="Operations",
        area=Area(code="530111001001", name_zh=name, name_en=name),
        period=MARCH,
        figures=[Figure("hours served", 90, Unit.HOURS, "a note")],
        sections=[Section("hours", "Hours: by area / [all]", table)],
        definitions=["Served: time at the elder's service."],
    )


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def workbook(**fields):
    return load_workbook(io.BytesIO(files.as_workbook(document(**fields), WATERMARK)))


def test_a_workbook_opens_with_a_summary_and_has_a_sheet_for_each_table():
    book = workbook()

    assert book.sheetnames == ["Summary", "Hours  by area    all "]
    summary = [cell.value for row in book["Summary"] for cell in row if cell.value]
    for words in ("R1 Operations", "石虎关社区", "hours served", 1.5, "Prepared by", WATERMARK):
        assert words in summary


def test_numbers_of_a_workbook_are_numbers_in_hours_with_a_format():
    rows = list(workbook().worksheets[1].iter_rows(min_row=3, max_row=7))

    assert [cell.value for cell in rows[0]] == ["Area", "Visits", "Served", "Share", "Day"]
    assert [cell.value for cell in rows[1]][1:4] == [3, 1.5, 0.25]
    assert [cell.number_format for cell in rows[1]][1:4] == ["#,##0", "#,##0.0", "0%"]
    assert rows[1][4].value == datetime.datetime(2026, 3, 1)
    assert rows[2][2].value == -1200
    assert rows[4][0].font.bold


def test_every_sheet_says_who_took_it_and_when():
    for sheet in workbook():
        assert sheet.oddFooter.center.text == WATERMARK


def test_no_cell_of_a_workbook_is_a_formula():
    book = workbook(name=FORMULA)

    cells = [cell for sheet in book for row in sheet for cell in row]
    assert FORMULA in [cell.value for cell in cells]
    assert not any(cell.data_type == "f" for cell in cells)


def test_a_csv_is_known_as_utf_8_and_holds_plain_numbers():
    data = files.as_csv(document(), WATERMARK)

    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    assert data.startswith(b"\xef\xbb\xbf")
    assert ["石虎关社区", "3", "1.5", "0.25", "2026-03-01"] in rows
    assert ["彩云社区", "0", "-1200.0", "0.75", "2026-03-31"] in rows
    assert rows[-1] == [WATERMARK]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_a_csv_begins_like_a_formula(start):
    data = files.as_csv(document(name=f"{start}1+1"), WATERMARK).decode("utf-8-sig")

    cells = [cell for row in csv.reader(io.StringIO(data, newline="")) for cell in row]
    assert f"'{start}1+1" in cells
    assert f"{start}1+1" not in cells


def test_text_has_its_columns_below_each_other():
    lines = files.as_text(document()).splitlines()

    assert "       1.5  hours served (a note)" in lines
    heading, first, second, *_rest, last = lines[lines.index("Hours: by area / [all]") + 1 :]
    assert heading.startswith("Area                     Visits  Served  Share  Day")
    assert first.startswith("石虎关社区                    3     1.5    25%  03/01/2026")
    assert first.split() == ["石虎关社区", "3", "1.5", "25%", "03/01/2026"]
    assert second.split()[2] == "−1,200"
    assert last.split()[:3] == ["Total", "2", "1.5"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("csv", "text/csv; charset=utf-8"),
    ],
)
def test_the_page_gives_the_file_with_the_readers_name(client, ending, kind):
    user = StaffFactory(role="administrator", username="lin", first_name="晓燕", last_name="于")
    client.force_login(user)
    asked = {"area": "530111001001", "start": "2026-03-01", "end": "2026-03-31", "format": ending}

    response = client.get("/admin/reports/R1/", asked)

    assert response["Content-Type"] == kind
    name = f"R1-530111001001-2026-03-01-2026-03-31.{ending}"
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'
    if ending == "csv":
        assert str(user) in response.content.decode("utf-8-sig").splitlines()[-1]
