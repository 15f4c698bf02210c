import pytest
from django.utils import translation

from services.models import RegisterRow
from services.registers import headings

Kind = RegisterRow.Kind


def fields(cells, around=""):
    table = headings.recognize(cells, around=around)
    return table and (table.kind, list(table.columns.values()), list(table.extra.values()))


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (
            ["日期", "志愿者姓名", "服务对象", "服务项目", "服务时长"],
            ["date", "volunteer", "elder", "category", "hours"],
        ),
        (
            ["服务时数（小时）", "老人姓名", "志愿者", "服务内容", "服务日期"],
            ["hours", "elder", "volunteer", "category", "date"],
        ),
        (
            ["Date", "Volunteer", "Client", "Service type", "From", "To", "Banked?"],
            ["date", "volunteer", "elder", "category", "start", "end", "banked"],
        ),
        (
            ["服务日期", "服务人员", "被服务人", "项目", "服务时长（分钟）"],
            ["date", "volunteer", "elder", "category", "minutes"],
        ),
        (
            ["服务时间", "志愿者", "服务对象", "服务项目", "时长"],
            ["date", "volunteer", "elder", "category", "hours"],
        ),
        (
            ["日期", "志愿者", "联系电话", "服务对象", "联系电话", "起止时间"],
            ["date", "volunteer", "volunteer_phone", "elder", "elder_phone", "period"],
        ),
    ],
)
def test_a_register_of_visits_is_recognized(cells, found):
    assert fields(cells) == (Kind.VISIT, found, [])


def test_serial_numbers_mean_nothing_and_unknown_columns_are_kept():
    cells = ["序号", "日期", "志愿者", "服务对象", "时长", "天气", "日期"]

    _kind, found, extra = fields(cells)

    assert (found, extra) == (["date", "volunteer", "elder", "hours"], ["天气", "日期"])


@pytest.mark.parametrize(
    ("cells", "around", "kind"),
    [
        (["姓名", "性别", "联系电话", "服务特长"], "", Kind.VOLUNTEER),
        (["姓名", "性别", "联系电话", "居住状况"], "", Kind.ELDER),
        (["志愿者姓名", "性别", "电话"], "", Kind.VOLUNTEER),
        (["老人姓名", "性别", "电话"], "", Kind.ELDER),
        (["姓名", "性别", "电话"], "石虎关社区志愿者名单", Kind.VOLUNTEER),
        (["姓名", "性别", "电话"], "服务对象登记表", Kind.ELDER),
        (["Name", "Phone", "Address"], "Volunteers 2020", Kind.VOLUNTEER),
        (["Name", "Phone", "Lives"], "", Kind.ELDER),
    ],
)
def test_a_list_of_people_is_told_by_its_headings_or_its_title(cells, around, kind):
    assert fields(cells, around)[0] == kind


@pytest.mark.parametrize(
    "cells",
    [
        ["姓名", "性别", "电话"],
        ["日期", "志愿者", "服务对象"],
        ["日期", "志愿者姓名"],
        ["2020-01-31", "王敏", "李建国", "情感陪伴"],
        ["日期", "志愿者", "服务对象", 1],
        ["品名", "单价", "数量", "金额"],
        [],
    ],
)
def test_other_rows_are_no_headings(cells):
    assert fields(cells) is None


def test_the_contacts_phone_is_not_the_elders():
    cells = ["老人姓名", "电话", "紧急联系人", "电话"]

    assert fields(cells)[1] == ["name", "phone", "contact_name", "contact_phone"]


@pytest.mark.parametrize(
    "first",
    [
        "小计",
        "合 计",
        "总计：",
        "3月小计",
        "2020年合计",
        "本页合计",
        "Subtotal",
        "Total 2.5",
        "制表人：王敏",
    ],
)
def test_subtotals_and_signatures_are_no_entries(first):
    assert headings.is_aside([None, first, 2.5])


@pytest.mark.parametrize("first", ["总计划", "2020.1.31", "王总计", "合计委员", "备注"])
def test_entries_are_not_taken_for_subtotals(first):
    assert not headings.is_aside([first, 2.5])


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("kind", Kind.values)
def test_what_we_write_ourselves_is_read_back(language, kind):
    with translation.override(language):
        cells = [str(headings.LABELS[name]) for name in headings.FIELDS[kind]]

    table = headings.recognize(cells, around=kind)

    assert table.kind == kind
    assert list(table.columns.values()) == list(headings.FIELDS[kind])
