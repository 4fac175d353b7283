#!/usr/bin/env python3
"""The one table of wings (docs/ARCHITECTURE.md) names every folder of sources, and README.md every room.

usage: wings_test.py SOURCE_DIR
"""
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else ".").resolve()
ARCHITECTURE = (ROOT / "docs/ARCHITECTURE.md").read_text()
LAYERS = (ROOT / "tests/layering_test.cc").read_text().split("kWings = {", 1)[1].split("\n};", 1)[0]
WINGS = re.findall(r'^    \{"([a-z_/]+)",', LAYERS, re.MULTILINE)  # from the ground up
ROOMS = tuple(dict.fromkeys(wing.split("/")[0] for wing in WINGS))


def wings_of_folders():
    """Every folder of a room that holds sources."""
    sources = [path for room in ROOMS for end in ("*.cc", "*.h", "*.cu") for path in (ROOT / room).rglob(end)]
    return {path.parent.relative_to(ROOT).as_posix() for path in sources}


def wings_of_table():
    """The first cells of the table's rows, in their order."""
    section = ARCHITECTURE.split("## Rooms and wings", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| `([a-z_/]+)` \|", section, re.MULTILINE)


class WingsTest(unittest.TestCase):
    def test_the_table_names_every_folder_of_sources_once(self):
        table = wings_of_table()
        self.assertEqual(len(table), len(set(table)), "a wing that stands in the table twice")
        self.assertEqual(set(table), wings_of_folders())

    def test_the_table_has_the_wings_of_the_layering_test(self):
        self.assertGreater(len(WINGS), 50)
        self.assertEqual(set(wings_of_table()), set(WINGS))

    def test_rooms_stand_from_the_ground_up(self):
        def rooms(wings):
            return list(dict.fromkeys(wing.split("/")[0] for wing in wings))

        self.assertEqual(rooms(wings_of_table()), rooms(WINGS))

    def test_the_tree_of_the_readme_names_every_room(self):
        tree = (ROOT / "README.md").read_text().split("## Where things are", 1)[1].split("```")[1]
        self.assertEqual({line.split("/")[0] for line in tree.splitlines() if "/" in line} & set(ROOMS), set(ROOMS))

    def test_no_other_page_has_a_table_of_wings(self):
        for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]:
            if page.name != "ARCHITECTURE.md":
                cells = re.findall(r"^\| `((?:%s)(?:/[a-z]*)?)` \|" % "|".join(ROOMS), page.read_text(), re.MULTILINE)
                rows = [cell for cell in cells if (ROOT / cell).is_dir()]
                self.assertLess(len(rows), 4, page.name)


if __name__ == "__main__":
    unittest.main()
