"""TRL's GRPOTrainer on the work of grpo_bench.py: prints a line "step N SECONDS_SINCE_EPOCH" at the end of every optimizer step.

    .venv-bench/bin/python bench/peers/trl_peer.py FOLDER PROMPTS.jsonl --groups 8 --samples 8 --new 64 --steps 8 [--dtype bf16]

Its best settings on a CPU: no gradient checkpointing, no KL reference (beta 0, as for Temper), micro-batches of 16, fused AdamW; the caller keeps
glibc from returning memory (GLIBC_TUNABLES).
"""

import argparse
import json
import tempfile
import time

import datasets
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl import GRPOConfig, GRPOTrainer


class Clock(TrainerCallback):
    def on_step_end(self, args, state, control, **kwargs):
        print(f"step {state.global_step} {time.time():.4f}", flush=True)


def reward(completions, **_):
    """A share of letters, different from completion to completion."""
    return [sum(c in "aeiou" for c in completion) / 64 for completion in completions]


def main(options) -> None:
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    with open(options.prompts, encoding="utf-8") as lines:
        prompts = datasets.Dataset.from_list([{"prompt": json.loads(line)["prompt"]} for line in lines])
    batch = options.groups * options.samples
    micro_batch = min(16, batch)
    with tempfile.TemporaryDirectory() as out:
        config = GRPOConfig(
            output_dir=out, use_cpu=True, seed=1, max_steps=options.steps, per_device_train_batch_size=micro_batch,
            gradient_accumulation_steps=batch // micro_batch, num_generations=options.samples, max_completion_length=options.new,
            generation_kwargs={"min_new_tokens": options.new}, temperature=1.0, beta=0.0, learning_rate=1e-6, lr_scheduler_type="constant",
            optim="adamw_torch_fused", gradient_checkpointing=False, bf16=options.dtype == "bf16", report_to="none",
            save_strategy="no", logging_steps=10_000, disable_tqdm=True)
        trainer = GRPOTrainer(
            model=AutoModelForCausalLM.from_pretrained(options.folder, dtype=torch.float32), reward_funcs=reward, args=config,
            train_dataset=prompts, processing_class=AutoTokenizer.from_pretrained(options.folder), callbacks=[Clock()])
        trainer.train()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("prompts")
    parser.add_argument("--groups", type=int, default=8)
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--new", type=int, default=64)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dtype", choices=["fp32", "bf16"], default="fp32")
    main(parser.parse_args())
