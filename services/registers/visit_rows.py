"""What a row of a register of visits says: its cells, understood field by field."""

import datetime
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from members import names, phones
from services import parsing
from services.models import RegisterRow, Visit
from services.registers.cells import Cannot, Cells
from services.registers.headings import plain

MARKS = {
    Visit.Choice.BANK: "是 y yes 1 √ ✓ ✔ 对 true 存 存入 已存 已存入 入账 已入账 储蓄 banked ok",
    Visit.Choice.DONATE: "捐 捐赠 捐出 已捐 已捐赠 捐入公益池 公益池 donated donate",
    Visit.Choice.WAIVE: "否 n no 0 × ✗ ✘ x 不 不是 false 不存 未存 未存入 不存入 未入账 无 - — /",
}
MARK_OF = {word: mark.value for mark, words in MARKS.items() for word in words.split()}
METHODS = {
    Visit.Method.SIGNATURE: "签字 签名 本人签字 老人签字 签收 signature signed sign",
    Visit.Method.CALLBACK: "电话回访 回访 电话 电话确认 电话核实"
    " call-back callback phone phonecall",
    Visit.Method.PHOTO: "照片 拍照 相片 图片 photo picture",
    Visit.Method.FAMILY: "家属 家属确认 家属签字 家人 家属签名 family confirmedbyfamily",
    Visit.Method.PAPER: "纸质 纸质记录 表格 登记表 paper paperonly",
    Visit.Method.NONE: "无 未确认 没有 none no",
}
METHOD_OF = {word: method.value for method, words in METHODS.items() for word in words.split()}
NAME_AND_DIGITS = re.compile(
    r"(.*?)(?:[\s(\[【{<《\-_:#]*(?:手机)?(?:尾号|电话)?:?\s*(\d{3,11}))?[\s()\[\]【】{}<>《》]*"
)
SEVERAL = re.compile(r"[、,，;；/&+\n]")
BETWEEN_TIMES = re.compile(r"\s*(?:-|~|—|–|至|到|to)+\s*")
LONGEST_NAME = 60
LONGEST_NOTE = Visit._meta.get_field("note").max_length or 0


def understand(
    written: Mapping[str, Any],
    *,
    year_end: datetime.date,
    first_day: datetime.date,
    today: datetime.date,
    categories: Mapping[str, str],
    rounding: int,
) -> dict[str, Any]:
    """The visit's fields as plain JSON values, people still by name. Raises Cannot.

    `year_end` is the day up to which a date without a year is looked for; `first_day` that of the
    first rules in force; `categories` every known name of a category with its code; minutes that
    differ from the clock by less than `rounding` count as written.
    """
    cells = Cells(RegisterRow.Kind.VISIT, written)
    visit: dict[str, Any] = {"date": _date(cells, year_end, first_day, today).isoformat()}
    for side in ("volunteer", "elder"):
        visit[f"{side}_name"], visit[f"{side}_digits"] = _person(cells, side)
    visit["category"] = _category(cells, categories)
    visit.update(_times(cells, rounding))
    visit["choice"] = _choice(cells)
    visit["method"] = _method(cells)
    visit["note"] = cells.text("note", LONGEST_NOTE)
    visit["warnings"] = cells.warnings
    return visit


def _date(
    cells: Cells, year_end: datetime.date, first_day: datetime.date, today: datetime.date
) -> datetime.date:
    written = cells.get("date")
    if written is None:
        raise Cannot("missing_date")
    try:
        day = parsing.parse_date(written, today=year_end, counts_back=False)
    except parsing.NotUnderstood:
        raise Cannot("impossible_date", value=str(written)[:40]) from None
    if day > today:
        raise Cannot("in_the_future", value=day.isoformat())
    if day < first_day:
        raise Cannot("too_early", value=day.isoformat(), first=first_day.isoformat())
    if isinstance(written, str) and not parsing.has_year(written):
        cells.warn("year_assumed", value=day.isoformat())
    return day


def _person(cells: Cells, side: str) -> tuple[str, str]:
    """The name, and the digits that tell namesakes apart: the end of a phone, or all of it."""
    written = cells.get(side)
    if written is None:
        raise Cannot(f"missing_{side}")
    if SEVERAL.search(str(written)):
        raise Cannot("several_names", value=str(written)[:60])
    name, digits = name_and_digits(str(written))
    if len(name) > LONGEST_NAME:
        raise Cannot("name_too_long")
    phone = cells.get(f"{side}_phone")
    if phone is not None and not digits:
        try:
            digits = phones.parse(phone)
        except phones.NotAPhone:
            cells.warn("not_a_phone", field=f"{side}_phone", value=str(phone)[:40])
    return name, digits


@lru_cache(maxsize=8192)
def name_and_digits(written: str) -> tuple[str, str]:
    """王敏(8225), 王敏【8225】, 王敏 13812348225 → the name and the digits."""
    plain_text = names.clean(written)
    found = NAME_AND_DIGITS.fullmatch(plain_text)
    return (names.clean(found[1]), found[2] or "") if found else (plain_text, "")


def _category(cells: Cells, categories: Mapping[str, str]) -> str:
    written = cells.get("category")
    if written is None:
        raise Cannot("missing_category")
    code = categories.get(re.sub(r"\s", "", plain(written)))
    if code is None:
        raise Cannot("unknown_category", value=str(written)[:40])
    return code


def _times(cells: Cells, rounding: int) -> dict[str, Any]:
    """Start, end and minutes, which have to agree where all three are written."""
    start, end = _clock(cells)
    measured = None
    if start and end:
        measured = _minutes_of(end) - _minutes_of(start)
        if measured <= 0:
            raise Cannot("end_before_start", start=f"{start:%H:%M}", end=f"{end:%H:%M}")
    minutes = _length(cells)
    if minutes is None and measured is None:
        raise Cannot("missing_minutes")
    if minutes is not None and measured is not None and minutes != measured:
        values = {
            "start": f"{start:%H:%M}",
            "end": f"{end:%H:%M}",
            "measured": measured,
            "minutes": minutes,
        }
        if abs(minutes - measured) >= rounding:
            raise Cannot("duration_mismatch", **values)
        cells.warn("rounded", **values)
    return {
        "start": f"{start:%H:%M}" if measured else None,
        "end": f"{end:%H:%M}" if measured else None,
        "minutes": measured if minutes is None else minutes,
    }


def _clock(cells: Cells) -> tuple[datetime.time | None, datetime.time | None]:
    start, end = cells.get("start"), cells.get("end")
    period = cells.get("period")
    if start is None and end is None and isinstance(period, str):
        parts = BETWEEN_TIMES.split(period)
        if len(parts) != 2:
            raise Cannot("impossible_time", value=period[:40])
        start, end = parts
    return _time(start), _time(end)


def _time(written: Any) -> datetime.time | None:
    if written is None:
        return None
    try:
        return parsing.parse_time(written)
    except parsing.NotUnderstood:
        raise Cannot("impossible_time", value=str(written)[:40]) from None


def _length(cells: Cells) -> int | None:
    """The written length; a register with a column for hours and one for minutes adds them up."""
    found = []
    units: tuple[parsing.Unit, ...] = ("hours", "minutes")
    written_units = {unit: cells.get(unit) for unit in units}
    for unit, written in written_units.items():
        if written is None or (written in (0, "0") and None not in written_units.values()):
            continue
        try:
            found.append(parsing.parse_minutes(written, unit=unit))
        except parsing.NotUnderstood:
            raise Cannot("impossible_minutes", value=str(written)[:40]) from None
    if not found:
        return None
    return found[0] if len(set(found)) == 1 else sum(found)


def _minutes_of(time: datetime.time) -> int:
    return time.hour * 60 + time.minute


def _choice(cells: Cells) -> str:
    """Whether the hours were banked, or donated. A blank cell in a column of ticks means that they
    were not banked; without such a column they were: banking is the rule."""
    if "banked" not in cells.written:
        cells.warn("no_mark")
        return Visit.Choice.BANK.value
    written = plain(cells.written["banked"])
    if written and written not in MARK_OF:
        raise Cannot("unknown_mark", value=written[:40])
    return MARK_OF[written] if written else Visit.Choice.WAIVE.value


def _method(cells: Cells) -> str:
    written = cells.get("method")
    if written is None:
        return Visit.Method.PAPER.value
    method = METHOD_OF.get(re.sub(r"\s", "", plain(written)))
    if method is None:
        cells.warn("not_understood", field="method", value=str(written)[:40])
    return method or Visit.Method.PAPER.value
