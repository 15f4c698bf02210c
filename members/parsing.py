"""Dates, times and lengths of time as people write them, on paper, in workbooks and on the page.

Everything is first brought to one width (NFKC), so that １小时 and 1小时 are the same.
"""

import datetime
import re
import unicodedata
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class NotUnderstood(ValueError):
    """What was written cannot be read; `sentence` says so with examples, in words of the reader."""

    def __init__(self, sentence: str | Promise) -> None:
        super().__init__(sentence)
        self.sentence = sentence

    def __str__(self) -> str:
        return str(self.sentence)


class Impossible(NotUnderstood):
    """It can be read, but there is no such day, time or length of a visit."""


# Of what a bare number counts, "hours" may be minutes where it is over 24; an amount never is.
Unit = Literal["minutes", "hours", "amount"]

MINUTES_OF_A_DAY = 24 * 60
MINUTES_OF_A_LIFE = 10_000 * 60  # more than anybody serves; more is a slip of the pen
MINUTES_OF_AN_ACCOUNT = 1_000_000
EXCEL_EPOCH = datetime.datetime(1899, 12, 30)
EXCEL_SERIALS = range(1, 80_000)  # up to the year 2119
RELATIVE = {
    **dict.fromkeys(("今天", "今日", "today", "0"), 0),
    **dict.fromkeys(("昨天", "昨日", "yesterday"), 1),
    **dict.fromkeys(("前天", "前日"), 2),
    "大前天": 3,
}
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
CHINESE = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
AFTERNOON = ("下午", "傍晚", "晚上", "晚", "pm", "p.m.")
MORNING = ("上午", "早上", "早晨", "清晨", "凌晨", "早", "am", "a.m.")

CHINESE_NUMBER = "[零〇一二两三四五六七八九十百]+"
NUMBER = rf"(?:\d{{1,6}}(?:\.\d{{0,6}})?|\.\d{{1,6}}|{CHINESE_NUMBER})"
LENGTH = re.compile(
    rf"(?P<sign>[-−]?)"
    rf"(?:(?P<hours>{NUMBER}|半)?(?:个)?(?P<plus_half>半)?"
    r"(?:小时|钟头|时|hours|hour|hrs|hr|h)(?P<half>半)?)?"
    rf"(?:又|零|and)?(?:(?P<minutes>{NUMBER})(?P<unit>分钟|刻钟|刻|分|minutes|minute|mins|min|m)?)?"
)
YEAR_FIRST = re.compile(r"(\d{4}|\d{2})[-./年](\d{1,2})[-./月](\d{1,2})[日号]?")
DAY_ALONE = re.compile(r"(\d{1,2})[-./月](\d{1,2})[日号]?")
DAY_MONTH_NAME = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[ -]?([a-z]{3})[a-z]*\.?,?[ -]?(\d{4})")
MONTH_NAME_DAY = re.compile(r"([a-z]{3})[a-z]*\.? ?(\d{1,2})(?:st|nd|rd|th)?,? ?(\d{4})")
CLOCK = re.compile(
    r"(\d{1,2})(?:[:点时h.](\d{1,2})?)?(?::\d{2}(?:\.\d+)?)?(半|一刻|三刻)?(?:分|整|钟)?"
)

DATE_EXAMPLES = _("Write the day like 2020-01-31, 2020年1月31日 or 1-31.")
LENGTH_EXAMPLES = _("Write the time like 90, 1.5 or 1小时30分.")
TIME_EXAMPLES = _("Write the time of day like 15:30 or 下午3点半.")
NO_SUCH_DAY = _("There is no such day. Write the day like 2020-01-31.")
NO_SUCH_LENGTH = _("A visit lasts from 1 minute to 24 hours.")
NO_SUCH_HOURS = _("Write at least 1 minute, and at most 10,000 hours.")
NO_SUCH_AMOUNT = _("Write how many hours, from 1 minute on: like 2, 1.5 or 90分钟.")
NO_SUCH_TIME = _("There is no such time of day. Write it like 15:30.")


def parse_date(value: Any, *, today: datetime.date, counts_back: bool = True) -> datetime.date:
    """The day that `value` names: text, a date, or the serial number of a workbook.

    Days without a year are the last such day up to `today`; 昨天 and -1 count back from it, unless
    `counts_back` is off, as for a register that was written on an unknown day.
    Raises NotUnderstood, or Impossible for a 30 February.
    """
    if isinstance(value, datetime.datetime):
        return value.date()
    if isinstance(value, datetime.date):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(int(value)) if -31 <= value <= 0 else _of_serial(value)
    if isinstance(value, datetime.date):
        return value
    if isinstance(value, str):
        return _date_of_text(_plain(value), today, counts_back)
    raise NotUnderstood(DATE_EXAMPLES)


def parse_minutes(value: Any, *, unit: Unit, most: int = MINUTES_OF_A_DAY) -> int:
    """How long, in whole minutes. `unit` is what a bare number counts.

    With unit "minutes" 90 is 90 minutes and 1.5 is 90 too; with unit "hours" 1.5 is 90 minutes,
    and a number over 24 can only be minutes. Raises NotUnderstood, or Impossible for less than a
    minute and for more than `most`.
    """
    if isinstance(value, datetime.timedelta):
        return _within(most, Decimal(int(value.total_seconds())) / 60)
    if isinstance(value, datetime.datetime | datetime.time):
        return _within(most, Decimal(value.hour * 60 + value.minute))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _within(most, _bare_number(_decimal(value), unit))
    if isinstance(value, str):
        return _within(most, _length_of_text(_plain(value).replace(" ", ""), unit))
    raise NotUnderstood(LENGTH_EXAMPLES)


def parse_hours(text: str) -> int:
    """An amount on an account, in minutes: a bare number counts hours, however many it is.

    Raises NotUnderstood, or Impossible for nothing at all and for more than anybody has.
    """
    return _amount_of_text(_plain(text).replace(" ", ""))


def parse_time(value: Any) -> datetime.time:
    """The time of day, to the minute. Raises NotUnderstood, or Impossible for 25:00."""
    if isinstance(value, datetime.timedelta):
        value = value.total_seconds() / 86400
    if isinstance(value, float) and 0 <= value < 1:
        value = EXCEL_EPOCH + datetime.timedelta(days=value)
    if isinstance(value, datetime.time):
        value = datetime.datetime.combine(EXCEL_EPOCH, value)
    if isinstance(value, datetime.datetime):
        return (value + datetime.timedelta(seconds=30)).time().replace(second=0, microsecond=0)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str):
        return _time_of_text(_plain(value).replace(" ", ""))
    raise NotUnderstood(TIME_EXAMPLES)


def has_year(text: str) -> bool:
    """Whether a written date names its year; 1月14日 does not."""
    return DAY_ALONE.fullmatch(_digits(_plain(text)).replace(" ", "")) is None


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", text[:200]).strip().lower()
    return re.sub(r"\s+", " ", text.replace("—", "-").replace("–", "-"))


def _of_serial(value: int | float) -> datetime.date | str:
    """A workbook counts days from 1899-12-30; a number like 20200131 is a date written together."""
    if not abs(value) < 100_000_000:
        raise NotUnderstood(DATE_EXAMPLES)
    if int(value) in EXCEL_SERIALS:
        return (EXCEL_EPOCH + datetime.timedelta(days=int(value))).date()
    return str(int(value))


@lru_cache(maxsize=8192)
def _date_of_text(text: str, today: datetime.date, counts_back: bool) -> datetime.date:
    text = re.sub(r"[(]?(?:星期|周|礼拜)[一二三四五六日天][)]?", "", text)
    if re.search(r"\d", text):  # a time of day behind the date says nothing about the day
        text = re.sub(r"[ t]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$", "", text)
    named = DAY_MONTH_NAME.fullmatch(text) or MONTH_NAME_DAY.fullmatch(text)
    if named:
        return _date_of_month_name(*named.groups())
    text = text.replace(" ", "")
    back = RELATIVE.get(text, text.removeprefix("-"))
    if text in RELATIVE or re.fullmatch(r"-\d{1,2}", text):
        if not counts_back:
            raise NotUnderstood(DATE_EXAMPLES)
        return today - datetime.timedelta(days=int(back))
    text = _digits(text).replace(",", "-").replace("、", "-").replace("。", ".").rstrip(".")
    if compact := re.fullmatch(r"(\d{4})(\d{2})(\d{2})", text):
        return _day(*compact.groups())
    if full := YEAR_FIRST.fullmatch(text):
        year, month, day = full.groups()
        return _day(year if len(year) == 4 else f"20{year}", month, day)
    if short := DAY_ALONE.fullmatch(text):
        return _last_such_day(int(short[1]), int(short[2]), today)
    raise NotUnderstood(DATE_EXAMPLES)


def _date_of_month_name(*parts: str) -> datetime.date:
    name = next(part for part in parts[:2] if part.isalpha())
    day = next(part for part in parts[:2] if not part.isalpha())
    if name not in MONTHS:
        raise NotUnderstood(DATE_EXAMPLES)
    return _day(parts[2], MONTHS.index(name) + 1, day)


def _day(year: str | int, month: str | int, day: str | int) -> datetime.date:
    try:
        return datetime.date(int(year), int(month), int(day))
    except ValueError:
        raise Impossible(NO_SUCH_DAY) from None


def _last_such_day(month: int, day: int, today: datetime.date) -> datetime.date:
    for year in range(today.year, today.year - 8, -1):  # 29 February may be years ago
        try:
            found = datetime.date(year, month, day)
        except ValueError:
            continue
        if found <= today:
            return found
    raise Impossible(NO_SUCH_DAY)


def _digits(text: str) -> str:
    """二〇二〇年一月三十一日 → 2020年1月31日."""

    def number(match: re.Match[str]) -> str:
        found = match[0]
        if "十" in found or "百" in found:
            return str(_chinese(found))
        return "".join(str(CHINESE[c]) for c in found)

    return re.sub(CHINESE_NUMBER, number, text)


def _chinese(text: str) -> int:
    """十 → 10, 四十五 → 45, 一百二十 → 120."""
    hundreds, _hundred, rest = text.rpartition("百")
    tens, ten, ones = rest.rpartition("十")
    total = 100 * (CHINESE.get(hundreds[-1:], 1) if _hundred else 0)
    total += 10 * (CHINESE.get(tens[-1:], 1) if ten else 0)
    return total + CHINESE.get(ones[-1:], 0)


def _number(text: str) -> Decimal:
    return Decimal(_chinese(text)) if text[0] in "百十" or text[0] in CHINESE else Decimal(text)


def _decimal(value: int | float) -> Decimal:
    if value != value or abs(value) > 1_000_000:
        raise Impossible(NO_SUCH_LENGTH)
    return Decimal(str(value))


def _bare_number(value: Decimal, unit: Unit) -> Decimal:
    if unit == "amount":
        return value * 60
    if unit == "hours":
        return value * 60 if abs(value) <= 24 else value
    return value if value == value.to_integral_value() else value * 60


@lru_cache(maxsize=4096)
def _length_of_text(text: str, unit: Unit) -> Decimal:
    if clock := re.fullmatch(r"(\d{1,2}):(\d{2})(?::\d{2})?", text):
        if int(clock[2]) > 59:
            raise Impossible(NO_SUCH_LENGTH)
        return Decimal(int(clock[1]) * 60 + int(clock[2]))
    if re.fullmatch(r"[-−]?\d{1,6}\.\d{1,6}", text) and unit == "minutes":
        return Decimal(text.replace("−", "-")) * 60
    found = LENGTH.fullmatch(text.removeprefix("约").removeprefix("共"))
    if not found or not any(found[part] for part in ("hours", "plus_half", "minutes")):
        raise NotUnderstood(LENGTH_EXAMPLES)
    total = _of_parts(found, unit)
    return -total if found["sign"] else total


@lru_cache(maxsize=4096)
def _amount_of_text(text: str) -> int:
    if clock := re.fullmatch(r"(\d{1,4}):([0-5]\d)", text):
        total = Decimal(int(clock[1]) * 60 + int(clock[2]))
    else:
        found = LENGTH.fullmatch(text)
        if not found or not any(found[part] for part in ("hours", "plus_half", "minutes")):
            raise NotUnderstood(NO_SUCH_AMOUNT)
        total = _of_parts(found, "amount") * (-1 if found["sign"] else 1)
    minutes = int((total + Decimal("0.5")).to_integral_value("ROUND_FLOOR"))
    if not 1 <= minutes <= MINUTES_OF_AN_ACCOUNT:
        raise Impossible(NO_SUCH_AMOUNT)
    return minutes


def _of_parts(found: re.Match[str], unit: Unit) -> Decimal:
    has_hours = found["hours"] or found["plus_half"]
    total = Decimal(30) if found["half"] or found["plus_half"] else Decimal(0)
    if found["hours"] == "半":
        total += 30
    elif found["hours"]:
        total += _number(found["hours"]) * 60
    if found["minutes"]:
        minutes = _number(found["minutes"])
        if found["unit"] in ("刻", "刻钟"):
            minutes *= 15
        elif not found["unit"] and not has_hours:
            minutes = _bare_number(minutes, unit)
        total += minutes
    return total


def _within(most: int, minutes: Decimal) -> int:
    whole = int((minutes + Decimal("0.5")).to_integral_value("ROUND_FLOOR"))
    if not 1 <= whole <= most:
        raise Impossible(NO_SUCH_LENGTH if most == MINUTES_OF_A_DAY else NO_SUCH_HOURS)
    return whole


@lru_cache(maxsize=4096)
def _time_of_text(text: str) -> datetime.time:
    text = re.sub(r"^\d{4}[-./年]\d{1,2}[-./月]\d{1,2}日?", "", text) or text
    afternoon = any(word in text for word in AFTERNOON)
    noon = "中午" in text
    before_dawn = any(word in text for word in ("凌晨", "am", "a.m."))
    for word in (*AFTERNOON, *MORNING, "中午"):
        text = text.replace(word, "")
    text = _digits(text.replace("一刻", "15分").replace("三刻", "45分").replace("点钟", "点"))
    if compact := re.fullmatch(r"(\d{1,2})(\d{2})", text):
        text = ":".join(compact.groups())
    found = CLOCK.fullmatch(text)
    if not found:
        raise NotUnderstood(TIME_EXAMPLES)
    hour, minute = int(found[1]), 30 if found[3] == "半" else int(found[2] or 0)
    if (afternoon and hour < 12) or (noon and hour < 3):
        hour += 12
    if before_dawn and hour == 12:
        hour = 0
    return _time(hour, minute)


def _time(hour: int, minute: int) -> datetime.time:
    try:
        return datetime.time(hour, minute)
    except ValueError:
        raise Impossible(NO_SUCH_TIME) from None
