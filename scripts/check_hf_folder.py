"""Opens a folder that Temper saved with transformers and compares logits and greedy tokens.

    .venv-golden/bin/python scripts/check_hf_folder.py FOLDER [--logits FILE.safetensors] [--tolerance 1e-4]

FILE holds `tokens` [T] (int64) and `logits` [T, V] (fp32), as Temper computed them, and optionally `greedy` [N]: Temper's greedy
continuation of all of `tokens`. Without --logits the folder is only opened and run. Exit status 0 when everything agrees.
"""

import argparse
import pathlib
import sys

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer


def compare_logits(model, data: dict, tolerance: float) -> bool:
    with torch.no_grad():
        logits = model(data["tokens"].long()[None]).logits[0].float()
    difference = (logits - data["logits"]).abs().max().item()
    print(f"logits: {tuple(logits.shape)}, largest difference {difference:.2e} (tolerance {tolerance:.0e})")
    return difference <= tolerance


def compare_greedy(model, data: dict) -> bool:
    wanted = data["greedy"].long()
    tokens = data["tokens"].long()[None]
    with torch.no_grad():
        for _ in range(len(wanted)):
            tokens = torch.cat([tokens, model(tokens).logits[:, -1].argmax(-1, keepdim=True)], dim=1)
    found = tokens[0, -len(wanted):]
    print(f"greedy: {int((found == wanted).sum())} of {len(wanted)} tokens agree")
    return bool((found == wanted).all())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--logits", type=pathlib.Path)
    parser.add_argument("--tolerance", type=float, default=1e-4)
    options = parser.parse_args()

    torch.set_num_threads(1)
    model, report = AutoModelForCausalLM.from_pretrained(options.folder, dtype=torch.float32, output_loading_info=True)
    model.eval()
    print(f"model: {type(model).__name__}, {sum(p.numel() for p in model.parameters())} parameters")
    agrees = True
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if report.get(kind):
            print(f"{kind}: {sorted(map(str, report[kind]))}")
            agrees = False
    if (options.folder / "tokenizer.json").exists():
        tokenizer = AutoTokenizer.from_pretrained(options.folder)
        print(f"tokenizer: {type(tokenizer).__name__}, {len(tokenizer)} tokens, eos {tokenizer.eos_token!r}, pad {tokenizer.pad_token!r}")
    if options.logits:
        data = load_file(options.logits)
        agrees &= compare_logits(model, data, options.tolerance)
        if "greedy" in data:
            agrees &= compare_greedy(model, data)
    print("agrees" if agrees else "DIFFERS")
    return 0 if agrees else 1


if __name__ == "__main__":
    sys.exit(main())
