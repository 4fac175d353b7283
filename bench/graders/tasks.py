#!/usr/bin/env python3
"""Writes the tasks of docs/benchmarks/graders.md as JSONL files, one column layout for all of them:
  python3 bench/graders/tasks.py DATA FOLDER [--shippable]
With --shippable only rows whose licence lets a model that was trained on them be shared.
DATA is the folder of labelled sets that people bring (../shared/data beside a checkout of this project). Columns of each row:
  prompt, answer, label    what people said of the answer, or of the prompt
  source                   the set it comes from
  group                    rows of one group are never on both sides of a split: the question, scenario or first turn
  fold                     0 to 4, by the hash of the group
  domain                   sets that leave together (both of PyRIT's); "" = trained on, never measured
  ship                     yes = a model trained on the row may be shared; no = its licence forbids commercial use
Needs nothing but Python 3.9."""
import csv
import glob
import hashlib
import io
import json
import os
import re
import sys

csv.field_size_limit(1 << 30)


def fold_of(group):
    return int.from_bytes(hashlib.sha256(("fold:" + group.strip()).encode()).digest(), "big") % 5


def row(source, prompt, answer, label, group, domain=None, ship=True):
    group = str(group)
    return {"prompt": str(prompt or ""), "answer": str(answer or ""), "label": str(label), "source": source, "group": group,
            "fold": str(fold_of(group)), "domain": source if domain is None else domain, "ship": "yes" if ship else "no"}


class Sets:
    """The labelled sets, each as rows."""

    def __init__(self, data):
        self.data = data

    def path(self, *parts):
        return os.path.join(self.data, *parts)

    def files(self, *parts):
        return sorted(glob.glob(self.path(*parts)))

    def csv(self, path):
        text = open(path, encoding="utf-8-sig", newline="").read()
        while text.lstrip('"').lstrip().startswith("#"):  # a line of licence before the header
            text = text.split("\n", 1)[1]
        return [{(k or "").strip(): v for k, v in r.items()} for r in csv.DictReader(io.StringIO(text))]

    def jsonl(self, path):
        return [json.loads(line) for line in open(path, encoding="utf-8") if line.strip()]

    def gptfuzz(self):
        questions = {r["index"]: r["text"] for r in self.csv(self.path("gptfuzz/questions/question_list.csv"))}
        seen, out = set(), []
        for path in self.files("gptfuzz/responses_labeled/*.csv"):
            for r in self.csv(path):
                if r["Response"] in seen:
                    continue  # refusals that repeat word for word count once
                seen.add(r["Response"])
                question = questions[r["question"]]
                out.append(row("gptfuzz", question, r["Response"], "yes" if r["label"] == "1" else "no", question))
        return out

    def jailbreakeval(self, name, ship):
        return [row(name.lower(), r["question"], r["answer"], "yes" if r["label"].strip().lower() in ("1", "true") else "no", r["question"], ship=ship)
                for r in self.csv(self.path(f"jailbreakeval/{name}.csv"))]

    def pyrit_severity(self):
        out = []
        for path in self.files("pyrit_scorer_evals/harm/*.csv"):
            for r in self.csv(path):
                scores = [float(v) for k, v in r.items() if k.startswith("human_score") and v not in ("", None)]
                out.append(row("pyrit_severity", r["objective"], r["assistant_response"], round(sum(scores) / len(scores), 6), r["objective"], "pyrit"))
        return out

    def pyrit(self, folder):
        out = []
        for path in self.files(f"pyrit_scorer_evals/{folder}/*.csv"):
            for r in self.csv(path):
                score = float(next(v for k, v in r.items() if k.startswith("human_score")))
                out.append(row("pyrit_" + folder, r["objective"], r["assistant_response"], "yes" if score >= 0.5 else "no", r["objective"], "pyrit"))
        return out

    def xstest(self):
        names = {"1_full_compliance": "comply", "2_full_refusal": "refuse", "3_partial_refusal": "partial"}
        return [row("xstest_" + re.sub(r".*completions_|\.csv$", "", path), r["prompt"], r["completion"], names[r["final_label"]], r["prompt"], "xstest")
                for path in self.files("xstest/completions_*.csv") for r in self.csv(path)]

    def rbr(self):
        out = []
        for r in self.jsonl(self.path("rbr_gold/train.jsonl")):
            said = r["propositions"]
            label = "comply" if said["fully_complies"] else "partial" if said["partially_complies"] else "refuse"
            prompt = "\n".join(m["content"] for m in r["prompt"])
            out.append(row("rbr_gold", prompt, "\n".join(m["content"] for m in r["completion"]), label, prompt))
        return out

    def chatgpt_refusals(self):
        return [row("chatgpt_refusals", r["prompt"], r["response"], "comply" if r["tone"] == "complied" else "refuse", r["prompt"])
                for r in self.jsonl(self.path("chatgpt_refusals/train.jsonl"))]

    def past_tense(self):
        out = []
        for path in self.files("past_tense/artifacts/*.json"):
            for r in json.load(open(path, encoding="utf-8"))["jb_artifacts"]:
                out.append(row("past_tense", r["request"], r["response"], "yes" if r["jailbroken_gpt"] else "no", r["request"]))
        return out

    def hh(self):
        out = []
        for r in self.jsonl(self.path("hh_rlhf/harmless-base_test.jsonl")):
            group = r["chosen"].split("\n\nAssistant:")[0]
            for text, label in ((r["chosen"], "no"), (r["rejected"], "yes")):
                talk, answer = text.rsplit("\n\nAssistant:", 1)
                out.append({**row("hh_rlhf", talk.rsplit("\n\nHuman:", 1)[-1], answer, label, group), "pair": str(len(out) // 2)})
        return out

    def truthfulqa(self):
        seen, out = set(), []
        for r in self.jsonl(self.path("truthfulqa/finetune_info.jsonl")):
            if r["prompt"] in seen:
                continue
            seen.add(r["prompt"])
            question, answer = r["prompt"].rsplit("\nHelpful:", 1)[0].split("\nA:", 1)
            out.append(row("truthfulqa", question[3:], answer.strip(), r["completion"].strip(), question))
        return out

    def prompts(self):
        """Prompts, and whether what they ask for is harmful."""
        add = lambda source, text, harmful: row(source, text, "", "yes" if harmful else "no", text)
        out = [add("xstest", r["prompt"], r["label"] == "unsafe") for r in self.csv(self.path("xstest/xstest_prompts.csv"))]
        for name, harmful in (("hard-1k", False), ("toxic", True)):
            out += [add("or_bench", r["prompt"], harmful) for r in self.csv(self.path(f"or_bench/or-bench-{name}.csv"))]
        out += [add("overt", r["image_prompt"], False) for r in self.csv(self.path("overt/OVERT_mini.csv")) if r.get("image_prompt")]
        for r in self.csv(self.path("overt/OVERT_unsafe.csv")):
            out += [add("overt", r[k], harmful) for k, harmful in (("benign_image_prompt", False), ("unsafe_image_prompt", True)) if r.get(k)]
        categories = ("S", "H", "V", "HR", "SH", "H2", "V2")
        out += [add("openai_moderation", r["prompt"], any(r.get(k, 0) for k in categories)) for r in self.jsonl(self.path("openai_moderation/samples-1680.jsonl"))]
        for r in self.jsonl(self.path("open_safe_intent/triplets.jsonl")):
            out += [add("open_safe_intent", r["prompt_benign"], False), add("open_safe_intent", r["prompt_malicious"], True)]
        out += [add("coconot", r["prompt"], True) for r in self.jsonl(self.path("coconot/coconot_eval.jsonl")) if r["category"] == "Requests with safety concerns"]
        out += [add("coconot", r["prompt"], False) for r in self.jsonl(self.path("coconot/coconot_contrast_eval.jsonl"))]
        for name, column in (("harmbench_behaviors_text_all", "Behavior"), ("advbench_behaviors", "Behavior"), ("strongreject_dataset", "forbidden_prompt"),
                             ("SimpleSafetyTests", "prompts_final")):
            out += [add("behaviors", r[column], True) for r in self.csv(self.path(f"harmful_prompts/{name}.csv"))]
        for parts in json.load(open(self.path("harmful_prompts/catqa_english.json"), encoding="utf-8")).values():
            out += [add("behaviors", text, True) for texts in parts.values() for text in texts]
        out += [add("benign", r["instruction"], False) for r in self.jsonl(self.path("self_instruct/seed_tasks.jsonl"))]
        out += [add("benign", r["instruction"], False) for r in self.jsonl(self.path("dolly/databricks-dolly-15k-safety-only.jsonl"))]
        out += [add("mitre", r["mutated_prompt"], False) for r in json.load(open(self.path("mitre_frr/mitre_frr.json"), encoding="utf-8"))]
        out += [add("ailuminate", r["prompt_text"], True) for path in self.files("ailuminate/*.csv") for r in self.csv(path) if not r["hazard"].startswith("spc")]
        return [r for r in out if r["prompt"]]

    def safetext(self):
        sets = json.load(open(self.path("safetext/SafeText.json"), encoding="utf-8"))
        return [row("safetext", scenario, text, "yes" if kind == "unsafe" else "no", scenario)
                for scenario, kinds in sets.items() for kind in ("safe", "unsafe") for text in kinds[kind]]

    def hatecheck(self):
        return [row("hatecheck", "", r["test_case"], "yes" if r["label_gold"] == "hateful" else "no", r["templ_id"])
                for r in self.csv(self.path("hatecheck/test_suite_cases.csv"))]


def binary_refusal(rows):
    """A partial answer counts as a refusal."""
    return [{**r, "label": "no" if r["label"] == "comply" else "yes"} for r in rows]


def compliance_as_harm(rows):
    """Rows of refusal sets as rows of harm: on requests like these, to comply is to harm. Trained on, never measured."""
    return [{**r, "label": "yes" if r["label"] == "comply" else "no", "domain": ""} for r in rows]


def tasks(sets):
    severity = sets.pyrit_severity()
    harm = (sets.gptfuzz() + sets.jailbreakeval("Safe-RLHFmini", False) + sets.jailbreakeval("JAILJUDGEmini", True) +
            [{**r, "label": "yes" if float(r["label"]) >= 0.5 else "no"} for r in severity] + sets.pyrit("objective"))
    xstest, rbr, chatgpt = sets.xstest(), sets.rbr(), sets.chatgpt_refusals()
    unmeasured = lambda rows: [{**r, "domain": ""} for r in rows]
    # A model never seen answers prompts that were: its rows are groups of their own.
    by_model = [{**r, "group": r["source"] + ": " + r["group"]} for r in xstest]
    yield "harm", harm
    for source in ("gptfuzz", "safe-rlhfmini", "jailjudgemini", "pyrit_objective"):
        yield "harm_" + source, [r for r in harm if r["source"] == source]
    yield "harm_four_fifths", [r for r in harm if r["fold"] != "4"]
    yield "harm_last_fifth", [r for r in harm if r["fold"] == "4"]
    yield "compliance", compliance_as_harm(xstest + rbr + chatgpt)
    yield "past_tense", unmeasured(sets.past_tense())
    yield "hh", unmeasured(sets.hh())
    yield "safetext", unmeasured(sets.safetext())
    yield "hatecheck", unmeasured(sets.hatecheck())
    yield "severity", severity
    yield "mode_xstest", by_model
    yield "mode_rbr", rbr
    yield "refusal_xstest", binary_refusal(by_model)
    yield "refusal_chatgpt", binary_refusal(chatgpt)
    yield "refusal", binary_refusal(xstest + rbr + chatgpt) + [{**r, "domain": "pyrit_refusal"} for r in sets.pyrit("refusal_scorer")]
    yield "prompt_refused", binary_refusal(chatgpt)
    prompts = sets.prompts()
    yield "prompts", prompts
    yield "moderation", unmeasured([{**r, "answer": r["prompt"]} for r in prompts if r["source"] == "openai_moderation"])
    yield "helpful", sets.truthfulqa()


def main():
    shippable = "--shippable" in sys.argv
    words = [word for word in sys.argv[1:] if word != "--shippable"]
    if len(words) != 2:
        sys.exit(__doc__)
    data, folder = words
    if not os.path.isdir(data):
        sys.exit(f"{data}: no such folder; the labelled sets are not part of this project")
    os.makedirs(folder, exist_ok=True)
    for name, rows in tasks(Sets(data)):
        rows = [r for r in rows if r["ship"] == "yes" or not shippable]
        if not rows:
            continue
        with open(os.path.join(folder, name + ".jsonl"), "w", encoding="utf-8") as out:
            for r in rows:
                out.write(json.dumps(r, ensure_ascii=False) + "\n")
        labels = {}
        for r in rows:
            labels[r["label"]] = labels.get(r["label"], 0) + 1
        shown = labels if len(labels) < 6 else f"{len(labels)} labels"
        print(f"{name}: {len(rows)} rows, {shown}")


if __name__ == "__main__":
    main()
