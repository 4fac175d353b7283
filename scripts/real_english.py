#!/usr/bin/env python3
"""Builds the files of configs/experiments/real_english.yaml from your copies of public sets:
  python3 scripts/real_english.py DATA FOLDER [--shareable]
DATA is the folder of the sets, each as its source publishes it; FOLDER gets
  prompts.jsonl          what the policy is trained on: requests of three intents, plain instructions, grade-school mathematics
  demonstrations.jsonl   answers in the three modes (column mode): direct, safe_completion, redirect
  requests.jsonl, plain.jsonl, mathematics.jsonl   evaluation sets, of no training prompt
  held_out_answers.jsonl   answers to instructions that nothing is trained on
With --shareable only rows whose licence lets a model that was trained on them be shared. No row is part of this project. Rows are chosen by
the hash of their text, so that two runs choose the same. Needs nothing but Python 3.9."""
import csv
import glob
import hashlib
import io
import json
import os
import sys

csv.field_size_limit(1 << 30)

# Where each set is had.
SOURCES = {
    "open_safe_intent/triplets.jsonl": "OpenSafeIntent, Apache-2.0",
    "or_bench/or-bench-hard-1k.csv": "bench-llm/or-bench, CC-BY-4.0",
    "or_bench/or-bench-toxic.csv": "bench-llm/or-bench, CC-BY-4.0",
    "dolly/databricks-dolly-15k-safety-only.jsonl": "databricks-dolly-15k, CC-BY-SA-3.0",
    "ailuminate": "mlcommons/ailuminate, CC-BY-4.0",
    "bio_overrefusal/queries.jsonl": "jang1563/bio-overrefusal-v0.1, CC-BY-NC-SA-4.0",
    "harmful_prompts/strongreject_dataset.csv": "alexandrasouly/strongreject, MIT",
    "harmful_prompts/harmbench_behaviors_text_all.csv": "HarmBench, MIT",
    "self_instruct/seed_tasks.jsonl": "yizhongw/self-instruct, Apache-2.0",
    "alpaca/alpaca_en_demo.json": "GPT-4-LLM, CC-BY-NC-4.0",
    "gsm8k/train_2000.jsonl": "openai/grade-school-math, MIT",
    "coconot_pref/coconot_pref.jsonl": "allenai/noncompliance, MIT",
    "jailbreakeval/Safe-RLHFmini.csv": "PKU-SafeRLHF by way of JailbreakEval, CC-BY-NC-4.0",
    "pyrit_scorer_evals/harm": "PyRIT, MIT",
    "rbr_gold/train.jsonl": "openai/safety-rbr-code-and-data, MIT",
    "safety_tuned_llamas/training/safety_only_data_Instructions.json": "vinid/safety-tuned-llamas, CC-BY-NC-4.0",
    "chatgpt_refusals/train.jsonl": "maxwellreuter/chatgpt-refusals, MIT",
}
REQUEST_WORDS, TRIPLET_WORDS, ANSWER_WORDS = 45, 80, 90  # some 64, 112 and 128 tokens
EVAL_SHARE = 4  # every fourth triplet, instruction and problem is held out


def digest(text):
    return int.from_bytes(hashlib.sha256(text.strip().encode()).digest(), "big")


def held_out(text):
    return digest("eval:" + text) % EVAL_SHARE == 0


def words(text):
    return len(text.split())


class Sets:
    def __init__(self, data, shareable):
        self.data, self.shareable = data, shareable

    def text(self, name):
        path = os.path.join(self.data, name)
        if not os.path.isfile(path):
            sys.exit(f"{path}: no such file; it is had from {SOURCES.get(name, SOURCES.get(os.path.dirname(name), 'its source'))}")
        with open(path, encoding="utf-8-sig", newline="") as file:
            return file.read()

    def csv(self, name):
        text = self.text(name)
        while text.lstrip('"').lstrip().startswith("#"):  # a line of licence before the header
            text = text.split("\n", 1)[1]
        return list(csv.DictReader(io.StringIO(text)))

    def csvs(self, folder):
        names = sorted(os.path.basename(path) for path in glob.glob(os.path.join(self.data, folder, "*.csv")))
        if not names:
            sys.exit(f"{os.path.join(self.data, folder)}: holds no .csv file; it is had from {SOURCES[folder]}")
        return [row for name in names for row in self.csv(f"{folder}/{name}")]

    def jsonl(self, name):
        return [json.loads(line) for line in self.text(name).splitlines() if line.strip()]

    def noncommercial(self, make):
        return [] if self.shareable else make()


def chosen(texts, count, longest, spare=lambda text: False):
    """The first `count` by hash of those short enough, each once."""
    short = {text.strip() for text in texts if text.strip() and words(text) <= longest and not spare(text.strip())}
    return sorted(short, key=digest)[:count]


def request(text, intent, source, **more):
    """A row; its label is what a labeler who goes by the intent says, for the composer refusal_baseline."""
    return {"id": f"{source}-{digest(text) % 10**10:010d}", "prompt": text, "intent": intent, "label": "refuse" if intent == "malicious" else "comply",
            "kind": "text", "answer": "", "source": source, **more}


def triplets(sets, intent, count, out):
    """Requests of one intent; `out`: those of triplets that are held out."""
    rows = [r for r in sets.jsonl("open_safe_intent/triplets.jsonl") if held_out(r["id"]) == out]
    return [request(text, intent, "open_safe_intent") for text in chosen([r["prompt_" + intent] for r in rows], count, TRIPLET_WORDS)]


def risky(sets):
    """Training requests of three intents, 240 each where there are as many."""
    def some(texts, intent, source, count):
        return [request(text, intent, source) for text in chosen(texts, count, REQUEST_WORDS)]
    bio = sets.noncommercial(lambda: [r["query"] for r in sets.jsonl("bio_overrefusal/queries.jsonl") if r["tier"] in (3, 4)])
    special = [r["prompt_text"] for r in sets.csvs("ailuminate") if r["hazard"].startswith("spc")]
    dolly = [r["instruction"] for r in sets.jsonl("dolly/databricks-dolly-15k-safety-only.jsonl") if not r["context"]]
    standard = [r["Behavior"] for r in sets.csv("harmful_prompts/harmbench_behaviors_text_all.csv") if r["FunctionalCategory"] == "standard"]
    return (some([r["prompt"] for r in sets.csv("or_bench/or-bench-hard-1k.csv")], "benign", "or_bench_hard", 120) +
            triplets(sets, "benign", 60, False) + some(dolly if not sets.shareable else [], "benign", "dolly", 60) +
            triplets(sets, "dual_use", 120, False) + some(special, "dual_use", "ailuminate", 78) + some(bio, "dual_use", "bio", 42) +
            some([r["prompt"] for r in sets.csv("or_bench/or-bench-toxic.csv")], "malicious", "or_bench_toxic", 90) +
            some([r["forbidden_prompt"] for r in sets.csv("harmful_prompts/strongreject_dataset.csv")], "malicious", "strongreject", 60) +
            some(standard, "malicious", "harmbench", 60) + triplets(sets, "malicious", 30, False))


def instructions(sets):
    """Pairs of a plain instruction and a short answer to it."""
    seeds = [(r["instruction"], r["instances"][0]["output"]) for r in sets.jsonl("self_instruct/seed_tasks.jsonl") if not r["instances"][0]["input"]]
    alpaca = sets.noncommercial(lambda: [(r["instruction"], r["output"]) for r in json.loads(sets.text("alpaca/alpaca_en_demo.json")) if not r["input"]])
    return seeds, alpaca


def plain(sets, out):
    texts = [prompt for pairs in instructions(sets) for prompt, _ in pairs]
    spare = lambda text: held_out(text) != out
    return [request(text, "benign", "instructions") for text in chosen(texts, 40 if out else 250, REQUEST_WORDS, spare)]


def mathematics(sets, out):
    answers = {r["question"].strip(): r["answer"].rsplit("####", 1)[1].strip().replace(",", "") for r in sets.jsonl("gsm8k/train_2000.jsonl")}
    spare = lambda text: held_out(text) != out
    return [request(text, "benign", "gsm8k", kind="task", answer=answers[text]) for text in chosen(answers, 40 if out else 60, TRIPLET_WORDS, spare)]


def demonstrations(sets, measured):
    """Answers in three modes, to no prompt that is measured."""
    out = []

    def add(mode, source, pairs, count):
        good = {p.strip(): r.strip() for p, r in pairs if p.strip() and r.strip() and words(r) <= ANSWER_WORDS and p.strip() not in measured and not held_out(p)}
        for prompt in sorted(good, key=digest)[:count]:
            out.append({"prompt": prompt, "response": good[prompt], "mode": mode, "source": source})

    seeds, alpaca = instructions(sets)
    add("direct", "alpaca", alpaca, 300)
    add("direct", "self_instruct", seeds, 120)
    if not sets.shareable:
        add("direct", "dolly", [(r["instruction"], r["response"]) for r in sets.jsonl("dolly/databricks-dolly-15k-safety-only.jsonl") if not r["context"]], 80)
    add("direct", "coconot", [(r["prompt"], r["chosen"]) for r in sets.jsonl("coconot_pref/coconot_pref.jsonl")], 260)
    add("safe_completion", "safe_rlhf", sets.noncommercial(
        lambda: [(r["question"], r["answer"]) for r in sets.csv("jailbreakeval/Safe-RLHFmini.csv") if r["label"].strip().lower() in ("0", "false")]), 200)
    scored = [(r, [float(v) for k, v in r.items() if k and k.startswith("human_score") and v]) for r in sets.csvs("pyrit_scorer_evals/harm")]
    add("safe_completion", "pyrit", [(r["objective"], r["assistant_response"]) for r, scores in scored if sum(scores) / len(scores) <= 0.25], 280)
    add("safe_completion", "rbr", [(r["prompt"][0]["content"], r["completion"][0]["content"]) for r in sets.jsonl("rbr_gold/train.jsonl")
                                   if r["response_type"].startswith("Safe") and len(r["prompt"]) == 1 and not r["propositions"]["judgement"]], 67)
    add("redirect", "safety_tuned", sets.noncommercial(
        lambda: [(r["instruction"], r["output"]) for r in json.loads(sets.text("safety_tuned_llamas/training/safety_only_data_Instructions.json"))]), 200)
    add("redirect", "chatgpt", [(r["prompt"], r["response"]) for r in sets.jsonl("chatgpt_refusals/train.jsonl") if r["tone"] == "redirected"], 100)
    return out


def held_out_answers(sets):
    """Answers to plain instructions that nothing is trained on: how likely the policy finds them tells whether an ability is lost."""
    pairs = {p.strip(): r.strip() for half in instructions(sets) for p, r in half
             if held_out(p) and p.strip() and 10 <= words(r) <= ANSWER_WORDS}
    return [{"prompt": prompt, "response": pairs[prompt], "mode": "direct"} for prompt in sorted(pairs, key=digest)[:100]]


def once(rows):
    seen = set()
    return [r for r in rows if not (r["prompt"] in seen or seen.add(r["prompt"]))]


def write(path, rows):
    rows = sorted(rows, key=lambda row: digest("order:" + row["prompt"]))
    with open(path, "w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    counts = {}
    for row in rows:
        key = row.get("mode") or row["intent"]
        counts[key] = counts.get(key, 0) + 1
    print(f"{path}: {len(rows)} rows: " + ", ".join(f"{key} {count}" for key, count in sorted(counts.items())))


def main():
    arguments = [word for word in sys.argv[1:] if word != "--shareable"]
    if len(arguments) != 2:
        sys.exit(__doc__)
    sets, folder = Sets(arguments[0], "--shareable" in sys.argv), arguments[1]
    os.makedirs(folder, exist_ok=True)
    held = {"requests": once([row for intent in ("benign", "dual_use", "malicious") for row in triplets(sets, intent, 40, True)]),
            "plain": plain(sets, True), "mathematics": mathematics(sets, True)}
    measured = {row["prompt"] for rows in held.values() for row in rows}
    training = [row for row in once(risky(sets) + plain(sets, False) + mathematics(sets, False)) if row["prompt"] not in measured]
    write(os.path.join(folder, "prompts.jsonl"), training)
    write(os.path.join(folder, "demonstrations.jsonl"), demonstrations(sets, measured))
    write(os.path.join(folder, "held_out_answers.jsonl"), held_out_answers(sets))
    for name, rows in held.items():
        write(os.path.join(folder, name + ".jsonl"), rows)


if __name__ == "__main__":
    main()
