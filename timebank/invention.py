"""Invented people and visits, in realistic proportions, for benchmarks; the same for one seed."""

import random
import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from members import id_numbers
from members.models import Elder

SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程"
    "苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝"
    "龚邵万钱严覃武戴莫孔向汤普保桂单解仇朴查盖区"
)
GIVEN = {
    "F": "秀英兰芳玉珍桂华丽琼翠萍凤美娟梅琴云慧芬仙莲菊红霞艳敏静燕玲淑香惠萱",
    "M": "建国华明德文军伟强平生林志荣福永春光良海金龙云忠清贵发成正学宝祥松波俊",
}
ESTATES = [
    *("金汁苑", "关上中路小区", "石虎关新村", "福德小区", "双桥花园", "日新村", "官南佳园"),
    *("凤凰新村", "南坝小区", "宏仁新苑", "菊花村", "和平新村", "吴井花园", "春漫园", "云溪苑"),
    *("昌宏里", "滇池明珠", "新亚洲体育城", "关兴苑", "银海雅园"),
]
SKILLS = ("量血压", "理发", "陪诊", "代购", "聊天", "打扫", "用手机", "写信")
LIVING = {
    Elder.Living.ALONE: 22,
    Elder.Living.EMPTY_NEST: 20,
    Elder.Living.WITH_SPOUSE: 25,
    Elder.Living.WITH_CHILDREN: 28,
    Elder.Living.INSTITUTION: 2,
    Elder.Living.OTHER: 3,
}
INCOME = {
    Elder.Income.ORDINARY: 88,
    Elder.Income.MINIMUM_ALLOWANCE: 10,
    Elder.Income.DESTITUTE: 2,
}
CAPABILITY = {
    Elder.Capability.SELF_CARING: 78,
    Elder.Capability.SEMI_DISABLED: 16,
    Elder.Capability.DISABLED: 6,
}
CATEGORIES = {
    "companionship": 34,
    "daily-care": 20,
    "home-visit": 20,
    "shopping": 10,
    "medical-escort": 7,
    "health-guidance": 5,
    "resource-linking": 3,
    "emergency": 1,
}
SHARE_OF_VOLUNTEERS = 0.38
SHARE_OF_BOTH = 0.02


class Person(NamedTuple):
    key: uuid.UUID
    name: str
    sex: str
    born: date
    id_number: str | None
    phones: tuple[str, ...]
    address: str
    registered_on: date
    is_volunteer: bool
    is_elder: bool
    living: str
    income: str
    capability: str
    skills: tuple[str, ...]


def people(count: int, *, seed: int, today: date, taken: set[str]) -> Iterator[Person]:
    """So many people; none has an ID number out of `taken`, which grows by theirs."""
    rng = random.Random(seed)  # noqa: S311
    shared = "13888000000"
    for _ in range(count):
        role = rng.random()
        is_volunteer = role < SHARE_OF_VOLUNTEERS + SHARE_OF_BOTH
        is_elder = role >= SHARE_OF_VOLUNTEERS
        sex = "F" if rng.random() < (0.7 if is_volunteer else 0.56) else "M"
        born = today - timedelta(days=_age_in_days(rng, is_elder, is_volunteer))
        phones = _phones(rng, shared)
        shared = phones[0] if phones else shared
        yield Person(
            key=uuid.UUID(int=rng.getrandbits(128), version=4),
            name=rng.choice(SURNAMES) + "".join(rng.choices(GIVEN[sex], k=_length(rng))),
            sex=sex,
            born=born,
            id_number=_id_number(rng, born, sex, taken) if rng.random() < 0.93 else None,
            phones=phones,
            address=_address(rng),
            registered_on=today - timedelta(days=rng.randrange(30, 6 * 365)),
            is_volunteer=is_volunteer,
            is_elder=is_elder,
            living=_one_of(rng, LIVING) if is_elder else "",
            income=_one_of(rng, INCOME) if is_elder else "",
            capability=_one_of(rng, CAPABILITY) if is_elder else "",
            skills=tuple(rng.sample(SKILLS, rng.randrange(3))) if is_volunteer else (),
        )


def days(count: int, span: int, rng: random.Random) -> list[int]:
    """So many days ago, of one volunteer's visits: one a day, so that no cap is ever met."""
    return sorted(rng.sample(range(1, span + 1), min(count, span)), reverse=True)


def _age_in_days(rng: random.Random, is_elder: bool, is_volunteer: bool) -> int:
    if is_elder and is_volunteer:
        years = rng.randrange(60, 76)
    elif is_elder:
        years = rng.randrange(60, 80) if rng.random() < 0.55 else rng.randrange(80, 98)
    else:
        years = rng.randrange(60, 76) if rng.random() < 0.7 else rng.randrange(18, 60)
    return years * 365 + years // 4 + rng.randrange(1, 365)


def _length(rng: random.Random) -> int:
    return 2 if rng.random() < 0.85 else 1


def _one_of(rng: random.Random, weights: dict) -> str:
    return str(rng.choices(list(weights), weights.values())[0].value)


def _phones(rng: random.Random, shared: str) -> tuple[str, ...]:
    """A mobile mostly, now and then the one of the person before, a landline, or none."""
    chance = rng.random()
    if chance < 0.03:
        return (shared,)
    if chance < 0.06:
        return ()
    mobile = f"1{rng.choice('3578')}{rng.randrange(10**9):09}"
    return (mobile, f"0871{rng.randrange(63000000, 68999999)}") if chance > 0.9 else (mobile,)


def _address(rng: random.Random) -> str:
    building, entrance, floor = rng.randrange(1, 30), rng.randrange(1, 5), rng.randrange(1, 8)
    return f"{rng.choice(ESTATES)}{building}幢{entrance}单元{floor}0{rng.randrange(1, 5)}室"


def _id_number(rng: random.Random, born: date, sex: str, taken: set[str]) -> str:
    while True:
        county = rng.choice(("530111", "530102", "530103", "530112", "530127", "532201"))
        serial = rng.randrange(500) * 2 + (sex == "M")
        first_17 = f"{county}{born:%Y%m%d}{serial:03}"
        number = first_17 + id_numbers.check_digit(first_17)
        if number not in taken:
            taken.add(number)
            return number
