import datetime
import string
import sys
from pathlib import Path

import pytest
from django.utils import translation
from django.utils.functional import lazystr
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st

from services.papers import typeset
from tests.services.papers import reading

AT = datetime.datetime(2026, 11, 25, 10, 0, tzinfo=datetime.UTC)
NASTY = [
    "#panic()",
    "*a* _b_ `c` $x$ <d> @e ~ -- --- ... = - + / 1.",
    "\\ \\u{41} \"quoted\" 'single' “curved”",
    "// no comment /* nor this */",
    "'; DROP TABLE members_member; --",
    "<script>alert(1)</script> &amp; <b>",
    '#{sys.inputs} #read("/etc/passwd") #import "@preview/x:1.0.0"',
    "https://example.org/#a",
    "{{ name }} {% if %} %s %(x)s {0}",
]


@pytest.fixture(scope="module")
def font():
    return TTFont(typeset.FONTS / "NotoSansCJKsc-Regular.otf").getBestCmap()


def paper(name):
    told = {
        "programme": "时间银行",
        "number-label": "编号",
        "number": "1",
        "banner": "",
        "facts": [["姓名", name]],
        "sentence": "。",
        "headings": ["一", "二", "三"],
        "rows": [["一", "二", "三"]],
        "total": ["一", "二", "三"],
        "qr": "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'/>",
        "qr-words": "QR",
        "address": "https://example.org/",
        "short-address": "https://example.org/",
        "check-words": "",
        "code": "",
        "unit-label": "",
        "unit": "",
        "seal": "",
        "issued": "",
        "made": "",
        "ledger-seal": "",
    }
    with translation.override("zh-hans"):
        return typeset.pdf("certificate", told, title="证明", at=AT)


@pytest.mark.parametrize("name", NASTY)
def test_signs_of_markup_stand_on_paper_as_they_are_written(name):
    assert name.replace(" ", "") in reading.letters(paper(name))


@pytest.mark.parametrize(
    "name", ["王䶮", "李𬭎", "㛃𫖯𬱖", "高·阿依古丽", "Nguyễn Văn Ả", "Жданов", "ｱ王", "〇"]
)
def test_rare_letters_of_names_are_printed(name):
    assert name.replace(" ", "") in reading.letters(paper(name))


def test_every_chinese_character_of_the_standard_is_in_the_font(font):
    assert {chr(code) for code in range(0x4E00, 0x9FA6)} <= {chr(code) for code in font}
    assert {chr(code) for code in range(0x3400, 0x4DB6)} <= {chr(code) for code in font}
    assert {ord(sign) for sign in "䶮𬭎" + string.printable[:95]} <= font.keys()


def test_a_sign_without_a_picture_is_printed_by_its_number():
    assert typeset.printable("王😀") == "王[U+1F600]"
    assert "王[U+1F600]" in reading.letters(paper("王😀"))
    assert typeset.printable("\ud800") == "[U+D800]"


def test_writing_from_right_to_left_is_printed():
    assert typeset.printable("مرحبا") == "مرحبا"
    assert "مرحبا" in reading.letters(paper("مرحبا"))


def test_marks_that_nobody_sees_are_dropped():
    assert typeset.printable("a\x00b\u202ec\ufeff\ne\ufe0f") == "abc e"


def test_an_accent_that_no_letter_of_the_font_carries_is_written_by_its_number():
    told = typeset.printable("0\u20d0 e\u0301 1️⃣")

    assert told == "0[U+20D0] e\u0301 1[U+20E3]"
    assert paper(told).startswith(b"%PDF")


def test_lazy_texts_and_what_lists_hold_become_texts():
    assert typeset.printable({"a": [lazystr("b"), ("c\x00", 1, None)]}) == {
        "a": ["b", ["c", 1, None]]
    }


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30))
def test_no_text_breaks_a_paper(name):
    assert paper(name).startswith(b"%PDF")


def test_a_paper_is_archivable_and_accessible():
    about = reading.about(paper("王"))

    assert "<pdfaid:part>2</pdfaid:part>" in about
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in about
    assert "<pdfuaid:part>1</pdfuaid:part>" in about
    assert "证明" in about
    assert "zh-CN" in about
    structure = reading.structure(paper("王"))
    assert {"H1", "Table", "TH", "TD", "Figure"} <= set(structure)


def test_the_same_paper_is_the_same_file():
    assert paper("王") == paper("王")


def test_a_layout_sees_its_own_folder_and_nothing_else(tmp_path):
    import typst

    for source in (f'#read("{tmp_path}/x")', '#read("../models.py")', '#image("/../../x.png")'):
        with pytest.raises(typst.TypstError):
            typst.compile(source.encode(), root=typeset.HERE, font_paths=typeset._fonts())


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's figures of the process")
def test_heavy_papers_do_not_pile_up_in_memory():
    def held():
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4 // 1024

    def heavy(number):
        rows = [[f"{number}", f"王{number} {row}", f"{row}", "", f"{row}"] for row in range(1000)]
        statement = {
            "heading": "x",
            "facts": [],
            "headings": list("一二三四五"),
            "opening": ["", ""],
            "rows": rows,
            "total": list("一二三四"),
            "as-of": "",
            "seal": "",
            "whose": "",
        }
        told = {"programme": "", "nothing": "", "statements": [statement]}
        typeset.pdf("statement", told, title="x", at=AT)
        return held()

    first, *_others, last = [heavy(number) for number in range(6)]

    assert last - first < 150  # MB; five times 75 otherwise
