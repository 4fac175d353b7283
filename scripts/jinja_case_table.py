#!/usr/bin/env python3
"""Writes policy/jinja/case_table.inc: upper, lower and title case of every character, as Python's str has them.

Run with Python 3.11 (Unicode 14), the version the golden files of the chat templates come from.
"""
import pathlib
import unicodedata

CHARACTERS = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def ranges(convert):
    """[first, last, stride, delta] of the characters that `convert` maps to one other character."""
    out = []
    for c in CHARACTERS:
        if len(convert(c)) != 1 or convert(c) == c:
            continue
        code, delta = ord(c), ord(convert(c)) - ord(c)
        last = out[-1] if out else None
        if last and last[3] == delta and code - last[1] in (1, 2) and last[2] in (0, code - last[1]):
            last[1], last[2] = code, code - last[1]
        else:
            out.append([code, code, 0, delta])
    return out


def range_lines(name, convert):
    items = [f"{{0x{a:X}, 0x{b:X}, {max(s, 1)}, {d}}}" for a, b, s, d in ranges(convert)]
    return [f"constexpr CaseRange {name}[] = {{{', '.join(items)}}};"]


def special_lines(name, pairs):
    items = ['{0x%X, "%s"}' % (ord(c), "".join(f"\\x{b:02X}" for b in text.encode())) for c, text in pairs]
    return [f"constexpr CaseText {name}[] = {{{', '.join(items)}}};"]


def main():
    assert unicodedata.unidata_version == "14.0.0", unicodedata.unidata_version
    lines = ["// Made by scripts/jinja_case_table.py from Unicode 14; not to be edited."]
    lines += range_lines("kUpper", str.upper)
    lines += range_lines("kLower", str.lower)
    lines += special_lines("kUpperText", [(c, c.upper()) for c in CHARACTERS if len(c.upper()) != 1])
    lines += special_lines("kLowerText", [(c, c.lower()) for c in CHARACTERS if len(c.lower()) != 1])
    lines += special_lines("kTitleText", [(c, c.title()) for c in CHARACTERS if c.title() != c.upper()])
    path = pathlib.Path(__file__).parent.parent / "policy" / "jinja_case_table.inc"
    path.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
