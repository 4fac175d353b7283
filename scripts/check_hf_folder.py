"""Opens a Hugging Face folder with transformers and compares token ids, logits and greedy completions with Temper's.

    .venv-golden/bin/python scripts/check_hf_folder.py FOLDER --temper build/release/bin/temper --prompts FILE.jsonl [--count 20]

FILE holds {"prompt": TEXT} a line, e.g. runs/quickstart/data/*/prompts_test.jsonl. transformers tokenizes: a folder with a chat template
has each prompt rendered as a user's message, any other has the text with the special tokens that its tokenizer puts around it.

Logits agree when they differ by at most the tolerance times the largest logit of their prompt. Completions that part where the two best
tokens are closer than that agree too. Exit status 0 when everything agrees.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

TOLERANCE = 1e-4
NEW_TOKENS = 48


class Temper:
    def __init__(self, program: str, folder: str):
        self.program, self.folder = program, folder

    def _lines(self, command: str, options: list, lines: list) -> list:
        run = subprocess.run([self.program, command, "--model", self.folder, *options], input="".join(line + "\n" for line in lines),
                             stdout=subprocess.PIPE, text=True, check=True)
        return [json.loads(line) for line in run.stdout.splitlines()]

    def ids(self, texts: list, special: bool) -> list:
        return self._lines("tokenize", ["--special"] if special else [], [json.dumps(text) for text in texts])

    def rendered(self, chats: list) -> list:
        return self._lines("template", ["--generation-prompt"], [json.dumps(chat) for chat in chats])

    def logits(self, ids: list) -> list:
        with tempfile.TemporaryDirectory() as scratch:
            (pathlib.Path(scratch) / "ids.json").write_text(json.dumps(ids), encoding="utf-8")
            out = f"{scratch}/logits.safetensors"
            subprocess.run([self.program, "logits", "--model", self.folder, "--ids", f"{scratch}/ids.json", "--out", out], check=True)
            tensors = load_file(out)
        return [tensors[f"logits.{i}"] for i in range(len(ids))]

    def greedy(self, prompts: list) -> list:
        """Token ids of the completion of each prompt; a prompt is one line."""
        rows = self._lines("generate", ["--temperature", "0", "--max-new-tokens", str(NEW_TOKENS)], prompts)
        return [row["completions"][0]["tokens"] for row in rows]


def prompts_of(path: pathlib.Path, count: int) -> list:
    prompts = [json.loads(line)["prompt"] for line in path.read_text(encoding="utf-8").splitlines()[:count] if line.strip()]
    if not prompts:
        sys.exit(f"{path}: no prompts")
    return [" ".join(prompt.split()) for prompt in prompts]


def tokenize(tokenizer, prompts: list, temper: Temper) -> tuple:
    """The ids that transformers gives, and whether Temper's are the same."""
    if tokenizer.chat_template:
        chats = [[{"role": "user", "content": prompt}] for prompt in prompts]
        texts = [tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True) for chat in chats]
        ids = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]
        return ids, sum(a == b and c == d for a, b, c, d in zip(texts, temper.rendered(chats), ids, temper.ids(texts, False), strict=True))
    ids = [tokenizer(prompt)["input_ids"] for prompt in prompts]
    return ids, sum(a == b for a, b in zip(ids, temper.ids(prompts, True), strict=True))


def is_tie(model, prompt: list, theirs: list, ours: list) -> bool:
    """Whether two completions part where both tokens are as good, to the tolerance."""
    common = next((i for i, (a, b) in enumerate(zip(theirs, ours)) if a != b), min(len(theirs), len(ours)))
    if common == len(theirs) or common == len(ours):
        return False
    logits = model(torch.tensor([prompt + theirs[:common]])).logits[0, -1]
    return abs(logits[theirs[common]] - logits[ours[common]]).item() <= TOLERANCE * logits.abs().max().item()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--temper", required=True)
    parser.add_argument("--prompts", required=True, type=pathlib.Path)
    parser.add_argument("--count", type=int, default=20)
    args = parser.parse_args()

    model = AutoModelForCausalLM.from_pretrained(args.folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(args.folder)
    temper = Temper(args.temper, args.folder)
    prompts = prompts_of(args.prompts, args.count)
    ids, same_ids = tokenize(tokenizer, prompts, temper)

    worst, agreeing, ties, first = 0.0, 0, 0, ""
    with torch.no_grad():
        for sequence, logits, greedy in zip(ids, temper.logits(ids), temper.greedy(prompts), strict=True):
            theirs = model(torch.tensor([sequence])).logits[0]
            worst = max(worst, ((theirs - logits).abs().max() / theirs.abs().max()).item())
            batch = torch.tensor([sequence])
            out = model.generate(batch, attention_mask=torch.ones_like(batch), max_new_tokens=NEW_TOKENS, do_sample=False,
                                 repetition_penalty=1.0)[0, len(sequence):].tolist()
            first = first or tokenizer.decode(out, skip_special_tokens=True)
            agreeing += out == greedy
            ties += out != greedy and is_tie(model, sequence, out, greedy)
    print(f"token ids: {same_ids} of {len(prompts)} prompts agree ({'chat template' if tokenizer.chat_template else 'bare text'})")
    print(f"logits: largest difference {worst:.1e} of the largest logit (tolerance {TOLERANCE:.0e})")
    print(f"greedy completions: {agreeing} of {len(prompts)} agree, {ties} more part at a tie, e.g. {first!r}")
    return 0 if same_ids == len(prompts) and worst <= TOLERANCE and agreeing + ties == len(prompts) else 1


if __name__ == "__main__":
    sys.exit(main())
