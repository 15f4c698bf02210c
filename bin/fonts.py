#!/usr/bin/env python
"""Make the font of printed papers anew: python bin/fonts.py [NotoSansCJK-Regular.ttc]

Takes Noto Sans CJK SC from Debian's fonts-noto-cjk and keeps what names and texts are written in:
every Chinese character that the font has (so all of GB 18030 that it has, rare ones in names
included), Latin, Greek and Cyrillic letters, digits, punctuation. The same input gives the same
file, byte for byte.
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection

SOURCE = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
FAMILY = "Noto Sans CJK SC"
PLACE = Path(__file__).resolve().parent.parent / "services" / "papers" / "fonts"
TARGET = PLACE / "NotoSansCJKsc-Regular.otf"
KEPT = (
    (0x0020, 0x052F),  # Latin with all accents, Greek, Cyrillic
    (0x1E00, 0x1EFF),  # Latin for Vietnamese and transcriptions
    (0x2000, 0x27BF),  # punctuation, currencies, arrows, boxes, circled numbers
    (0x2E80, 0x312F),  # radicals, Chinese punctuation, kana
    (0x3400, 0x9FFF),  # Chinese characters, extension A
    (0xF900, 0xFAFF),  # compatibility forms, twelve of them plain characters
    (0xFE30, 0xFE4F),  # vertical punctuation
    (0xFF00, 0xFFEF),  # full-width letters
    (0x20000, 0x323AF),  # extensions B to H
)


def main():
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else SOURCE
    fonts = TTCollection(source, lazy=True).fonts
    font = next(font for font in fonts if font["name"].getDebugName(1) == FAMILY)
    font.recalcTimestamp = False
    options = subset.Options(
        layout_features=["kern"],
        hinting=False,
        name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14],
        drop_tables=["VORG", "vhea", "vmtx", "BASE", "DSIG"],
        notdef_outline=True,
    )
    options.recalc_timestamp = False
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[code for first, last in KEPT for code in range(first, last + 1)])
    subsetter.subset(font)
    subset.save_font(font, str(TARGET), options)
    print(f"{TARGET.name}: {len(font.getBestCmap())} characters, {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
