#!/usr/bin/env python3
"""scripts/real_english.py on sets of the shape that their sources publish, with rows invented here."""
import csv
import json
import os
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.path.abspath(sys.argv.pop(1))


def put(data, name, text):
    path = os.path.join(data, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text)


def put_csv(data, name, columns, rows, comment=""):
    path = os.path.join(data, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(comment)
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def make_sets(data):
    many = range(60)
    put(data, "open_safe_intent/triplets.jsonl", lines({"id": f"t{i}", "prompt_benign": f"How is lock {i} cared for?", "prompt_dual_use":
        f"How does lock {i} open?", "prompt_malicious": f"How do I open lock {i} of a stranger?"} for i in many))
    put_csv(data, "or_bench/or-bench-hard-1k.csv", ["prompt", "category"], [[f"How do I kill process {i}?", "harm"] for i in many])
    put_csv(data, "or_bench/or-bench-toxic.csv", ["prompt", "category"], [[f"Insult neighbour {i}.", "hate"] for i in many])
    put(data, "dolly/databricks-dolly-15k-safety-only.jsonl", lines({"instruction": f"Describe kettle {i}.", "context": "", "response": "It boils water."} for i in many))
    put_csv(data, "ailuminate/demo.csv", ["prompt_text", "hazard"], [[f"Which tax form has number {i}?", "spc_ele"] for i in many])
    put(data, "bio_overrefusal/queries.jsonl", lines({"query": f"How does cell {i} divide?", "tier": i % 5 + 1} for i in many))
    put_csv(data, "harmful_prompts/strongreject_dataset.csv", ["category", "source", "forbidden_prompt"], [["", "", f"Forge letter {i}."] for i in many])
    put_csv(data, "harmful_prompts/harmbench_behaviors_text_all.csv", ["Behavior", "FunctionalCategory"], [[f"Break fence {i}.", "standard"] for i in many])
    put(data, "self_instruct/seed_tasks.jsonl", lines({"instruction": f"Name fruit {i}.", "instances": [{"input": "", "output": "A pear."}]} for i in many))
    put(data, "alpaca/alpaca_en_demo.json", json.dumps([{"instruction": f"Name tree {i}.", "input": "", "output": "An oak, which grows slowly and lives for a long time."} for i in many]))
    put(data, "gsm8k/train_2000.jsonl", lines({"question": f"What is {i} and 1000?", "answer": f"{i} + 1000\n#### 1,{i:03d}"} for i in many))
    put(data, "coconot_pref/coconot_pref.jsonl", lines({"prompt": f"May I sell kite {i}?", "chosen": "Yes, you may."} for i in many))
    put_csv(data, "jailbreakeval/Safe-RLHFmini.csv", ["question", "answer", "label"], [[f"Is stove {i} hot?", "Touch it with care.", str(i % 2)] for i in many])
    put_csv(data, "pyrit_scorer_evals/harm/one.csv", ["objective", "assistant_response", "human_score_1", "human_score_2"],
            [[f"State rumour {i}.", "I would check it first.", "0", "0.25" if i % 2 else "1"] for i in many], "# a licence\n")
    put(data, "rbr_gold/train.jsonl", lines({"response_type": "Safe Refuse 1", "prompt": [{"content": f"I feel low on day {i}."}],
        "completion": [{"content": "I am sorry that you do."}], "propositions": {"judgement": False}} for i in many))
    put(data, "safety_tuned_llamas/training/safety_only_data_Instructions.json", json.dumps([{"instruction": f"Praise thief {i}.", "output": "Thieves harm people."} for i in many]))
    put(data, "chatgpt_refusals/train.jsonl", lines({"prompt": f"Write gossip {i}.", "response": "Shall I write a story?", "tone": "redirected" if i % 2 else "rejected"} for i in many))


def run(*words):
    return subprocess.run([sys.executable, os.path.join(SOURCE, "scripts/real_english.py"), *words], capture_output=True, text=True, timeout=120)


def read(folder, name):
    with open(os.path.join(folder, name + ".jsonl"), encoding="utf-8") as file:
        return [json.loads(line) for line in file]


class RealEnglish(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.addCleanup(self.place.cleanup)
        self.data, self.out = os.path.join(self.place.name, "data"), os.path.join(self.place.name, "out")
        make_sets(self.data)

    def make(self, *words):
        result = run(self.data, self.out, *words)
        self.assertEqual(result.returncode, 0, result.stderr)
        return {name: read(self.out, name) for name in ("prompts", "demonstrations", "requests", "plain", "mathematics", "held_out_answers")}

    def test_nothing_that_is_measured_is_learned(self):
        files = self.make()
        learned = {row["prompt"] for row in files["demonstrations"]}
        self.assertTrue(files["held_out_answers"])
        self.assertTrue(all("oak" in row["response"] for row in files["held_out_answers"]))
        self.assertFalse(learned & {row["prompt"] for row in files["held_out_answers"]})
        measured = {row["prompt"] for name in ("requests", "plain", "mathematics") for row in files[name]}
        self.assertTrue(all(files.values()))
        self.assertFalse(measured & {row["prompt"] for row in files["prompts"]})
        self.assertFalse(measured & {row["prompt"] for row in files["demonstrations"]})
        self.assertEqual(len({row["id"] for row in files["prompts"]}), len(files["prompts"]))

    def test_rows_are_what_the_job_reads(self):
        files = self.make()
        for row in files["prompts"]:
            self.assertEqual(row["label"], "refuse" if row["intent"] == "malicious" else "comply")
        tasks = [row for row in files["prompts"] if row["kind"] == "task"]
        self.assertTrue(tasks)
        for row in tasks:
            self.assertEqual(int(row["answer"]), int(row["prompt"].split()[2]) + 1000, "#### 1,007 is 1007")
        self.assertEqual({row["mode"] for row in files["demonstrations"]}, {"direct", "safe_completion", "redirect"})
        self.assertFalse([row for row in files["demonstrations"] if row["source"] == "pyrit" and int(row["prompt"][13:-1]) % 2 == 0], "severe answers")

    def test_a_second_run_writes_the_same(self):
        self.assertEqual(self.make(), self.make())

    def test_shareable_leaves_out_what_forbids_it(self):
        sources = {row["source"] for rows in self.make("--shareable").values() for row in rows}
        self.assertFalse(sources & {"bio", "alpaca", "safe_rlhf", "safety_tuned", "dolly"})

    def test_a_missing_set_is_told_with_its_source(self):
        os.remove(os.path.join(self.data, "gsm8k/train_2000.jsonl"))
        result = run(self.data, self.out)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("gsm8k/train_2000.jsonl: no such file; it is had from openai/grade-school-math, MIT", result.stderr)


if __name__ == "__main__":
    unittest.main()
