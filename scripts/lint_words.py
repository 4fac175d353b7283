#!/usr/bin/env python3
"""Counts the words of sentences in pages and in headers' comments, and names the ones that are too long.

usage: scripts/lint_words.py [--limit N] [--self-test] [FILE ...]

Without files it reads README.md, CONTRIBUTING.md, docs/ (without docs/benchmarks) and every header outside of tests/ and
bench/. It also finds words that are not used here, in every file that git knows. It ends with 1 if it finds something.

A sentence ends at a full stop, a question mark or an exclamation mark. A heading, an item of a list, a cell of a table and
what " / " separates in a cell are sentences of their own. A piece of code in backquotes is one word. Blocks of code are not read.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIMIT = 30
BANNED = {"ane" + "w": "again"}  # in two parts, so that this file passes its own check
ABBREVIATIONS = ("e.g", "i.e", "vs", "cf", "al", "etc")
ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")


def sentences(text):
    """The sentences of a paragraph, each with the offset at which it begins."""
    found, begin = [], 0
    for stop in re.finditer(r"[.!?][)\"'*_\]]*(?=\s|$)", text):
        before = re.search(r"([\w.]+)$", text[begin:stop.start()])
        if before and before.group(1).lower() in ABBREVIATIONS and stop.end() < len(text):
            continue
        found.append((begin, text[begin:stop.end()]))
        begin = stop.end()
    found.append((begin, text[begin:]))
    return [(start + len(part) - len(part.lstrip()), part.strip()) for start, part in found if part.strip()]


def num_words(sentence):
    plain = re.sub(r"``?[^`]+``?", " code ", sentence)
    plain = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", plain)
    plain = re.sub(r"https?://\S+", " link ", plain)
    return sum(1 for word in plain.split() if re.search(r"[^\W_]", word))


class Paragraph:
    """Lines that are read as one text; knows the line of every offset."""

    def __init__(self):
        self.text, self.starts = "", []

    def add(self, line, number):
        if self.text:
            self.text += " "
        self.starts.append((len(self.text), number))
        self.text += line.strip()

    def line_of(self, offset):
        return [number for start, number in self.starts if start <= offset][-1]


class Collector:
    def __init__(self):
        self.paragraphs, self.current = [], None

    def add(self, line, number):
        if self.current is None:
            self.current = Paragraph()
            self.paragraphs.append(self.current)
        self.current.add(line, number)

    def end(self):
        self.current = None

    def alone(self, line, number):
        self.end()
        self.add(line, number)
        self.end()


def markdown_paragraphs(text):
    collector, fence, in_item, comment = Collector(), None, False, False
    previous_blank = True
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        mark = re.match(r"\s*(```+|~~~+)", line)
        if fence or mark:
            fence = None if fence and mark and mark.group(1).startswith(fence) else fence or mark.group(1)
            collector.end()
            continue
        if comment or stripped.startswith("<!--"):
            comment = "-->" not in line
            collector.end()
            continue
        if not stripped:
            collector.end()
            previous_blank = True
            continue
        indented = line.startswith("    ")
        if indented and previous_blank and not in_item:
            continue  # a block of code; the blank line before it stays in force
        previous_blank = False
        if not line.startswith(" ") and not ITEM.match(line):
            in_item = in_item and collector.current is not None
        if stripped.startswith("|"):
            for cell in re.split(r"(?<!\\)\|| / ", stripped.strip("|")):
                if cell.strip(" -:"):
                    collector.alone(cell, number)
        elif stripped.startswith("#"):
            collector.alone(stripped.lstrip("#"), number)
        elif ITEM.match(line):
            in_item = True
            collector.end()
            collector.add(ITEM.sub("", line), number)
        else:
            collector.add(line.lstrip("> "), number)
    return collector.paragraphs


def comment_of(line):
    """(column, text, alone) of a line's comment, or None. Quotes are followed, so that "//" in a string is none."""
    quote, at = "", 0
    while at < len(line):
        c = line[at]
        if quote:
            at += 1 if c == "\\" else 0
            quote = "" if c == quote else quote
        elif c == '"' or (c == "'" and not (at > 0 and line[at - 1].isalnum())):
            quote = c
        elif line.startswith("//", at):
            return at, line[at + 2:].lstrip("/"), not line[:at].strip()
        at += 1
    return None


def header_paragraphs(text):
    collector, column, in_item = Collector(), None, False
    for number, line in enumerate(text.splitlines(), 1):
        comment = comment_of(line)
        if comment is None or not comment[1].strip() or comment[1].strip().startswith("clang-format"):
            collector.end()
            column, in_item = None, False
            continue
        at, words, alone = comment
        if not alone or at != column:
            collector.end()
            in_item = False
        column = at
        if ITEM.match(words):
            collector.end()
            in_item = True
            collector.add(ITEM.sub("", words), number)
        elif re.match(r"\s{3,}", words) and not in_item:
            collector.alone(words, number)  # a formula or a row of a table
        else:
            if in_item and not words.startswith("  "):
                collector.end()
                in_item = False
            collector.add(words, number)
    return collector.paragraphs


def long_sentences(name, text, limit=LIMIT):
    """(line, words, sentence) of each sentence of a file that is too long."""
    paragraphs = markdown_paragraphs(text) if name.endswith(".md") else header_paragraphs(text)
    found = []
    for paragraph in paragraphs:
        for offset, sentence in sentences(paragraph.text):
            words = num_words(sentence)
            if words > limit:
                found.append((paragraph.line_of(offset), words, sentence))
    return found


def banned_words(text):
    """(line, word) of each word that is not used here."""
    pattern = re.compile(r"\b(%s)\b" % "|".join(BANNED), re.IGNORECASE)
    return [(number, hit.group(1)) for number, line in enumerate(text.splitlines(), 1) for hit in pattern.finditer(line)]


def tracked_files():
    """Every file that git knows, or where the tree is no checkout every file outside of hidden folders and build folders."""
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        return [name for name in listed.stdout.decode().split("\0") if name]
    skip = re.compile(r"(^|/)(\.[^/]+|build|runs|models|third_party)/")
    names = (str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file())
    return sorted(name for name in names if not skip.search(name))


def is_read(name):
    if name.endswith(".md"):
        return name in ("README.md", "CONTRIBUTING.md") or (name.startswith("docs/") and not name.startswith("docs/benchmarks/"))
    return name.endswith(".h") and not name.startswith(("tests/", "bench/"))


def text_of(name):
    try:
        return (ROOT / name).read_bytes().decode("utf-8")
    except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
        return ""  # no text: a picture, a model


class SelfTest(unittest.TestCase):
    @staticmethod
    def words(count):
        return " ".join(["word"] * count)

    def test_thirty_words_pass_and_thirty_one_do_not(self):
        self.assertEqual(long_sentences("a.md", self.words(30) + ".\n"), [])
        self.assertEqual([hit[:2] for hit in long_sentences("a.md", self.words(31) + ".\n")], [(1, 31)])

    def test_a_sentence_goes_over_lines_and_ends_at_a_full_stop(self):
        text = "\n" + self.words(20) + ".\n" + self.words(16) + "\n" + self.words(15) + "\n"
        self.assertEqual([hit[:2] for hit in long_sentences("a.md", text)], [(3, 31)])
        self.assertEqual([part for _, part in sentences("One (two). Three 1.5 e.g. four? Five")],
                         ["One (two).", "Three 1.5 e.g. four?", "Five"])

    def test_a_semicolon_and_a_colon_end_no_sentence(self):
        self.assertEqual(len(long_sentences("a.md", self.words(16) + "; " + self.words(15))), 1)
        self.assertEqual(len(long_sentences("a.md", self.words(16) + ": " + self.words(15))), 1)

    def test_code_is_not_read_and_a_span_of_code_is_one_word(self):
        self.assertEqual(long_sentences("a.md", "```\n" + self.words(40) + "\n```\n\n    " + self.words(40) + "\n"), [])
        self.assertEqual(num_words("call `temper launch CONFIG -n 6` and read [the page](A.md#b) - twice"), 7)

    def test_cells_and_items_are_sentences_of_their_own(self):
        self.assertEqual(long_sentences("a.md", "| " + self.words(20) + " | " + self.words(20) + " |\n|---|---|\n"), [])
        self.assertEqual(long_sentences("a.md", "| " + self.words(20) + " / " + self.words(20) + " |\n"), [])
        self.assertEqual(long_sentences("a.md", "- " + self.words(20) + "\n- " + self.words(20) + "\n"), [])
        self.assertEqual(len(long_sentences("a.md", "- " + self.words(20) + "\n  " + self.words(20) + "\n")), 1)

    def test_comments_of_headers_are_read(self):
        text = 'int a;  // ' + self.words(20) + '\n        // ' + self.words(20) + '\n// ' + self.words(20) + '\n'
        self.assertEqual([hit[:2] for hit in long_sentences("a.h", text)], [(1, 40)])
        self.assertEqual(long_sentences("a.h", 'const char* k = "http://' + self.words(40) + '";\n'), [])
        self.assertEqual(long_sentences("a.h", "//   " + self.words(20) + "\n//   " + self.words(20) + "\n"), [])

    def test_banned_words_are_found_with_their_line(self):
        word = next(iter(BANNED))
        self.assertEqual(banned_words("fine\nbegin " + word + ".\n"), [(2, word)])
        self.assertEqual(banned_words("cane" + "way\n"), [])

    def test_the_program_prints_file_and_line_and_ends_with_one(self):
        with tempfile.TemporaryDirectory() as folder:
            page = pathlib.Path(folder) / "page.md"
            page.write_text("Short.\n\n" + self.words(31) + ".\n")
            run = subprocess.run([sys.executable, __file__, str(page)], capture_output=True, text=True, check=False)
            self.assertEqual(run.returncode, 1)
            self.assertIn("page.md:3: 31 words", run.stdout)
            page.write_text("Short.\n")
            self.assertEqual(subprocess.run([sys.executable, __file__, str(page)], capture_output=True, check=False).returncode, 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=int, default=LIMIT, help="words that a sentence may have")
    parser.add_argument("--self-test", action="store_true", help="tests this program on texts written by hand")
    parser.add_argument("files", nargs="*", help="files to read instead of all")
    options = parser.parse_args()
    if options.self_test:
        suite = unittest.defaultTestLoader.loadTestsFromTestCase(SelfTest)
        return 0 if unittest.TextTestRunner(verbosity=1).run(suite).wasSuccessful() else 1
    names = options.files or tracked_files()
    problems = 0
    for name in names:
        text = text_of(name)
        for line, word in banned_words(text):
            print(f"{name}:{line}: '{word}': write '{BANNED[word.lower()]}'")
            problems += 1
        if options.files or is_read(name):
            for line, words, sentence in long_sentences(name, text, options.limit):
                print(f"{name}:{line}: {words} words: {sentence}")
                problems += 1
    if problems:
        print(f"lint_words: {problems} to mend (sentences over {options.limit} words, words that are not used here)")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
