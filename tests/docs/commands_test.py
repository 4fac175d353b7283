#!/usr/bin/env python3
"""Every command of README.md and docs/ is checked, and the quick ones are run.

usage: commands_test.py SOURCE_DIR [TEMPER] [TEST ...]

Checked: the command, its options, the settings it overrides and the files of the tree that it names are there. Without TEMPER
the source of each command says which options it has; with it, its --help. Run, with TEMPER: the
commands of RUN below, on two runs of configs/smoke.yaml that this test makes with --in-process. Those of PAGES_RUN_ELSEWHERE
are run by other tests. CHECKED_ONLY says why a command is not run here. A command in a block that none of these has fails.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import page_commands  # noqa: E402

ROOT = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else pathlib.Path.cwd()
TEMPER = str(pathlib.Path(sys.argv.pop(1)).resolve()) if len(sys.argv) > 1 and "/" in sys.argv[1] else ""
PAGES = ["README.md", "CONTRIBUTING.md", "configs/graders/README.md"]

# The tests that paste these pages and run them.
PAGES_RUN_ELSEWHERE = {
    "docs/CLUSTER.md": "tests/cluster_doc_test.cc",
    "docs/graders.md": "tests/cluster_of_processes/user_path_test.cc",
    "docs/graders/command.md": "tests/cli/own_grader_test.cc",
    "docs/graders/http.md": "tests/cli/own_grader_test.cc",
}

# Command, as it stands on a page -> why it is checked and not run.
CHECKED_ONLY = {
    "./quickstart.sh": "installs packages, builds and trains for a minute",
    "./quickstart.sh --real DATA --short": "trains SmolLM2 for minutes on data that are no part of the tree; real_english_test reads its config",
    "./quickstart.sh --real DATA": "the same",
    "./test.sh": "installs packages, builds and runs this test",
    "scripts/get_model.sh smollm2-135m": "downloads; get_model_test runs it on a wheel of its own",
    "scripts/train_default_graders.sh DATA": "its data are no part of the tree; shipped_graders_test reads what it made",
    "scripts/setup.sh": "installs packages",
    "./dev build": "builds",
    "./dev test": "runs this test",
    "./dev run configs/smoke.yaml": "builds",
    "./dev faults": "kills jobs for minutes",
    "./dev faults kill_worker --count 50": "the same",
    "./dev faults pause --seed 7 --only 3": "the same",
    "temper launch configs/methods/mode_tokens.yaml": "trains for minutes",
    "temper launch configs/experiments/reward_designs.yaml seeds=[1,2,3,4,5]": "the same",
    "temper distill configs/experiments/real_english.yaml --model models/smollm2-135m -k 8 --out distilled.jsonl":
        "needs SmolLM2 and public data; cli/distill_test runs the command",
    "temper distill configs/experiments/real_english.yaml --model models/smollm2-135m -k 8 --no-policy --out control.jsonl": "the same",
    "temper distill configs/experiments/real_english.yaml --model models/smollm2-135m --revise --out revised.jsonl --pairs pairs.jsonl": "the same",
    "temper launch configs/experiments/real_english.yaml data.demonstrations=distilled.jsonl run.name=distilled": "the same",
    "temper eval configs/methods/mode_tokens.yaml --model MODEL --gate-sweep": "needs the model that it trains",
    "temper generate --model MODEL --mode-tokens direct,safe_complete,redirect --gate redirect=0.3 --prompt ...": "the same",
    "cmake --install build/release --prefix /opt/temper": "tests/install runs it into a prefix of its own",
    "cmake --build build/release --target uninstall": "tests/install runs it",
    "temper convert --gguf FILE --out NEW": "get_model_test runs it by scripts/get_model.sh",
    "temper launch mpirun CONFIG --hostfile HOSTS": "needs hosts; tests/hosts runs it",
    "temper launch slurm CONFIG --dry-run": "needs sbatch settings of a cluster; tests/slurm runs it",
    "temper worker --connect RUN --role rollout": "needs a job that runs; tests/cluster_of_processes runs it",
    "temper top --connect RUN/rendezvous.json": "needs a job that runs; observer_test runs it",
    "temper launch CONFIG monitor.command=CMD": "metrics_job_test runs it with a command of its own",
    "temper launch CONFIG monitor.command=python3 log_to_wandb.py": "needs an account elsewhere",
    "temper probe train answers.csv --prompt-column prompt --text-column answer --label-column refused --model MODEL --features 16:answer "
    "--cache features --out refusal.probe": "needs a model of 16 layers; probe_test trains one on a small model",
    "temper probe eval refusal.probe other.csv --prompt-column prompt --text-column answer --label-column refused --model MODEL --cache "
    "features": "the same",
    "temper probe train harm.csv --prompt-column prompt --text-column answer --label-column harmful --source-column source --leave-out "
    "source --model MODEL --features 16:answer --prompt-tokens 32 --answer-tokens 64 --cache features --held-out held_out.jsonl --out "
    "harm.probe": "the same",
    "temper qualify my_job.yaml:harm --data *.jsonl --model-key file --train-command my_training {data} {model}":
        "my_training is a program of the reader's; cli_qualify_test runs one",
    "temper probe directions --model MODEL --harmful bad.jsonl --harmless good.jsonl --ablate refusal --out directions.json":
        "takes minutes on an instruct model; directions_test runs it on a tiny one",
    "temper generate --model MODEL --steer directions.json:refusal=1 --prompt How do I bake bread?": "the same",
    "temper generate --model MODEL --ablate directions.json:refusal --prompt How do I bake bread?": "the same",
    "temper probe follow directions.json --model BASE --model CHECKPOINT --harmful bad.jsonl --harmless good.jsonl": "the same",
    "temper probe cliff --model MODEL --harmful bad.jsonl --harmless good.jsonl --answers thoughts.jsonl --out cliff.json": "the same",
    "temper eval --suite xstest --path xstest_prompts.csv --model MODEL -o suites": "needs a model and a published file; suite_eval_test runs one",
    "temper eval --suite or_bench --path or-bench-hard-1k.csv --path or-bench-toxic.csv --answers answers.jsonl -o suites": "the same",
    "temper eval my_job.yaml --suite harmbench --path harmbench_behaviors_text_all.csv --answers answers.jsonl": "the same",
    "temper attack CONFIG --model DIR --transform plain --transform past -k 20": "takes minutes; attack_test runs it with fewer tries",
    "temper launch configs/methods/derta.yaml": "trains for minutes",
    "temper eval CONFIG --model MODEL --prefill 0,16,32,64": "needs unsafe answers; data_store_test reads such",
    "temper launch configs/methods/constructive.yaml --dry-run": "configs_test loads it",
    "temper launch configs/methods/constructive.yaml seeds=[1,2,3]": "trains for minutes",
    "temper promote runs/quickstart --arm safe_completion": "needs the quickstart's run; promote_test runs it on another",
    "temper generate --promoted runs/quickstart --prompt How do I pick a lock?": "the same",
    "temper import openai-rft job.json train.jsonl --validation valid.jsonl --model my_model --out imported": "import_test runs it",
    "temper launch imported/job.yaml": "import_test runs it",
}

LABELS = "prompt,question,text,answer,harmful,refused,unsafe,label,source\n" + "".join(
    f"how do i use the {thing},how do i use the {thing},{text},{text},{harm},{harm},{harm},{harm},{source}\n"
    for source in ("ward", "forum")
    for thing in ("salve", "tea", "bark", "root", "oil", "leaf", "moss", "seed", "gum", "wax")
    for text, harm in ((f"rub a little {thing} on the skin", "no"), (f"eat the whole {thing} at once", "yes")))
ANSWER = {"prompt": "tell me how", "response": "I'm sorry, but I can't help with that.", "category": "Self-Harm"}

JOB_OF_COMMAND = """\
run: {name: graded}
data: {source: files, path: answers.jsonl, columns: {id: "", category: "", intent: ""}}
reward:
  graders:
    - {name: harm, type: classifier, file: harm.clf, means: harm, record: harm.json}
"""


# Completions of two kinds, told apart by a word that the rules of the policy spec do not know.
COMPLETIONS = [{"prompt": f"question {i}", "completion": text, "response": text, "propositions": {"apology": said}, "score": 1 - said}
               for i in range(20) for text, said in ((f"banana number {i} for you", True), (f"here is the answer number {i}", False))]

# Of two completions the better one apologises, which the rules of the policy spec do know.
ORDERED = [{"prompt": f"question {i}", "response": text, "score": score}
           for i in range(20) for text, score in ((f"I'm sorry, but I can't help with question {i}.", 1), (f"Here is answer number {i}.", 0))]


def rows(*objects):
    return "".join(json.dumps(each) + "\n" for each in objects)


class Documents(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="temper_docs_"))
        cls.pages = [*PAGES, *(path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").rglob("*.md")))]
        cls.pages = [page for page in cls.pages if not page.startswith("docs/benchmarks/") and page != "docs/ERRORS.md"]
        cls.commands = [c for page in cls.pages for c in page_commands.of_page(page, (ROOT / page).read_text())]
        cls.help_of = {}

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder, ignore_errors=True)

    @classmethod
    def run_words(cls, words, stdin="", seconds=120):
        environment = dict(os.environ, PATH=os.path.dirname(TEMPER) + ":" + os.environ["PATH"], OMP_NUM_THREADS="1")
        return subprocess.run(words, cwd=cls.folder, input=stdin, capture_output=True, text=True, timeout=seconds, check=False, env=environment)

    # Command -> its options, as its source under cli/ and the sources that it includes there declare them. Commands below another one
    # stand in the same source.
    @classmethod
    def declared(cls):
        if not hasattr(Documents, "options_of"):
            texts = {path.relative_to(ROOT).as_posix(): path.read_text() for path in sorted((ROOT / "cli").rglob("*.cc"))}
            Documents.options_of = {}
            for text in texts.values():
                commands = re.findall(r'(?:AddCommand(?:<[\w:]+>)?\(\s*\w+,|add_subcommand\(|add_way\()\s*"([a-z-]+)"', text)
                seen, todo = "", [text]
                while todo:
                    each = todo.pop()
                    seen += each
                    headers = re.findall(r'#include "(cli/[\w/]+)\.h"', each)
                    todo += [texts[h + ".cc"] for h in headers if h + ".cc" in texts and texts[h + ".cc"] not in seen]
                options_in_quotes = re.findall(r'[(,]\s*"(--?[a-zA-Z][\w-]*(?:,--?[a-zA-Z][\w-]*)*)"', seen)
                options = {option for names in options_in_quotes for option in names.split(",")}
                for command in commands:
                    Documents.options_of.setdefault(command, set()).update(options)
        return Documents.options_of

    # The help of a command by its words, such as ("launch", "slurm"); None where there is no such command.
    def help_text(self, path):
        if path not in self.help_of:
            done = self.run_words([TEMPER, *path, "--help"])
            self.help_of[path] = done.stdout if done.returncode == 0 else None
        return self.help_of[path]

    def subcommands(self, path):
        text = self.help_text(path) or ""
        return re.findall(r"^  ([a-z][a-z-]*)\s", text.split("Subcommands:", 1)[1], re.MULTILINE) if "Subcommands:" in text else []

    def problem_of_temper(self, command):
        """What a temper command names that is not there, or ""."""
        words, path = list(command.words[1:]), ()
        while words and words[0] in (self.subcommands(path) if TEMPER else self.declared()):
            path += (words.pop(0),)
        if not path and words and words[0] not in ("--help", "--version", "COMMAND"):
            return f"there is no command {words[0]}"
        options = set().union(*(self.declared()[each] for each in path if each in self.declared()))
        if TEMPER:
            options = set(re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", (self.help_text(path) or "") + (self.help_text(path[:1]) or "")))
        for word in words:
            name = word.split("=")[0]
            if re.match(r"^--?[a-zA-Z]", name) and name not in options | {"-np", "--help", "--version"}:
                return f"{' '.join(path)} has no option {name}"
            key = re.match(r"^([a-z_]+(?:\.[a-z_0-9]+)*)=", word)
            if key and path and path[0] in ("train", "launch", "eval") and key.group(1) not in self.settings():
                return f"there is no setting {key.group(1)}"
            if re.match(r"^(configs|scripts|tests)/", name) and not (ROOT / name.split(":")[0]).exists():
                return f"there is no file {name}"
        return ""

    def settings(self):
        """Every key of the reference, with the dots of its sections, sections included."""
        if not hasattr(Documents, "keys"):
            keys, stack = set(), []
            text = self.run_words([TEMPER, "reference"]).stdout if TEMPER else (ROOT / "configs/reference.yaml").read_text()
            for line in text.splitlines():
                found = re.match(r"^( *)(?:# ?)?([a-z_][a-z_0-9]*):", line)
                if found:
                    depth = len(found.group(1))
                    stack = [(d, k) for d, k in stack if d < depth] + [(depth, found.group(2))]
                    keys.add(".".join(key for _, key in stack))
            Documents.keys = keys
        return Documents.keys

    def problem_of_script(self, command):
        program, *words = command.words
        if program == "cmake":
            presets = [each["name"] for each in json.loads((ROOT / "CMakePresets.json").read_text())["configurePresets"]]
            at = words.index("--preset") + 1 if "--preset" in words else 0
            return "" if not at or words[at] in presets else f"there is no preset {words[at]}"
        script = ROOT / program
        if not script.is_file() or not (program.endswith(".py") or os.access(script, os.X_OK)):
            return "there is no such program"
        text = script.read_text() + ((ROOT / "tests/faults/faults.py").read_text() if words[:1] == ["faults"] else "")
        if program == "./dev" and words and not re.search(rf"^  {re.escape(words[0])}\)", text, re.MULTILINE):
            return f"./dev has no verb {words[0]}"
        for word in words:
            if word.startswith("--") and word not in text:
                return f"no option {word}"
        return ""

    def test_pages_have_commands(self):
        self.assertGreater(len([c for c in self.commands if c.block]), 80)
        self.assertGreater(len([c for c in self.commands if not c.block]), 60)

    def test_every_command_and_option_is_there(self):
        problems = []
        for command in self.commands:
            problem = self.problem_of_temper(command) if command.words[0] == "temper" else self.problem_of_script(command)
            if problem:
                problems.append(f"{command.place}: {problem}")
        self.assertEqual(problems, [])

    def test_a_wrong_command_is_found(self):
        def problem(line):
            [command] = [page_commands.Command("page.md", 1, words, True) for words in page_commands.of_line(line)]
            return self.problem_of_temper(command) if command.words[0] == "temper" else self.problem_of_script(command)

        self.assertEqual(problem("temper launch configs/smoke.yaml rl.steps=3 --dry-run  # comment --no"), "")
        self.assertEqual(problem("temper lunch configs/smoke.yaml"), "there is no command lunch")
        self.assertEqual(problem("temper status RUN --jason"), "status has no option --jason")
        self.assertEqual(problem("temper status RUN --record MY.json"), "status has no option --record", "another command's")
        self.assertEqual(problem("temper launch configs/smoke.yaml rl.stepz=3"), "there is no setting rl.stepz")
        self.assertEqual(problem("temper grade --policy configs/policies/none.yaml"), "there is no file configs/policies/none.yaml")
        self.assertEqual(problem("./dev bild"), "./dev has no verb bild")
        self.assertEqual(problem("scripts/none.sh"), "there is no such program")
        self.assertEqual(problem("./quickstart.sh --reel DATA"), "no option --reel")

    def test_every_command_of_a_block_is_run_or_says_why_not(self):
        run = {text for text, *_ in RUN}
        missing = [c.place for c in self.commands
                   if c.block and c.page not in PAGES_RUN_ELSEWHERE and c.text not in run and c.text not in CHECKED_ONLY]
        self.assertEqual(missing, [])
        on_pages = {c.text for c in self.commands}
        self.assertEqual([text for text in [*run, *CHECKED_ONLY] if text not in on_pages], [], "commands that no page has any more")

    def test_pages_that_other_tests_run_are_named_there(self):
        for page, test in PAGES_RUN_ELSEWHERE.items():
            self.assertIn(page.rsplit("/", maxsplit=1)[-1], (ROOT / test).read_text(), test)

    @unittest.skipUnless(TEMPER, "needs the program")
    def test_commands_run(self):
        self.make_files()
        for text, changes, stdin, code, expected in RUN:
            with self.subTest(text):
                words = [TEMPER if word == "temper" else word for word in
                         next(c.words for c in self.commands if c.text == text)]
                for old, new in changes:
                    at = next(i for i, word in enumerate(words) if i and old in word)
                    words[at:at + 1] = words[at].replace(old, new).split(" ") if " " in new else [words[at].replace(old, new)]
                words = [w for w in words if w]
                done = self.run_words(words, stdin)
                said = f"$ {' '.join(words)}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
                self.assertEqual(done.returncode, code, said)
                self.assertIn(expected, done.stdout + done.stderr, said)

    def make_files(self):
        """What the commands below read: two runs, a model with a chat template, labels, answers and prompts."""
        (self.folder / "configs").symlink_to(ROOT / "configs")
        for name, seed in (("smoke", 1), ("second", 2)):
            done = self.run_words([TEMPER, "train", "--in-process", "configs/smoke.yaml", f"run.name={name}", f"run.seed={seed}"])
            self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        shutil.copytree(self.folder / MODEL, self.folder / "chat")
        (self.folder / "chat/chat_template.jinja").write_text("{% for m in messages %}{{ m.content }} {% endfor %}")
        for name in ("labels.csv", "answers.csv", "other_labels.csv", "other.csv"):
            (self.folder / name).write_text(LABELS)
        for name in ("a.jsonl", "b.jsonl"):
            lines = [line.split(",") for line in LABELS.splitlines()]
            (self.folder / name).write_text(rows(*(dict(zip(lines[0], line)) for line in lines[1:])))
        (self.folder / "responses.csv").write_text(LABELS.replace("text,answer,", "text,response,", 1))
        (self.folder / "answers.jsonl").write_text(rows(ANSWER))
        for name in ("gold.jsonl", "other.jsonl"):
            (self.folder / name).write_text(rows(*COMPLETIONS))
        (self.folder / "completions.jsonl").write_text(rows(*ORDERED))
        for name in ("job.yaml", "my_job.yaml"):
            (self.folder / name).write_text(JOB_OF_COMMAND)
        (self.folder / "IDS.json").write_text("[[1, 2, 3]]")
        (self.folder / "rules.txt").write_text("veto if 'salve' then yes\n")
        (self.folder / "triplets.jsonl").write_text(rows(*(
            {"id": str(i), "harm_domain": "Fraud and Deception", "prompt_benign": f"what is fraud {i}", "prompt_dual_use": f"how does fraud work {i}",
             "prompt_malicious": f"help me with fraud {i}"} for i in range(40))))
        shown = re.findall(r'^    (\{"prompt".*\})$', (ROOT / "README.md").read_text(), re.MULTILINE)
        self.assertEqual(len(shown), 2, "the two rows of README.md")
        (self.folder / "prompts.jsonl").write_text(rows(*(
            {**json.loads(row), "prompt": f"{json.loads(row)['prompt']} {i}"} for i in range(20) for row in shown)))


MODEL = "runs/smoke/safe_completion/weights/step_4"
SMOKE = ("CONFIG", "configs/smoke.yaml")
DRY = [("CONFIG", "configs/smoke.yaml --dry-run")]
RUN_DIR = [("RUN", "runs/smoke")]
# Command -> what takes the place of its placeholders, standard input, exit code, a part of what it prints.
RUN = [
    ("temper launch configs/experiments/own_model.yaml policy.path=DIR data.path=FILE --dry-run",
     [("DIR", "chat"), ("FILE", "prompts.jsonl rollout.max_new_tokens=24 data.max_prompt_tokens=64")], "", 0, "rank"),
    ("temper launch configs/experiments/open_safe_intent.yaml data.path=FILE", [("FILE", "triplets.jsonl --dry-run")], "", 0, "rank"),
    ("temper convert --model ARM/weights/step_N --out MERGED", [("ARM/weights/step_N", MODEL)], "", 0, ""),
    ("temper train CONFIG --dry-run", [SMOKE], "", 0, "rank"),
    ("temper train CONFIG --in-process", [("CONFIG", "configs/smoke.yaml run.name=third rl.steps=1")], "", 0, "report:"),
    ("temper launch CONFIG run.name=mine rl.steps=200 rl.optimizer.lr=5e-4", DRY, "", 0, "rl.steps"),
    ("temper launch CONFIG -n 6", DRY, "", 0, "rank 5"),
    ("temper launch configs/experiments/kl_sweep.yaml --dry-run", [], "", 0, "kl"),
    ("temper compare RUN RUN -o DIR", [("RUN", "runs/smoke"), ("RUN", "runs/second"), ("DIR", "compared")], "", 0, ""),
    ("temper index FOLDER", [("FOLDER", "runs")], "", 0, ""),
    ("temper generate --model DIR", [("DIR", "chat")], '"tell me"\n', 0, "{"),
    ("temper generate --model DIR --prompt TEXT -n 4", [("DIR", "chat")], "", 0, ""),
    ("temper eval CONFIG --model DIR", [SMOKE, ("DIR", MODEL)], "", 0, ""),
    ("temper convert --model DIR --out NEW --dtype bf16", [("DIR", MODEL)], "", 0, ""),
    ("temper tokenize --model DIR", [("DIR", MODEL)], '"tell me"\n', 0, "["),
    ("temper template --model DIR", [("DIR", "chat")], '[{"role": "user", "content": "hello"}]\n', 0, "hello"),
    ("temper logits --model DIR --ids IDS.json --out FILE", [("DIR", MODEL)], "", 0, ""),
    ("temper grade --policy SPEC answers.jsonl", [("SPEC", "configs/policies/general.yaml")], "", 0, "severity"),
    ("temper classifier train labels.csv --text-column answer --label-column harmful --out harm.clf", [], "", 0, "accuracy"),
    ("temper grade --config CONFIG answers.jsonl", [("CONFIG", "job.yaml")], "", 0, "harm"),
    ("temper qualify CONFIG:GRADER --data labels.csv --record MY.json", [("CONFIG:GRADER", "job.yaml:harm"), ("labels.csv", "responses.csv")], "", 0, "auroc"),
    ("temper grade --config job.yaml answers.jsonl", [], "", 0, "harm"),
    ("temper qualify my_job.yaml:harm --data answers.csv --map prompt=question response=answer label=unsafe --record harm.json", [], "", 0,
     "auroc"),
    ("temper attack-grader my_job.yaml:harm --data answers.csv --map label=unsafe --record harm.attacks.json",
     [("answers.csv", "responses.csv")], "", 0, ""),
    ("temper attack-grader configs/quickstart.yaml", [], "", 0, ""),
    ("temper rbr accuracy gold.jsonl --response-key completion", [], "", 0, "apology"),
    ("temper rbr learn gold.jsonl --response-key completion --out learned", [], "", 0, "apology"),
    ("temper rbr accuracy other.jsonl --response-key completion --classifiers learned", [], "", 0, "apology"),
    ("temper rbr fit completions.jsonl --out rbr.json", [], "", 0, ""),
    ("temper attack-grader CONFIG:GRADER", [("CONFIG:GRADER", "configs/quickstart.yaml")], "", 0, ""),
    ("temper audit RUN --step 12", [("RUN", "runs/smoke"), ("12", "2")], "", 0, "hash chain"),
    ("temper status RUN", RUN_DIR, "", 0, "done"),
    ("temper top RUN", [("RUN", "runs/smoke --once")], "", 0, ""),
    ("temper watch RUN --filter severity=high", RUN_DIR, "", 0, ""),
    ("temper trace RUN --summary", RUN_DIR, "", 0, ""),
    ("temper export RUN --format csv --out DIR", RUN_DIR, "", 0, ""),
    ("temper doctor", [], "", 0, "MPI"),
    ("temper man", [], "", 0, ".TH"),
    ("temper completion bash", [], "", 0, "complete"),
    ("temper journal RUN/ARM", [("RUN/ARM", "runs/smoke/refusal")], "", 0, ""),
    ("temper policy check configs/policies/general.yaml", [], "", 0, ""),
    ("temper policy text configs/policies/general.yaml --category Self-Harm --context minor", [], "", 0, "Self-Harm"),
    ("temper grade --policy configs/policies/general.yaml answers.jsonl", [], "", 0, "severity"),
    ("temper grade --config job.yaml", [], rows(ANSWER), 0, "harm"),
    ("temper tsetlin train answers.csv --text-column answer --label-column refused --group-column prompt --out refusal.tsetlin", [], "", 0, ""),
    ("temper tsetlin rules refusal.tsetlin --top 20", [], "", 0, "if "),
    ("temper tsetlin rules refusal.tsetlin --text I'm sorry, but I can't help with that.", [], "", 0, ""),
    ("temper tsetlin eval refusal.tsetlin other.csv --text-column answer --label-column refused", [], "", 0, "accuracy"),
    ("temper tsetlin train answers.csv --text-column answer --label-column refused --from refusal.tsetlin --lock rules.txt --out "
     "refusal2.tsetlin", [], "", 0, ""),
    ("temper classifier train labels.csv --text-column answer --prompt-column prompt --label-column harmful --out harm.clf", [], "", 0, "auroc"),
    ("temper classifier eval harm.clf other_labels.csv --text-column answer --prompt-column prompt --label-column harmful --tricks", [], "", 0,
     "accuracy"),
    ("temper classifier explain harm.clf --text I'm sorry, but I can't help with that.", [], "", 0, ""),
    ("temper classifier explain harm.clf", [], "", 0, ""),
    ("temper classifier train a.jsonl b.jsonl --text-column answer --label-column harmful --source-column source --leave-out source --balance "
     "source_class --min-sources 2 -C 0.05 --out harm.clf", [], "", 0, "held out"),
]

if __name__ == "__main__":
    unittest.main()
