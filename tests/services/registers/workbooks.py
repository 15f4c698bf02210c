"""Workbooks for tests, and the short way from one to a batch that is read or posted."""

import io

import openpyxl
from django.core.files.base import ContentFile
from django.utils import timezone

from services.registers import batches, posting, reading
from tests.factories import StaffFactory, community

VOLUNTEERS = ["姓名", "性别", "身份证号", "联系电话", "住址", "加入日期"]
ELDERS = ["姓名", "性别", "身份证号", "联系电话", "住址", "居住状况"]
VISITS = [
    "日期",
    "志愿者姓名",
    "服务对象",
    "服务项目",
    "开始时间",
    "结束时间",
    "服务时长",
    "是否存入",
]
WANG = ["王敏", "女", None, "13812340001", "日新里1幢", "2020-01-01"]
LI = ["李建国", "男", None, "13812340002", "日新里2幢", "独居"]
VISIT = ["2020-03-02", "王敏", "李建国", "情感陪伴", "9:00", "10:00", 1, "是"]


def xlsx(sheets, prepare=None):
    """The bytes of a workbook: {title: rows}; `prepare` may change it before it is saved."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    if prepare:
        prepare(book)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def register(*visits, volunteers=(WANG,), elders=(LI,)):
    """A register of three sheets: one volunteer and one elder, unless told otherwise."""
    return xlsx(
        {
            "志愿者登记表": [VOLUNTEERS, *volunteers],
            "服务对象登记表": [ELDERS, *elders],
            "服务记录表": [VISITS, *visits],
        }
    )


def bring_in(content, by=None, area=None):
    file = ContentFile(content, name="register.xlsx")
    area = area or community()
    by = by or StaffFactory(area=area)
    return batches.bring_in(area=area, name=file.name, file=file, by=by, at=timezone.now())[0]


def read(content, by=None, area=None):
    return reading.read(bring_in(content, by, area))


def approve(batch, by=None):
    by = by or StaffFactory(role="checker", area=batch.area)
    return batches.approve(batch, by=by, at=timezone.now(), revision=batch.revision)


def post(content, by=None, area=None):
    return posting.post(approve(read(content, by, area)))


def outcomes(batch):
    """(row number, outcome, reason) of every row, in the order of the workbook."""
    rows = batch.rows.order_by("pk")
    return [(row.number, row.outcome, row.reason) for row in rows]


def reasons(batch, kind="visit"):
    """Row number → reason for the refused rows of a kind."""
    rows = batch.rows.filter(outcome="cannot", kind=kind)
    return dict(rows.order_by("number", "pk").values_list("number", "reason"))
