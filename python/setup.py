"""The version is that of the project: CMakeLists.txt says it, in project()."""

import pathlib
import re

from setuptools import setup

project = (pathlib.Path(__file__).resolve().parent.parent / "CMakeLists.txt").read_text(encoding="utf-8")
setup(version=re.search(r"project\(temper VERSION ([0-9.]+)", project).group(1))
