"""Writes policy/text/unicode_additions.inc: the code points that `tokenizers` knows and PCRE2 10.42 does not, with their general category.

The library's regular expressions follow Unicode 16, PCRE2 10.42 follows Unicode 14, as does the unicodedata of Python 3.11, which stands
in for it here. Run from the project's root with a Python 3.11 that has `tokenizers` (0.23 was used):
    python tests/golden/unicode_additions.py
"""

import pathlib
import unicodedata

from tokenizers import Regex, pre_tokenizers

OUT = pathlib.Path(__file__).parents[2] / "policy" / "unicode_additions.inc"
CATEGORIES = "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co".split()
CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]


def category_in_library():
    text = "".join(map(chr, CODE_POINTS))
    found = {}
    for category in CATEGORIES:
        split = pre_tokenizers.Split(Regex(rf"\p{{{category}}}"), "removed", invert=True)
        for _, (begin, end) in split.pre_tokenize_str(text):
            found.update((CODE_POINTS[i], category) for i in range(begin, end))
    return found


def main():
    assert unicodedata.unidata_version == "14.0.0", unicodedata.unidata_version
    ranges = []
    for code_point, category in sorted(category_in_library().items()):
        if unicodedata.category(chr(code_point)) != "Cn":
            continue
        if ranges and ranges[-1][1] == code_point - 1 and ranges[-1][2] == category:
            ranges[-1][1] = code_point
        else:
            ranges.append([code_point, code_point, category])
    lines = ["// Written by tests/golden/unicode_additions.py: first and last code point, general category."]
    cells = [f'{{0x{first:X}, 0x{last:X}, "{category}"}},' for first, last, category in ranges]
    while cells:
        line = cells.pop(0)
        while cells and len(line) + 1 + len(cells[0]) <= 140:
            line += " " + cells.pop(0)
        lines.append(line)
    OUT.write_text("\n".join(lines) + "\n")
    print(f"{OUT.name}: {len(ranges)} ranges")


if __name__ == "__main__":
    main()
