#!/usr/bin/env python3
"""Cuts the font of the pictures out of DejaVu Sans, and renames it as its licence wants.

    python3 assets/make_font.py DejaVuSans.ttf assets/fonts/ConvnetSans.ttf

Needs fonttools (4.68.0 made the file at hand). The same version gives the same bytes.
"""

import sys

from fontTools import subset
from fontTools.ttLib import TTFont

FAMILY = "Convnet Sans"

RANGES = [
    (0x20, 0x7E),  # ASCII
    (0xA0, 0x17F),  # Latin-1, Latin Extended-A: names in European languages
    (0x391, 0x3C9),  # Greek
]
SYMBOLS = "–—‘’‚“”„†•…‰′″€№™−×÷±·√∂∑∏∫∞≈≠≡≤≥∈∇←↑→↓⇒│─⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ₀₁₂₃₄₅₆₇₈₉₊₋\N{REPLACEMENT CHARACTER}"


def main(source, target):
    font = TTFont(source, recalcTimestamp=False)
    options = subset.Options()
    options.layout_features = ["kern"]
    options.hinting = False
    options.notdef_outline = True
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.drop_tables += ["FFTM", "MATH", "GDEF", "GSUB"]
    cut = subset.Subsetter(options)
    cut.populate(unicodes=[c for first, last in RANGES for c in range(first, last + 1)] + [ord(c) for c in SYMBOLS])
    cut.subset(font)
    names = {
        1: FAMILY,
        3: f"{FAMILY}, cut out of DejaVu Sans 2.37",
        4: FAMILY,
        6: FAMILY.replace(" ", ""),
    }
    for record in font["name"].names:
        if record.nameID in names:
            record.string = names[record.nameID]
    font.save(target)


if __name__ == "__main__":
    main(*sys.argv[1:])
