"""A model of half a billion parameters in the shape of Qwen2.5-0.5B, with random weights, through the whole path on this machine: made by
transformers in BF16, loaded, trained with adapters for two steps and in full for one, saved, opened by transformers again.

    .venv-bench/bin/python bench/peers/half_billion.py OUT [--temper PROGRAM] [--only load|lora|full]

OUT takes about 15 GB. Prints seconds from the start of a process to the logits of four tokens (the weights being in the page cache), and for
both trainings the seconds of a step and the peak memory of all processes with the published weights; exit status 0 when the saved folders
give transformers and Temper the same logits.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import torch
from grpo_bench import SPEC, Memory, write_prompts
from make_models import byte_alphabet, tokenizer_json

VOCABULARY = 151936
TOLERANCE = 1e-3  # between two sums in fp32 over the same rounded weights
LIMIT_S = 1500

CONFIG = """\
run: {{name: {name}, seed: 1, dir: {out}/runs}}
stages: [sft, rl]
cluster: {{learners: 1, rollout_workers: 1, reward_workers: 1, learner_threads: 1, weight_folder: {weights}, peer_timeout_s: 600, lease_s: 900}}
policy: {{path: {out}/model, dtype: bf16, lora: {{rank: {rank}}}}}
learner: {{micro_batch_tokens: 128, recompute_activations: true}}
data: {{source: files, path: {out}/prompts.jsonl, demonstrations: {out}/demonstrations.jsonl, eval_fraction: 0, stratify_by_intent: false}}
sft: {{steps: {steps}, batch_size: 2, optimizer: {{lr: 1e-5, warmup_steps: 0, schedule: constant}}}}
rl:
  steps: {steps}
  prompts_per_step: 1
  resample_dead_groups: false
  advantage: {{dead_eps: 0}}
  kl: {{coef: 0}}
  optimizer: {{lr: 1e-6, warmup_steps: 0, schedule: constant}}
rollout: {{group_size: 4, slots: 4, dtype: bf16, max_new_tokens: 16, min_new_tokens: 16}}
reward: {{policy_spec: {out}/spec.yaml}}
checkpoint: {{every: 100000, sft_every: 100000}}
monitor: {{progress: plain, traces_per_step: 0}}
"""


def make_model(folder: pathlib.Path) -> None:
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(1)
    torch.set_default_dtype(torch.bfloat16)
    Qwen2ForCausalLM(Qwen2Config(
        vocab_size=VOCABULARY, hidden_size=896, intermediate_size=4864, num_hidden_layers=24, num_attention_heads=14, num_key_value_heads=2,
        max_position_embeddings=32768, rope_theta=1e6, tie_word_embeddings=True, bos_token_id=None, eos_token_id=257, pad_token_id=256,
    )).save_pretrained(folder)
    torch.set_default_dtype(torch.float32)
    tokenizer = tokenizer_json(512)
    for i in range(len(byte_alphabet()) + 256, VOCABULARY):  # ids that no text has, but that are drawn
        tokenizer["model"]["vocab"].setdefault(f"word{i}", i)
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<eos>"}))


def logits(temper: str, folder: pathlib.Path, out: pathlib.Path) -> tuple:
    """Writes them; returns the seconds of the process and what it says of the time to read the model."""
    (out / "ids.json").write_text("[[40, 41, 42, 43]]", encoding="utf-8")
    begin = time.time()
    done = subprocess.run([temper, "logits", "--model", str(folder), "--ids", str(out / "ids.json"), "--out", str(out / "logits.safetensors")],
                          capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"half_billion: temper logits ended with {done.returncode}:\n{done.stderr}")
    return time.time() - begin, done.stderr.split(" in ")[-1].strip()


def check_reopens(temper: str, folder: pathlib.Path, out: pathlib.Path, name: str) -> None:
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM, AutoTokenizer

    logits(temper, folder, out)
    ours = load_file(out / "logits.safetensors")["logits.0"]
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.no_grad():
        theirs = model(torch.tensor([[40, 41, 42, 43]])).logits[0]
    worst = (ours - theirs).abs().max().item()
    print(f"half_billion {name} reopened by transformers: {AutoTokenizer.from_pretrained(folder).__class__.__name__}, "
          f"largest difference of a logit {worst:.1e}", flush=True)
    if not worst < TOLERANCE:
        sys.exit(f"half_billion: the logits of {folder} differ")


def train(temper: str, out: pathlib.Path, name: str, rank: int, steps: int) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="temper-bench-") as weights:
        (out / f"{name}.yaml").write_text(CONFIG.format(name=name, out=out, weights=weights, rank=rank, steps=steps), encoding="utf-8")
        mark = f"half-{os.getpid()}-{name}"
        memory = Memory("TEMPER_BENCH_JOB=" + mark, weights)
        as_root = ["--allow-run-as-root"] if os.geteuid() == 0 else []
        command = ["mpirun", *as_root, "--oversubscribe", "--bind-to", "none", "-np", "4", temper, "train", str(out / f"{name}.yaml"), "--resume", "never"]
        begin = time.time()
        memory.start()
        done = subprocess.run(command, env={**os.environ, "TEMPER_BENCH_JOB": mark, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True,
                              timeout=LIMIT_S)
        memory.ended.set()
        memory.join()
    (out / f"{name}.log").write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode != 0:
        sys.exit(f"half_billion: {' '.join(command)}: exit code {done.returncode}\n{(done.stdout + done.stderr)[-3000:]}")
    run = out / "runs" / name
    rows = [json.loads(line) for path in run.rglob("metrics.jsonl") for line in path.read_text().splitlines()]
    updates = [row["timing_s/update"] for row in rows if "timing_s/update" in row]
    parts = " + ".join(f"{p / 2**20:.0f}" for p in memory.parts)
    print(f"half_billion {name}: {steps} SFT and {steps} RL steps in {time.time() - begin:.0f} s, updates of "
          f"{', '.join(f'{u:.1f}' for u in updates)} s, peak {memory.peak / 2**30:.1f} GiB (MiB: processes, then published weights: {parts})", flush=True)
    models = [path.parent for path in run.rglob("config.json") if "adapter" not in path.parent.name and any(path.parent.glob("*.safetensors"))]
    if not models:
        sys.exit(f"half_billion: no saved model under {run}")
    check_reopens(temper, max(models, key=lambda path: path.stat().st_mtime), out, name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--temper", default="build/release/bin/temper")
    parser.add_argument("--only", choices=["load", "lora", "full"])
    options = parser.parse_args()
    out = options.out
    out.mkdir(parents=True, exist_ok=True)
    if not (out / "model" / "tokenizer_config.json").exists():
        make_model(out / "model")
    (out / "spec.yaml").write_text(SPEC, encoding="utf-8")
    write_prompts(out / "prompts.jsonl", 32)
    rows = [json.loads(line) for line in (out / "prompts.jsonl").read_text().splitlines()]
    (out / "demonstrations.jsonl").write_text(
        "".join(json.dumps({**row, "response": row["prompt"][::-1]}) + "\n" for row in rows[:16]), encoding="utf-8")
    if options.only in (None, "load"):
        seconds, reads = zip(*[logits(options.temper, out / "model", out) for _ in range(4)][1:])
        print(f"half_billion load: {', '.join(f'{s:.2f}' for s in seconds)} s from the start of the process to the logits of four tokens; of that reading the model: {', '.join(reads)}", flush=True)
    if options.only in (None, "lora"):
        train(options.temper, out, "lora", rank=8, steps=2)
    if options.only in (None, "full"):
        train(options.temper, out, "full", rank=0, steps=1)


if __name__ == "__main__":
    main()
