"""Opens a folder that Temper saved with transformers and compares logits and greedy text with Temper's own.

    .venv-golden/bin/python scripts/check_hf_folder.py FOLDER --temper build/release/bin/temper --prompts FILE.jsonl [--count 20]

FILE holds {"prompt": TEXT} a line, e.g. runs/quickstart/data/*/prompts_test.jsonl. Exit status 0 when everything agrees.
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


def temper_logits(temper: str, folder: str, ids: list) -> list:
    with tempfile.TemporaryDirectory() as scratch:
        (pathlib.Path(scratch) / "ids.json").write_text(json.dumps(ids), encoding="utf-8")
        out = f"{scratch}/logits.safetensors"
        subprocess.run([temper, "logits", "--model", folder, "--ids", f"{scratch}/ids.json", "--out", out], check=True)
        tensors = load_file(out)
    return [tensors[f"logits.{i}"] for i in range(len(ids))]


def temper_greedy(temper: str, folder: str, prompts: list) -> list:
    run = subprocess.run([temper, "generate", "--model", folder, "--temperature", "0", "--max-new-tokens", str(NEW_TOKENS)],
                         input="\n".join(prompts) + "\n", capture_output=True, text=True, check=True)
    return [json.loads(line)["completions"][0]["text"] for line in run.stdout.splitlines()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--temper", required=True)
    parser.add_argument("--prompts", required=True, type=pathlib.Path)
    parser.add_argument("--count", type=int, default=20)
    args = parser.parse_args()

    model = AutoModelForCausalLM.from_pretrained(args.folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(args.folder)
    prompts = [json.loads(line)["prompt"] for line in args.prompts.read_text(encoding="utf-8").splitlines()[:args.count]]
    ids = [[model.config.bos_token_id] + tokenizer(prompt, add_special_tokens=False)["input_ids"] for prompt in prompts]

    worst = 0.0
    texts = []
    with torch.no_grad():
        for sequence, ours in zip(ids, temper_logits(args.temper, args.folder, ids), strict=True):
            theirs = model(torch.tensor([sequence])).logits[0]
            worst = max(worst, (theirs - ours).abs().max().item())
            out = model.generate(torch.tensor([sequence]), max_new_tokens=NEW_TOKENS, do_sample=False)
            texts.append(tokenizer.decode(out[0, len(sequence):], skip_special_tokens=True))
    agreeing = sum(a == b for a, b in zip(texts, temper_greedy(args.temper, args.folder, prompts), strict=True))
    print(f"logits of {len(ids)} prompts: largest difference {worst:.2e} (tolerance {TOLERANCE:.0e})")
    print(f"greedy text: {agreeing} of {len(texts)} completions agree, e.g. {texts[0]!r}")
    return 0 if worst <= TOLERANCE and agreeing == len(texts) else 1


if __name__ == "__main__":
    sys.exit(main())
