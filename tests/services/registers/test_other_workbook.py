"""A workbook as another community might keep it: other headings, other words, other faults."""

import datetime

import openpyxl
import pytest
from openpyxl.styles import Font

from ledger import statements
from members.models import Member
from services.models import Visit
from services.registers import batches, posting, refused, results
from tests.factories import StaffFactory
from tests.services.registers.workbooks import approve, bring_in, post, read, reasons, xlsx

pytestmark = pytest.mark.django_db

MIXED = [
    ["关上中心区 时间银行"],
    ["登记时间：2020年"],
    [],
    ["手机", "义工姓名", "证件号码", "家庭住址", "出生年月", "擅长", "编号"],
    ["138 1234 0001", "王  敏", "53011119600501002x", "国贸花园1幢", None, "陪聊/购物", 1],
    ["＋86 13812340002", "王敏", "530111196105010049", "国贸花园2幢", None, "看病", 2],
    [13812340003.0, "Anna  Müller", None, "日新里", "1970年5月1日", None, 3],
    ["手机", "义工姓名", "证件号码", "家庭住址", "出生年月", "擅长", "编号"],
    ["0871-67170001", "欧阳修", None, "日新里", "1971-05-01", None, 4],
    ["合计", None, None, None, None, None, 4],
    ["制表人：某某"],
]
ELDERS = [
    ["Client", "Tel", "Lives", "Ability", "Emergency contact", "Phone", "Room"],
    ["赵玉兰", "13900000001", "Alone", "Self-caring", "赵刚", "13900000009", "602"],
    ["钱德福", "13900000002", "Empty nest", "Semi-disabled", None, None, "603"],
    ["Anna Müller", "13812340003", "Family", None, None, None, "1"],
]
VISITS = [
    ["2020年度服务台账", None, None, None, None, None, None, None],
    ["服务日期", "服务对象", "服务人员", "服务内容", "服务时间", None, "时长（分钟）", "是否储蓄"],
    [None, None, None, None, "开始", "结束", None, None],
    ["3月2日", "赵玉兰", "王敏（0001）", "聊天", "上午9点", "上午十点半", 90, "√"],
    [None, "钱德福", "王敏 尾号0001", "量血压", "14：00", "15：00", "60分", None],
    ["3月4日", "赵玉兰", "Anna Müller", "代购", None, None, 45, "√"],
    ["小计", None, None, None, None, None, 195, None],
    ["3月5日", "Anna Müller", "欧阳修", "看望", "下午3点", "下午4点", "1小时", "√"],
    ["〃", "赵玉兰", "欧阳修", "〃", "下午5点", "下午6点", "一小时", "√"],
    # and the faults
    ["3月6日", "赵玉兰", "王敏", "聊天", "9:00", "10:00", 60, "√"],
    ["3月6日", "孙悟空", "欧阳修", "聊天", "9:00", "10:00", 60, "√"],
    ["3月6日", "赵玉兰、钱德福", "欧阳修", "聊天", "11:00", "12:00", 60, "√"],
    ["2020-03-07", "赵玉兰", "欧阳修", "聊天", "9:00", "10:00", "=F14-E14", "√"],
    ["1900-01-01", "赵玉兰", "欧阳修", "聊天", "9:00", "10:00", 60, "√"],
    ["3月8日", "赵玉兰", "欧阳修", "聊天", None, None, 9999, "√"],
    ["3月9日", "赵玉兰", "欧阳修", "聊天", "9:00", "10:00", 60, "也许"],
    ["3月10日", "Anna Müller", "Anna Müller", "聊天", "9:00", "10:00", 60, "√"],
    ["3月11日", "赵玉兰", "欧阳修", "聊天", "9:00", "11:00", 120, "√"],
    ["3月11日", "钱德福", "欧阳修", "聊天", "10:00", "12:00", 120, "√"],
]
REFUSED = {
    10: "ambiguous_volunteer",
    11: "unknown_elder",
    12: "several_names",
    13: "formula",
    14: "too_early",
    15: "impossible_minutes",
    16: "unknown_mark",
    17: "same_person",
    19: "overlap",
}


def merge(book):
    sheet = book["台账"]
    for cells in ("A1:H1", "A2:A3", "B2:B3", "C2:C3", "D2:D3", "E2:F2", "G2:G3", "H2:H3", "A4:A5"):
        sheet.merge_cells(cells)
    sheet["A2"].font = Font(bold=True)


@pytest.fixture
def content():
    sheets = {
        "说明": [["本表由社区填写"]],
        "台账": VISITS,
        "人员": MIXED,
        "Clients": ELDERS,
    }
    return xlsx(sheets, merge)


def test_its_lists_are_recognized_and_every_fault_is_named(content):
    batch = read(content)

    assert reasons(batch) == REFUSED
    assert not reasons(batch, "volunteer")
    assert not reasons(batch, "elder")
    assert [sheet["title"] for sheet in batch.sheets if not sheet["rows"]] == ["说明"]


def test_the_cell_with_a_formula_is_named(content):
    row = read(content).rows.get(reason="formula")

    assert row.details["cell"] == "G13"


def test_its_people_and_visits_are_posted_as_they_are_meant(content):
    post(content)

    wangs = Member.objects.filter(name="王敏")
    numbers = [phone.number for wang in wangs for phone in wang.phones.all()]
    assert sorted(numbers) == ["13812340001", "13812340002"]
    anna = Member.objects.get(name="Anna Müller")
    assert anna.volunteer
    assert anna.elder.living == "with_children"
    assert Member.objects.get(name="赵玉兰").elder.contact_phone == "13900000009"
    assert Member.objects.get(name="钱德福").note == "Room: 603"
    visits = Visit.objects.order_by("service_date", "started_at")
    assert [(v.service_date.day, v.category_id, v.served_minutes) for v in visits] == [
        (2, "companionship", 90),
        (2, "health-guidance", 60),
        (4, "shopping", 45),
        (5, "home-visit", 60),
        (5, "home-visit", 60),
        (11, "companionship", 120),
    ]
    assert {visit.service_date.year for visit in visits} == {2020}


def test_the_marks_decide_what_is_banked(content):
    post(content)

    by_name = {
        member.phones.get().number: statements.standing_of(member).posted
        for member in Member.objects.filter(visits_given__isnull=False).distinct()
    }
    assert by_name == {"13812340001": 90, "13812340003": 45, "087167170001": 240}


def test_the_refused_rows_come_back_as_a_workbook_that_can_be_mended_and_imported(content):
    author = StaffFactory()
    batch = posting.post(approve(read(content, by=author)))
    book = openpyxl.load_workbook(_file(refused.workbook(batch)))
    sheet = book.worksheets[0]
    rows = list(sheet.iter_rows(values_only=True))
    assert [row[-1] for row in rows[1:]] == [f"台账 {number}" for number in REFUSED]
    assert rows[1][-2] == reasons_in_words(batch)[0]

    sheet.cell(2, 2, "王敏(0002)")
    mended = posting.post(approve(read(_bytes(book), by=author)))

    visit = mended.rows.get(outcome="posted").visit
    assert visit.volunteer.phones.get().number == "13812340002"
    assert visit.service_date == datetime.date(2020, 3, 6)
    still = ["overlap_on_record" if r == "overlap" else r for r in list(REFUSED.values())[1:]]
    assert list(reasons(mended).values()) == still


def reasons_in_words(batch):
    return [row["sentence"] for row in results.refused(batch)]


def test_mending_every_row_on_the_page_posts_them_all(content):
    batch = posting.post(approve(read(content)))
    mendings = {
        10: {"volunteer": "王敏(0002)"},
        11: {"elder": "赵玉兰"},
        12: {"elder": "钱德福"},
        13: {"minutes": "60"},
        14: {"date": "2020-03-12"},
        15: {"minutes": "99"},
        16: {"banked": "否"},
        17: {"elder": "赵玉兰"},
        19: {"start": "13:00", "end": "15:00"},
    }

    for number, cells in mendings.items():
        row = batch.rows.get(kind="visit", number=number)
        batches.mend(row, written=row.written | cells, by=batch.entered_by)
    batch.refresh_from_db()
    posting.post(approve(batch))

    assert not reasons(batch)
    assert Visit.objects.count() == 15


def test_bringing_it_in_twice_changes_nothing(content):
    author = StaffFactory()
    batch = posting.post(approve(read(content, by=author)))

    again = batches.check_again(bring_in(content, by=author))

    assert again == batch
    assert again.state == "applied"
    assert reasons(again) == REFUSED


def _file(content):
    import io

    return io.BytesIO(content)


def _bytes(book):
    file = _file(b"")
    book.save(file)
    return file.getvalue()
