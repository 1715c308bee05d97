"""Makes the math font of the page: TeX Gyre Pagella Math with the glyphs that the MathML of a line can write.

    pip install fonttools brotli
    python docs/make_math_font.py texgyrepagella-math.otf minigrad/page/front/fonts/minigrad-math.woff2

The source is Debian's package ``fonts-texgyre-math``. The MATH table stays, so that parentheses and roots grow
with what they hold. A changed work bears another name, as the GUST Font License asks (LICENSE.txt beside the font).
"""

import sys

from fontTools import subset

NAME = "Minigrad Math"
UNICODES = """
20-7E A0-FF 131 237 2C6 2C7 2D8 2D9 2DC 300-30C 391-3D6 3F0 3F1 3F5 2010-2016 2026 2032-2034 2057 2061-2064
20D6 20D7 20DB 20DC 210E 2111 2113 211C 211D 2190-2194 21A6 21D2 2200-2209 220F-221A 221D 221E 2223-222B 2236
223C 2248 2254 2260-2265 226A 226B 2282 2286 2295-229A 22A4 22A5 22C5 22C6 22EF 2308-230B 23B0 27E8 27E9
2A00-2A02 1D434-1D467 1D6A4 1D6A5 1D6E2-1D71B 1D7CE-1D7D7
"""


def main(source: str, target: str) -> None:
    """Write the subset of a font file as WOFF2."""
    options = subset.Options()
    options.flavor = "woff2"
    options.hinting = False
    options.layout_features = ["ssty", "dtls", "ccmp", "mark", "kern"]
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.drop_tables += ["FFTM"]
    font = subset.load_font(source, options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=subset.parse_unicodes(UNICODES))
    subsetter.subset(font)
    for number, text in {1: NAME, 3: NAME, 4: NAME, 6: NAME.replace(" ", "")}.items():
        font["name"].setName(text, number, 3, 1, 0x409)
    font["CFF "].cff.fontNames[0] = NAME.replace(" ", "")
    subset.save_font(font, target, options)


if __name__ == "__main__":
    main(*sys.argv[1:])
