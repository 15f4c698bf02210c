import csv
import dataclasses
import datetime
import io

from django.utils import translation

from ledger import checkpoints
from members.models import Member
from tests.services.papers import reading
from tests.timebank.statements.conftest import DAY, NOW
from timebank.reports.periods import Period
from timebank.statements import document, files

YEAR = Period(datetime.date(2026, 1, 1), datetime.date(2026, 12, 31))


def of(member):
    return document.whole(member, YEAR, at=NOW)


def rows(data):
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


def test_the_csv_says_what_the_statement_says(volunteer, fill):
    fill((90, DAY))

    with translation.override("en"):
        data = files.as_csv(of(volunteer))

    assert data.startswith(b"\xef\xbb\xbf")
    told = rows(data)
    assert ["Name", "高桂䶮"] in told
    assert ["2026-03-08", "Shopping together 王*英", "1.5", "", "1.5"] in told
    assert ["", "Closing balance", "1.5", "0.0", "1.5"] in told


def test_no_cell_of_a_csv_is_a_formula(volunteer, fill):
    fill((90, DAY))
    Member.objects.filter(pk=volunteer.pk).update(name='=HYPERLINK("http://x","y")')
    volunteer.refresh_from_db()

    told = rows(files.as_csv(of(volunteer)))

    assert told[1][1] == '\'=HYPERLINK("http://x","y")'


def test_the_pdf_says_what_the_statement_says(volunteer, fill):
    fill((90, DAY), (60, DAY))

    with translation.override("en"):
        paper = files.pdf([of(volunteer)], title="Statement", at=NOW)

    text = reading.words(paper)
    assert "高桂䶮" in text
    assert volunteer.number in text
    assert "Opening balance 0 min" in text
    assert "Shopping together 王*英 1 h 30 min 1 h 30 min" in text
    assert "Closing balance 2 h 30 min 0 min 2 h 30 min" in text
    assert "Jan. 1, 2026 – Dec. 31, 2026" in text
    assert "As of Nov. 20, 2026" in text
    assert "1 / 1" in text
    assert "Seal" not in text


def test_the_code_of_a_seal_is_printed_when_there_is_one(volunteer, fill, monkeypatch):
    fill((90, DAY))
    monkeypatch.setattr(checkpoints, "code_at", {NOW: "7K3Q-9FJD"}.get)

    with translation.override("en"):
        paper = files.pdf([of(volunteer)], title="Statement", at=NOW)

    assert "Seal of the ledger 7K3Q-9FJD" in reading.words(paper)


def test_the_pdf_is_archivable_and_its_table_can_be_read_aloud(volunteer, fill):
    fill((90, DAY))

    paper = files.pdf([of(volunteer)], title="对账单", at=NOW)

    assert "<pdfaid:part>2</pdfaid:part>" in reading.about(paper)
    assert "<pdfuaid:part>1</pdfuaid:part>" in reading.about(paper)
    kinds = reading.structure(paper)
    assert kinds.count("TH") == 5
    assert {"H1", "Table", "TR", "TD"} <= set(kinds)


def test_a_name_full_of_signs_breaks_neither_file(volunteer, fill):
    fill((90, DAY))
    Member.objects.filter(pk=volunteer.pk).update(name='#panic() *a* $x$ \\ "quoted" 😀 مرحبا')
    volunteer.refresh_from_db()

    paper = files.pdf([of(volunteer)], title="x", at=NOW)

    assert '#panic()*a*$x$\\"quoted"[U+1F600]مرحبا' in reading.letters(paper)
    assert volunteer.name in files.as_csv(of(volunteer)).decode().replace('""', '"')


def test_a_file_is_called_by_whose_it_is(volunteer):
    with translation.override("en"):
        name = files.file_name(of(volunteer), "csv")

    assert name == "Statement of the time account 高桂䶮 2026-01-01 2026-12-31.csv"


def test_every_page_says_whose_it_is(volunteer, fill):
    fill((90, DAY))
    long = of(volunteer)
    long = dataclasses.replace(long, lines=long.lines * 50)

    alone = files.pdf([long], title="x", at=NOW)
    community = files.pdf([long, long], title="x", at=NOW)

    for paper, pages in ((alone, 2), (community, 4)):
        told = [page.extract_text() for page in reading.PdfReader(io.BytesIO(paper)).pages]
        assert len(told) == pages
        assert all(volunteer.number in page for page in told)
    assert "1 / 2" in reading.words(alone)
