"""Writes tests/golden/hidden_features.json: hidden states of three checkpoints of tests/golden/transformer/, and features pooled from those
of one of them, as transformers computes them.

Run from the repository root with the environment of `scripts/setup.sh --golden`:
    .venv-golden/bin/python tests/golden/hidden_features_golden.py
"""

import json
import pathlib

import torch
from transformers import AutoModelForCausalLM

HERE = pathlib.Path(__file__).parent
MODELS = ["llama", "mistral", "qwen3_window"]
TOKENS = [[5, 9, 44, 7, 7, 30, 21, 12, 50, 3, 8, 26, 17, 41, 33, 2, 19, 6, 11, 48], [13], [22, 4, 36, 35, 10]]  # longer than mistral's window
FEATURES = ["1:answer", "2:last", "0:prompt", "2:prompt_last"]
BOS = 1
# Ids of the prompt's part, which begins with <bos>, and of the answer.
TEXTS = [([BOS, 10, 20, 30], [40, 41, 42, 43, 44]), ([BOS, 66], [5, 4]), ([BOS], [12, 13, 14]), ([BOS, 7, 8, 9], [])]


@torch.no_grad()
def hidden_states(model, ids: list[int]) -> list[torch.Tensor]:
    """[layers + 1] of [tokens, width]."""
    return [state[0].double() for state in model(torch.tensor([ids]), output_hidden_states=True).hidden_states]


def pooled(states: list[torch.Tensor], prompt: int, feature: str) -> list[float]:
    layer, pooling = feature.split(":")
    rows = states[int(layer)]
    pick = {"answer": rows[min(prompt, len(rows) - 1):], "prompt": rows[:prompt], "last": rows[-1:], "prompt_last": rows[prompt - 1:prompt]}
    return pick[pooling].mean(0).tolist()


def main() -> None:
    out = {"tokens": TOKENS, "states": {}, "features": FEATURES, "texts": [{"prompt": p, "answer": a} for p, a in TEXTS], "rows": []}
    for name in MODELS:
        model = AutoModelForCausalLM.from_pretrained(HERE / "transformer" / name, dtype=torch.float32, attn_implementation="eager").eval()
        out["states"][name] = [[state.tolist() for state in hidden_states(model, ids)] for ids in TOKENS]
        if name == "llama":
            for prompt, answer in TEXTS:
                states = hidden_states(model, prompt + answer)
                out["rows"].append([value for feature in FEATURES for value in pooled(states, len(prompt), feature)])
    round6 = lambda x: [round6(y) for y in x] if isinstance(x, list) else round(x, 6) if isinstance(x, float) else x
    out["states"] = {name: round6(states) for name, states in out["states"].items()}
    out["rows"] = round6(out["rows"])
    (HERE / "hidden_features.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")


main()
