"""Papers as PDF, archivable and readable by machines that read aloud (PDF/A-2a and PDF/UA-1).

A layout is a typst file beside this module. What it shows comes in as JSON and is never read as
markup, so that a name like `#x*` stands on paper as it is written. The compiler sees this folder
and the font in it: no other file, no network.
"""

import json
import re
import unicodedata
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import typst
from django.utils.functional import Promise
from django.utils.translation import get_language

HERE = Path(__file__).resolve().parent
FONTS = HERE / "fonts"
STANDARDS: Any = ["a-2a", "ua-1"]
PROBE = b"""#set document(title: "probe")
#set text(font: "Noto Sans CJK SC")
#sys.inputs.text"""
HEAVY = 20_000  # characters of data
REMEMBERED = 10  # runs, by the compiler
BREAKS = "\t\n\r"
# Letters that every paper has; nobody needs to ask whether the font can write them.
_known = {chr(code): True for code in (*range(0x20, 0x7F), *range(0x4E00, 0x9FA6))}


def pdf(layout: str, data: dict[str, Any], *, title: str, at: datetime) -> bytes:
    """The paper that `layout` makes of `data`; its file says that it was made at `at`."""
    told = printable(data | {"title": title, "language": get_language() or "zh-hans"})
    content = json.dumps(told, ensure_ascii=False)
    paper = typst.compile(
        HERE / f"{layout}.typ",
        root=HERE,
        font_paths=_fonts(),
        sys_inputs={"data": content},
        format="pdf",
        pdf_standards=STANDARDS,
        timestamp=int(at.timestamp()),
    )
    if len(content) > HEAVY:
        _forget()
    return paper


def printable(value: Any) -> Any:
    """The same value with every text such that the font can write it; lazy texts become texts.

    A character that it has no picture of is written by its number, [U+1F600]: neither left out nor
    a box that could be anything. Marks that nobody sees are dropped.
    """
    if isinstance(value, dict):
        return {key: printable(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [printable(one) for one in value]
    return _written(str(value)) if isinstance(value, str | Promise) else value


def _written(text: str) -> str:
    seen = [" " if mark in BREAKS else mark for mark in text if not _is_unseen(mark)]
    signs = _signs(seen)
    _probe(sorted({sign for sign in signs if sign not in _known}))
    return "".join(sign if _known[sign] else _by_number(sign) for sign in signs)


def _signs(marks: list[str]) -> list[str]:
    """Each letter with what stands on it: a font may have both and not the two as one."""
    signs: list[str] = []
    for mark in marks:
        if signs and unicodedata.category(mark).startswith("M"):
            signs[-1] += mark
        else:
            signs.append(mark)
    return signs


def _by_number(sign: str) -> str:
    """The letter as it is, where the font has it, and what stands on it by number."""
    letter, accents = sign[0], sign[1:]
    if accents:
        _probe([letter] if letter not in _known else [])
    shown = letter if _known[letter] else f"[U+{ord(letter):04X}]"
    return shown + "".join(f"[U+{ord(accent):04X}]" for accent in accents)


def _is_unseen(mark: str) -> bool:
    """Control characters and those that turn the direction; selectors of a picture's form."""
    is_selector = "\ufe00" <= mark <= "\ufe0f" or "\U000e0100" <= mark <= "\U000e01ef"
    return mark not in BREAKS and (unicodedata.category(mark) in ("Cc", "Cf") or is_selector)


def _probe(signs: list[str]) -> None:
    """Ask which of the signs can be written: all at once, and by halves only when not."""
    if not signs:
        return
    if _can_write(" ".join(signs)):
        _known.update(dict.fromkeys(signs, True))
    elif len(signs) == 1:
        _known[signs[0]] = False
    else:
        middle = len(signs) // 2
        _probe(signs[:middle])
        _probe(signs[middle:])


def _can_write(text: str) -> bool:
    if re.search("[\ud800-\udfff]", text):  # half a character
        return False
    inputs = {"text": text}
    try:
        typst.compile(PROBE, font_paths=_fonts(), sys_inputs=inputs, pdf_standards=STANDARDS)
    except typst.TypstError:
        return False
    return True


def _forget() -> None:
    """Push a heavy paper out of the compiler's memory, which holds what its last runs made."""
    for _ in range(REMEMBERED + 1):
        _can_write("0")


@cache
def _fonts() -> typst.Fonts:
    """Ours, and those of the compiler for letters that ours lacks; none of the machine's."""
    return typst.Fonts(include_system_fonts=False, font_paths=[str(FONTS)])
