"""Dockerfile and temper.def, as far as they can be checked without building an image: the instructions, the shell in them, what they name.

    python3 -m unittest containers_checks
"""

import json
import pathlib
import re
import shlex
import shutil
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
INSTRUCTIONS = {"FROM", "RUN", "COPY", "WORKDIR", "ENV", "ENTRYPOINT", "CMD"}
SECTIONS = {"files", "post", "runscript", "test", "labels", "help"}


def instructions() -> list:
    """(instruction, arguments) of the Dockerfile, continued lines joined."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    return [tuple(line.split(None, 1)) for line in lines if line.strip() and not line.startswith("#")]


def sections() -> dict:
    """name -> text of the recipe; "" is its header."""
    found = {"": ""}
    name = ""
    for line in (ROOT / "temper.def").read_text(encoding="utf-8").splitlines():
        if line.startswith("%"):
            name = line[1:].strip()
            found[name] = ""
        elif not line.startswith("#"):
            found[name] += line + "\n"
    return found


class Containers(unittest.TestCase):
    def check_shell(self, text: str):
        run = subprocess.run(["sh", "-n"], input=text, capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stderr + text)
        if shutil.which("shellcheck"):
            run = subprocess.run(["shellcheck", "--shell=sh", "-"], input=text, capture_output=True, text=True)
            self.assertEqual(run.returncode, 0, run.stdout)

    def test_the_dockerfile_has_known_instructions(self):
        found = instructions()
        self.assertEqual(found[0][0], "FROM")
        self.assertLessEqual({name for name, _ in found}, INSTRUCTIONS)
        for name, text in found:
            if name in ("ENTRYPOINT", "CMD"):
                self.assertTrue(all(isinstance(word, str) for word in json.loads(text)), text)
            if name == "RUN":
                self.check_shell(text)

    def test_what_is_copied_is_there_and_stages_have_names(self):
        stages = set()
        for name, text in instructions():
            if name == "FROM" and " AS " in text:
                stages.add(text.split(" AS ")[1])
            if name == "COPY":
                words = text.split()
                source = [word.split("=", 1)[1] for word in words if word.startswith("--from=")]
                self.assertLessEqual(set(source), stages)
                if not source:
                    self.assertTrue((ROOT / words[0]).exists(), text)

    def test_what_is_built_and_started_is_there(self):
        text = (ROOT / "Dockerfile").read_text(encoding="utf-8") + (ROOT / "temper.def").read_text(encoding="utf-8")
        presets = {preset["name"] for preset in json.loads((ROOT / "CMakePresets.json").read_text())["configurePresets"]}
        used = set(re.findall(r"--preset (\w+)", text))
        self.assertTrue(used and used <= presets, used)
        for option in re.findall(r"-D(\w+)=", text):
            self.assertRegex((ROOT / "CMakeLists.txt").read_text(), rf"option\({option} ")
        for path in re.findall(r"\bconfigs/[\w/]+\.yaml", text):
            self.assertTrue((ROOT / path).exists(), path)
        self.assertTrue((ROOT / "scripts" / "setup.sh").exists())

    def test_both_take_the_package_that_cpack_names(self):
        package = (ROOT / "cmake" / "TemperInstall.cmake").read_text()
        self.assertIn("set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)", package)  # <project>_<version>_<architecture>.deb
        self.assertIn("build/release/temper_*.deb", sections()["files"])
        self.assertTrue(any("/src/build/release/temper_*.deb" in text for name, text in instructions() if name == "COPY"))

    def test_the_apptainer_recipe_has_known_sections(self):
        found = sections()
        self.assertLessEqual(set(found) - {""}, SECTIONS)
        header = dict(line.split(": ", 1) for line in found[""].splitlines() if line)
        self.assertEqual(header["Bootstrap"], "docker")
        base = [text for name, text in instructions() if name == "FROM"][-1]
        self.assertEqual(header["From"], base)
        for name in ("post", "runscript", "test"):
            self.check_shell(found[name])
        self.assertEqual(shlex.split(found["runscript"])[:2], ["exec", "temper"])

    def test_the_build_context_leaves_out_what_git_does(self):
        ignored = (ROOT / ".dockerignore").read_text().split()
        for name in ("build", "runs", ".venv"):
            self.assertIn(name, ignored)
        self.assertNotIn(".git", ignored, "the commit is part of temper --version")


if __name__ == "__main__":
    unittest.main()
