"""Reads the run folder that python_reader_test.cc has written with Temper's own writers; TEMPER_RUN names it."""

import builtins
import math
import os
import pathlib
import shutil
import tempfile
import unittest
from unittest import mock

import temper_runs

FOLDER = pathlib.Path(os.environ["TEMPER_RUN"])


class AFinishedRun(unittest.TestCase):
    def setUp(self):
        self.run_ = temper_runs.open_run(FOLDER)

    def test_says_what_it_is(self):
        self.assertEqual((self.run_.name, self.run_.seed, self.run_.arms), ("written", 7, ["one", "two"]))
        self.assertEqual(self.run_.status(), {})

    def test_metrics_of_all_stages_and_arms(self):
        rows = self.run_.metrics()
        self.assertEqual([(row["arm"], row["stage"], row["step"]) for row in rows],
                         [("sft", "sft", 1), ("one", "rl", 1), ("one", "rl", 2), ("one", "eval", 2), ("two", "rl", 1)])
        self.assertEqual(rows[1]["reward/mean"], 0.25)
        self.assertTrue(math.isnan(rows[2]["reward/mean"]))
        self.assertEqual(rows[1]["time"], "2026-11-21T07:00:00Z")
        self.assertNotIn("nonfinite", rows[2])
        self.assertEqual((rows[3]["eval/dev/safety_mean"], rows[3]["eval/past_tense/safety_mean"]), (0.5, 0.25))
        self.assertEqual(len(self.run_.metrics(arm="one", stage="rl")), 2)

    def test_evaluated_answers_with_their_grades(self):
        rows = self.run_.evals(arm="one", at="end", set="dev")
        self.assertEqual([(row["prompt_id"], row["safety"], row["severity"], row["reward"]) for row in rows],
                         [("p0", 0.2, "moderate", 0.125), ("p1", 1.0, "none", None)])
        self.assertEqual(rows[0]["response"], "an answer\nof two lines")
        self.assertEqual(rows[0]["weight_version"], 2)
        self.assertEqual([row["at"] for row in self.run_.evals(arm="one")], ["start", "end", "end"])
        self.assertEqual(self.run_.evals(arm="two"), [])

    def test_the_audit_trail(self):
        rows = self.run_.audit()
        self.assertEqual([(row["arm"], row["step"], row["sample"], row["usable"]) for row in rows], [("one", 1, 0, True), ("one", 1, 1, False)])
        self.assertEqual((rows[0]["reward"], rows[0]["advantage"], rows[0]["cost/harm"]), (0.5, -1.5, 0.75))
        self.assertEqual(rows[1]["outcome"], "timeout")

    def test_frames(self):
        try:
            import pandas
        except ImportError:
            self.skipTest("pandas is not installed here")
        table = self.run_.frame(self.run_.metrics(stage="rl"))
        self.assertIsInstance(table, pandas.DataFrame)
        self.assertEqual(list(table["arm"]), ["one", "one", "two"])

    def test_without_pandas_frames_say_so(self):
        real = builtins.__import__

        def without(name, *rest):
            if name == "pandas":
                raise ImportError(name)
            return real(name, *rest)

        with mock.patch.object(builtins, "__import__", without), self.assertRaisesRegex(temper_runs.RunError, "needs pandas"):
            temper_runs.frame([])


class ADamagedRun(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name) / "run"
        shutil.copytree(FOLDER, self.folder)

    def test_a_torn_last_line_is_left_out(self):
        with (self.folder / "one" / "metrics.jsonl").open("a") as file:
            file.write('{"stage": "rl", "st')
        self.assertEqual(len(temper_runs.open_run(self.folder).metrics(arm="one", stage="rl")), 2)

    def test_damage_is_named(self):
        with (self.folder / "one" / "audit.jsonl").open("a") as file:
            file.write("nonsense\n")
        with self.assertRaisesRegex(temper_runs.RunError, r"one/audit\.jsonl:3: "):
            temper_runs.open_run(self.folder).audit()

    def test_an_unknown_arm_is_named_with_those_there_are(self):
        with self.assertRaisesRegex(temper_runs.RunError, "no arm 'three'; it has one, two"):
            temper_runs.open_run(self.folder).metrics(arm="three")

    def test_an_arm_cannot_lie_outside_of_the_run(self):
        (self.folder / "run.json").write_text('{"format": 2, "name": "x", "arms": [{"name": "../one"}]}')
        with self.assertRaisesRegex(temper_runs.RunError, "cannot be the name of an arm"):
            temper_runs.open_run(self.folder)

    def test_a_run_that_counts_steps_from_zero_is_refused(self):
        (self.folder / "run.json").write_text('{"name": "x", "arms": [{"name": "one"}]}')
        with self.assertRaisesRegex(temper_runs.RunError, "counted steps from 0"):
            temper_runs.open_run(self.folder)

    def test_a_folder_that_is_no_run(self):
        with self.assertRaisesRegex(temper_runs.RunError, "is .* the folder of a run"):
            temper_runs.open_run(self.folder / "one")


if __name__ == "__main__":
    unittest.main()
