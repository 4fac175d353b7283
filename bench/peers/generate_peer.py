"""Decode speed of transformers' generate on the shapes of bench/decode_bench.cc: random weights, sampling at temperature 1.

    .venv-bench/bin/python bench/peers/generate_peer.py [--threads 1] [--prompt 32] [--new 64] [--rounds 3] [--dtype bf16] [--shape 13M --sequences 64]

One line a shape: tokens per second and per processor second of the fastest round, the prompt's forward included, as decode_bench counts.
"""

import argparse
import time

import torch
from transformers import LlamaConfig, LlamaForCausalLM

# name: hidden, layers, heads, key/value heads, intermediate, vocabulary
SHAPES = {"quickstart": (128, 2, 4, 4, 384, 331), "1M": (128, 4, 4, 2, 512, 512), "13M": (320, 8, 5, 5, 1280, 512)}
USUAL = [("quickstart", 64), ("quickstart", 32), ("13M", 32)]


def measure(name: str, sequences: int, prompt: int, new: int, rounds: int, dtype: str) -> None:
    hidden, layers, heads, kv_heads, intermediate, vocab = SHAPES[name]
    torch.manual_seed(1)
    model = LlamaForCausalLM(LlamaConfig(
        vocab_size=vocab, hidden_size=hidden, intermediate_size=intermediate, num_hidden_layers=layers, num_attention_heads=heads,
        num_key_value_heads=kv_heads, max_position_embeddings=1024, tie_word_embeddings=True, bos_token_id=1, eos_token_id=None)).eval()
    if dtype == "bf16":
        model = model.to(torch.bfloat16)
    prompts = torch.randint(0, 300, (sequences, prompt))
    best = best_cpu = float("inf")
    with torch.inference_mode():
        for _ in range(rounds + 1):  # the first one warms up and is beaten by the others
            start, cpu_start = time.perf_counter(), time.process_time()
            out = model.generate(prompts, attention_mask=torch.ones_like(prompts), max_new_tokens=new, min_new_tokens=new,
                                 do_sample=True, temperature=1.0, top_k=0, top_p=1.0, pad_token_id=0)
            best = min(best, time.perf_counter() - start)
            best_cpu = min(best_cpu, time.process_time() - cpu_start)
            assert out.shape[1] == prompt + new
    print(f"generate {name:10s} sequences {sequences:3d}  prompt {prompt}  new {new}  {dtype}  threads {torch.get_num_threads()}  "
          f"{sequences * new / best:9.0f} tokens/s  {sequences * new / best_cpu:9.0f} tokens/cpu-s", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--prompt", type=int, default=32)
    parser.add_argument("--new", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dtype", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--shape", choices=list(SHAPES))
    parser.add_argument("--sequences", type=int, default=64)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for shape, count in [(options.shape, options.sequences)] if options.shape else USUAL:
        measure(shape, count, options.prompt, options.new, options.rounds, options.dtype)
