"""Names of people: how they are written down, and how they are read aloud in pinyin."""

import re
import unicodedata
from typing import NamedTuple

from pypinyin import lazy_pinyin

HAN = r"\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
A_HAN = re.compile(f"[{HAN}]")
SPACE_BESIDE_HAN = re.compile(f"(?<=[{HAN}·]) | (?=[{HAN}·])")
# The dot inside names of other peoples is written in many ways; one is kept: 阿依古丽·买买提.
DOTS = re.compile(r" *[·•‧∙⋅・･] *")
SYLLABLE_OR_WORD = re.compile(f"[{HAN}]|[^\\W{HAN}]+")

# Characters that are read otherwise as a surname; the surname's reading stands first. Clerks and
# neighbors use the everyday one too, so a person is found under both.
SURNAMES = {
    "乐": ("yue", "le"),
    "乜": ("nie", "mie"),
    "仇": ("qiu", "chou"),
    "俞": ("yu", "shu"),
    "冼": ("xian", "sheng"),
    "区": ("ou", "qu"),
    "单": ("shan", "dan"),
    "句": ("gou", "ju"),
    "召": ("shao", "zhao"),
    "员": ("yun", "yuan"),
    "缪": ("miao", "mou"),
    "尉": ("wei", "yu"),
    "折": ("she", "zhe"),
    "曾": ("zeng", "ceng"),
    "朴": ("piao", "pu"),
    "查": ("zha", "cha"),
    "柏": ("bai", "bo"),
    "洗": ("xian", "xi"),
    "炅": ("gui", "jiong"),
    "牟": ("mou", "mu"),
    "盖": ("ge", "gai"),
    "祭": ("zhai", "ji"),
    "种": ("chong", "zhong"),
    "秘": ("bi", "mi"),
    "繁": ("po", "fan"),
    "翟": ("zhai", "di"),
    "莘": ("shen", "xin"),
    "薄": ("bo", "bao"),
    "藏": ("zang", "cang"),
    "行": ("xing", "hang"),
    "褚": ("chu", "zhu"),
    "覃": ("qin", "tan"),
    "解": ("xie", "jie"),
    "谌": ("chen", "shen"),
    "贾": ("jia", "gu"),
    "费": ("fei", "bi"),
    "车": ("che", "ju"),
    "适": ("kuo", "shi"),
    "那": ("na", "nuo"),
    "都": ("du", "dou"),
    "郇": ("xun", "huan"),
    "郗": ("xi", "chi"),
    "长": ("zhang", "chang"),
    "降": ("jiang", "xiang"),
    "隗": ("wei", "kui"),
    "黑": ("he", "hei"),
}
COMPOUND_SURNAME = re.compile(
    "欧阳|司马|上官|诸葛|司徒|东方|皇甫|尉迟|公孙|慕容|长孙|宇文|夏侯|令狐|端木|万俟|单于|澹台|"
    "呼延|南宫|东郭|赫连|轩辕|申屠|钟离|太史|公冶|濮阳|淳于|西门|拓跋|闻人|公羊|太叔|仲孙|第五"
)


class Reading(NamedTuple):
    """One way to read a name in pinyin, lower-case, without tones; ü is v."""

    initials: str
    pinyin: str


def clean(text: str) -> str:
    """The name as it is kept: no full-width letters, no spaces inside a Chinese name.

    Inside a Latin name single spaces stay. Marks that cannot be seen are dropped, among them
    those that turn the direction of writing.
    """
    plain = unicodedata.normalize("NFKC", str(text))
    seen = "".join(c for c in plain if unicodedata.category(c) not in ("Cf", "Cc") or c in "\t\n")
    return SPACE_BESIDE_HAN.sub("", DOTS.sub("·", " ".join(seen.split())))


def bare(name: str) -> str:
    """The name as one typed word: lower-case, nothing between its letters."""
    return "".join(SYLLABLE_OR_WORD.findall(clean(name).lower()))


def readings(name: str) -> list[Reading]:
    """Every reading of the name, the likeliest first: two when its surname has two."""
    surname, given = split(name)
    rest = _syllables(given)
    heads = [[first] for first in SURNAMES.get(surname, ())] or [_syllables(surname)]
    return [_reading(head + rest) for head in heads]


def given_reading(name: str) -> Reading | None:
    """How the given name alone is read; None when it is a single character, which tells little."""
    given = split(name)[1]
    return _reading(_syllables(given)) if len(bare(given)) > 1 else None


def split(name: str) -> tuple[str, str]:
    """Surname and given name: 欧阳 | 修, 王 | 秀英; of other names the first word and the rest."""
    name = clean(name)
    if not A_HAN.match(name):
        first, _, rest = name.partition(" ")
        return first, rest
    length = 2 if COMPOUND_SURNAME.match(name) and len(name) > 2 else 1
    return name[:length], name[length:]


def _syllables(text: str) -> list[str]:
    words = SYLLABLE_OR_WORD.findall(text.lower())
    # A character without a known reading stands for itself.
    spoken = lazy_pinyin("".join(w for w in words if A_HAN.match(w)), errors=list)  # type: ignore[arg-type]
    queue = iter(spoken)
    return [next(queue) if A_HAN.match(word) else word for word in words]


def _reading(syllables: list[str]) -> Reading:
    return Reading("".join(s[0] for s in syllables), "".join(syllables))
