"""Recognizing what a sheet holds by its headings, in Chinese and English, in any order.

A heading row may stand below titles, may come again on every page, and may consist of two rows
of which the upper is merged. Columns that mean nothing to us are kept as notes.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.utils.translation import pgettext_lazy

from services.models import RegisterRow

Kind = RegisterRow.Kind

# Each field with the headings that mean it.
PERSON = {
    "name": "姓名 名字 成员姓名 本人姓名 name full_name",
    "sex": "性别 sex gender",
    "id_number": "身份证号 身份证号码 身份证 证件号 证件号码 公民身份号码"
    " id_number id_card id_no id",
    "birth_date": "出生日期 出生年月日 出生年月 生日 birth_date date_of_birth dob born birthday",
    "phone": "联系电话 电话 手机 手机号 手机号码 电话号码"
    " 联系方式 本人电话 phone mobile tel telephone"
    " phone_number contact_number",
    "address": "住址 地址 家庭住址 居住地址 现住址 详细地址 家庭地址"
    " address home_address residence",
}
VOLUNTEER = {
    "skills": "服务特长 特长 技能 擅长 专长 服务意向 可服务项目 服务类别 skills skill services",
    "joined_on": "加入日期 加入时间 注册日期 注册时间 登记日期 登记时间 入会日期 joined joined_on"
    " date_joined registered registered_on",
}
ELDER = {
    "living": "居住状况 居住情况 居住方式 居住类型 家庭状况 living living_situation lives",
    "income": "经济状况 经济情况 困难类型 收入状况 救助类型 income economic_situation",
    "capability": "自理能力 自理情况 身体状况 健康状况 失能等级 能力等级"
    " capability self-care selfcare"
    " ability",
    "contact_name": "紧急联系人 联系人 家属 监护人 家属姓名 紧急联系人姓名"
    " emergency_contact contact"
    " contact_name contact_person",
    "contact_relation": "与老人关系 关系 与本人关系 亲属关系 relation relationship",
    "contact_phone": "联系人电话 紧急联系电话 紧急联系人电话 家属电话"
    " contact_phone contact's_phone",
}
VISIT = {
    "date": "日期 服务日期 活动日期 date service_date day visit_date",
    "volunteer": "志愿者姓名 志愿者 服务人员 服务者 义工 义工姓名 服务人 提供者 volunteer"
    " volunteer_name helper",
    "volunteer_phone": "志愿者电话 志愿者手机 volunteer_phone volunteer's_phone",
    "elder": "服务对象 服务对象姓名 被服务人 被服务对象 老人 老人姓名 长者 长者姓名 受助人 受益人"
    " 老年人姓名 elder elder_name client recipient client_name",
    "elder_phone": "老人电话 服务对象电话 长者电话 elder_phone elder's_phone client_phone",
    "category": "服务项目 项目 服务内容 服务类别 服务类型 类别 内容 活动内容 category service"
    " service_type type activity",
    "start": "开始时间 起始时间 开始 服务开始时间 上门时间 到达时间 start start_time from begin",
    "end": "结束时间 终止时间 结束 服务结束时间 离开时间 end end_time to finish until",
    "period": "起止时间 时间段 服务时段 时段 服务时间 时间 time time_slot",
    "hours": "服务时长 时长 服务小时 小时 小时数 服务小时数 工时 时数 服务时数 hours duration"
    " length time_spent",
    "minutes": "服务分钟 分钟 分钟数 服务分钟数 minutes mins",
    "banked": "是否存入 存入 是否存时间 是否入账 是否储蓄 是否存储 存储 入账 储蓄 是否存 banked"
    " bank banked? deposited credited save",
    "method": "确认方式 核实方式 确认 证明方式 凭证 核实 签收方式 confirmed_by confirmation method"
    " verified_by verification proof",
}
NOTE = {"note": "备注 说明 其他 note notes remarks remark comment comments"}
WITHOUT_MEANING = {"": "序号 编号 号 年龄 no no. # nr serial number age"}
NAME_OF: dict[str, dict[str, str]] = {
    Kind.VOLUNTEER: {"name": "志愿者姓名 志愿者 义工姓名 义工 volunteer volunteer_name"},
    Kind.ELDER: {
        "name": "服务对象姓名 服务对象 老人姓名 老人 老年人姓名 长者姓名"
        " 长者 elder elder_name client"
    },
}
FIELDS: dict[str, dict[str, str]] = {
    Kind.VOLUNTEER: PERSON | VOLUNTEER | NOTE,
    Kind.ELDER: PERSON | ELDER | NOTE,
    Kind.VISIT: VISIT | NOTE,
}
# The heading under which we write a field ourselves; each is read back as the same field.
LABELS = {
    "name": pgettext_lazy("heading", "Name"),
    "sex": pgettext_lazy("heading", "Sex"),
    "id_number": pgettext_lazy("heading", "ID number"),
    "birth_date": pgettext_lazy("heading", "Birth date"),
    "phone": pgettext_lazy("heading", "Phone"),
    "address": pgettext_lazy("heading", "Address"),
    "skills": pgettext_lazy("heading", "Skills"),
    "joined_on": pgettext_lazy("heading", "Joined on"),
    "living": pgettext_lazy("heading", "Living situation"),
    "income": pgettext_lazy("heading", "Economic situation"),
    "capability": pgettext_lazy("heading", "Capability"),
    "contact_name": pgettext_lazy("heading", "Emergency contact"),
    "contact_relation": pgettext_lazy("heading", "Relation"),
    "contact_phone": pgettext_lazy("heading", "Contact phone"),
    "date": pgettext_lazy("heading", "Date"),
    "volunteer": pgettext_lazy("heading", "Volunteer name"),
    "volunteer_phone": pgettext_lazy("heading", "Volunteer phone"),
    "elder": pgettext_lazy("heading", "Elder name"),
    "elder_phone": pgettext_lazy("heading", "Elder phone"),
    "category": pgettext_lazy("heading", "Service type"),
    "start": pgettext_lazy("heading", "Start time"),
    "end": pgettext_lazy("heading", "End time"),
    "period": pgettext_lazy("heading", "Time slot"),
    "hours": pgettext_lazy("heading", "Hours"),
    "minutes": pgettext_lazy("heading", "Minutes"),
    "banked": pgettext_lazy("heading", "Banked"),
    "method": pgettext_lazy("heading", "Confirmed by"),
    "note": pgettext_lazy("heading", "Note"),
}
# A heading that says only "phone" belongs to the person whose column stands before it.
PHONE_OF = {
    "volunteer": "volunteer_phone",
    "elder": "elder_phone",
    "contact_name": "contact_phone",
    "contact_relation": "contact_phone",
}
MARKS_OF_SIDE = {
    Kind.ELDER: ("服务对象", "老人", "老年人", "长者", "elder", "client"),
    Kind.VOLUNTEER: ("志愿者", "义工", "volunteer"),
}
SUBTOTAL = re.compile(
    r"(?:本[页月季年]度?|全年|\d{1,2}月份?|\d{4}年.{0,4}|第.{1,3}[季页周]度?)?"
    r"(?:小计|合计|总计|累计|共计|总和|汇总|sub-?total|total|grandtotal|sum)(?:[:(0-9].*)?"
)
REMARK = re.compile(r"(?:制表|填表|审核|经办|负责人|单位|备注|说明|注|prepared by|note).{0,6}:.*")
IN_BRACKETS = re.compile(r"[(\[【].*?[)\]】]")
COUNTS_MINUTES = re.compile(r"分钟|\bmin")


def plain(text: object) -> str:
    return unicodedata.normalize("NFKC", str(text)).strip().lower()


@lru_cache(maxsize=2048)
def _heading(text: object) -> str:
    return re.sub(r"[\s_*:\"“”'’]", "", IN_BRACKETS.sub("", plain(text)))


def _meanings(*groups: Mapping[str, str]) -> dict[str, str]:
    """Heading → field; the first group to claim a heading has it."""
    found: dict[str, str] = {}
    for group in groups:
        for name, words in group.items():
            for word in words.split():
                found.setdefault(_heading(word), name)
    return found


MEANINGS = {
    kind: _meanings(fields, NAME_OF.get(kind, {}), WITHOUT_MEANING)
    for kind, fields in FIELDS.items()
}
EVERY_MEANING = frozenset().union(*MEANINGS.values())
ANY_PHONE = frozenset(_heading(word) for word in PERSON["phone"].split())


@dataclass(frozen=True)
class Table:
    """A recognized heading row: which column holds which field, and the headings of the rest."""

    kind: str
    columns: Mapping[int, str]
    extra: Mapping[int, str] = field(default_factory=dict)

    def written(self, cells: Sequence[Any]) -> dict[str, Any]:
        """The fields of a row, exactly as its cells hold them.

        Blank cells are left out, but for the one that says whether the hours were banked: in a
        column of ticks blank is a word too.
        """
        found = {
            name: cells[column]
            for column, name in self.columns.items()
            if column < len(cells) and cells[column] is not None
        }
        if "banked" in self.columns.values():
            found.setdefault("banked", "")
        extra = {
            heading: cells[column]
            for column, heading in self.extra.items()
            if column < len(cells) and cells[column] is not None
        }
        return found | ({"extra": extra} if extra else {})

    def column_of(self, name: str) -> int | None:
        return next((column for column, field in self.columns.items() if field == name), None)


def recognize(cells: Sequence[Any], *, around: str) -> Table | None:
    """The table that begins below these cells, or None when they are no heading row.

    `around` is what stands near: the sheet's name and title, which tell a list of volunteers from
    one of elders where the headings do not.
    """
    if not all(cell is None or isinstance(cell, str) for cell in cells):
        return None
    headings = {i: _heading(c) for i, c in enumerate(cells) if c is not None and len(c) < 40}
    if sum(heading in EVERY_MEANING for heading in headings.values()) < 3:
        return None
    visit = _columns(Kind.VISIT, headings, cells)
    held = set(visit.values())
    has_time = held & {"hours", "minutes", "period"} or {"start", "end"} <= held
    if {"date", "volunteer", "elder"} <= held and has_time:
        return _table(Kind.VISIT, visit, headings, cells)
    side = _side(headings, plain(around))
    if side is None:
        return None
    person = _columns(side, headings, cells)
    if "name" in person.values() and len(set(person.values()) - {""}) >= 3:
        return _table(side, person, headings, cells)
    return None


def _side(headings: Mapping[int, str], around: str) -> str | None:
    """Whether a list of people is of volunteers or of elders."""
    of_elders = _meanings(ELDER, NAME_OF[Kind.ELDER])
    of_volunteers = _meanings(VOLUNTEER, NAME_OF[Kind.VOLUNTEER])
    if any(heading in of_elders for heading in headings.values()):
        return Kind.ELDER
    if any(heading in of_volunteers for heading in headings.values()):
        return Kind.VOLUNTEER
    for side, marks in MARKS_OF_SIDE.items():
        if any(mark in around for mark in marks):
            return side
    return None


def _columns(kind: str, headings: Mapping[int, str], cells: Sequence[Any]) -> dict[int, str]:
    """Column → field, each field once; a second column of the same meaning is an extra one."""
    columns: dict[int, str] = {}
    person = ""
    for column, heading in headings.items():
        name = MEANINGS[kind].get(heading)
        if heading in ANY_PHONE:
            name = PHONE_OF.get(person, name)
        if name == "hours" and COUNTS_MINUTES.search(plain(cells[column])):
            name = "minutes"
        if name in PHONE_OF or name == "name":
            person = name
        if name is not None and (not name or name not in columns.values()):
            columns[column] = name
    if kind == Kind.VISIT and "date" not in columns.values():
        columns = {c: "date" if name == "period" else name for c, name in columns.items()}
    return columns


def _table(
    kind: str, columns: Mapping[int, str], headings: Mapping[int, str], cells: Sequence[Any]
) -> Table:
    meaningful = {column: name for column, name in columns.items() if name}
    extra = {
        i: str(cells[i])[:40] for i, heading in headings.items() if heading and i not in columns
    }
    return Table(kind, meaningful, extra)


def is_aside(cells: Sequence[Any]) -> bool:
    """Whether a row below the headings is no entry: a subtotal, or who drew up the sheet."""
    first = next((cell for cell in cells if isinstance(cell, str)), None)
    return first is not None and _is_aside(first)


@lru_cache(maxsize=2048)
def _is_aside(first: str) -> bool:
    text = plain(first)
    return bool(SUBTOTAL.fullmatch(re.sub(r"\s", "", text)) or REMARK.fullmatch(text))
