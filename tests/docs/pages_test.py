#!/usr/bin/env python3
"""Pages: every link leads to a file and a heading that are there, and the first pages stay short.

usage: pages_test.py SOURCE_DIR
"""
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else ".").resolve()
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")),
         *sorted((ROOT / "configs").rglob("*.md"))]
NAMED_PAGE = re.compile(r"\bdocs/[A-Za-z_/]+\.md\b")


def lines_outside_code(page):
    inside = False
    for line in page.read_text().splitlines():
        if line.startswith("```"):
            inside = not inside
        elif not inside and not line.startswith("    "):
            yield line


def anchors(page):
    """The anchors of a page's headings, as GitHub makes them."""
    found = set()
    for line in lines_outside_code(page):
        if line.startswith("#"):
            words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", line.lstrip("#").strip().lower())
            found.add(re.sub(r"[^\w\- ]", "", words).replace(" ", "-"))
    return found


def links(page):
    return [target for line in lines_outside_code(page) for target in re.findall(r"\]\(([^)\s]+)\)", line)]


def settings():
    """Every key of configs/reference.yaml with the dots of its sections, sections included."""
    keys, stack = set(), []
    for line in (ROOT / "configs/reference.yaml").read_text().splitlines():
        found = re.match(r"^( *)(?:# )?([a-z_][a-z_0-9]*):", line)
        if found:
            depth = len(found.group(1))
            stack = [(d, key) for d, key in stack if d < depth] + [(depth, found.group(2))]
            keys.add(".".join(key for _, key in stack))
    return keys


def named_settings(text, sections):
    """What looks like a setting of one of the sections: reward.safety.combine, but no name of a file."""
    names = re.findall(r"(?<![\w./<-])((?:%s)(?:\.[a-z_0-9]+)+)(?![\w.*/(\[]|\s*\()" % "|".join(sections), text)
    return [name for name in names if not re.search(r"\.(jsonl?|yaml|html|csv|safetensors|py|sh|bin|cc|h|md|temper|clf)$", name)]


class PagesTest(unittest.TestCase):
    def test_every_setting_that_a_page_names_is_there(self):
        keys = settings()
        sections = sorted(key for key in keys if "." not in key and any(other.startswith(key + ".") for other in keys))
        self.assertIn("reward.safety.unsafe_below", keys)
        self.assertEqual(named_settings("`rl.kl.coef` and rl.stepz: in run.json, reward.safety.*", sections), ["rl.kl.coef", "rl.stepz"])
        wrong = [f"{page.relative_to(ROOT)}: {name}" for page in PAGES if page.name != "CHANGELOG.md"
                 for name in named_settings(page.read_text(), sections) if name not in keys]
        self.assertEqual(wrong, [])

    def test_anchors_are_those_of_github(self):
        self.assertIn("limits-and-what-may-surprise", anchors(ROOT / "docs/USING.md"))

    def test_every_link_leads_somewhere(self):
        broken, checked = [], 0
        for page in PAGES:
            for target in links(page):
                if re.match(r"[a-z]+:", target):
                    continue
                checked += 1
                name, _, anchor = target.partition("#")
                file = (page.parent / name) if name else page
                if not file.exists():
                    broken.append(f"{page.relative_to(ROOT)}: {target}: no such file")
                elif anchor and anchor not in anchors(file):
                    broken.append(f"{page.relative_to(ROOT)}: {target}: no such heading")
        self.assertEqual(broken, [])
        self.assertGreater(checked, 80)

    def test_every_page_that_sources_name_is_there(self):
        missing = []
        folders = [path for path in ROOT.iterdir() if path.is_dir() and path.name not in ("build", "runs", "models")]
        for path in sorted(path for folder in folders if not folder.name.startswith(".") for path in folder.rglob("*")):
            if path.suffix not in (".h", ".cc", ".cu", ".py", ".sh", ".yaml", ".yml", ".inc"):
                continue
            for name in NAMED_PAGE.findall(path.read_text(errors="replace")):
                if not (ROOT / name).exists():
                    missing.append(f"{path.relative_to(ROOT)}: {name}")
        self.assertEqual(missing, [])

    def test_every_page_is_linked(self):
        linked = {(page.parent / target.partition("#")[0]).resolve() for page in PAGES for target in links(page)}
        for page in (ROOT / "docs").rglob("*.md"):
            if "benchmarks" not in page.parts:
                self.assertIn(page.resolve(), linked, "no page links to it")

    def test_the_first_pages_are_short(self):
        self.assertLess(len((ROOT / "README.md").read_text().splitlines()), 120)
        self.assertLess(len((ROOT / "docs/ARCHITECTURE.md").read_text().splitlines()), 200)


if __name__ == "__main__":
    unittest.main()
