"""Decode speed of transformers' generate on the shapes of bench/decode_bench.cc: fp32, random weights, sampling at temperature 1.

    .venv-bench/bin/python bench/peers/generate_peer.py [--threads 1] [--new 64] [--rounds 3]

One line a shape: tokens per second and per processor second of the fastest round, the prompt's forward included, as decode_bench counts.
"""

import argparse
import time

import torch
from transformers import LlamaConfig, LlamaForCausalLM

# name, hidden, layers, heads, intermediate, vocabulary, sequences
SHAPES = [("quickstart", 128, 2, 4, 384, 331, 64), ("quickstart", 128, 2, 4, 384, 331, 32), ("13M", 320, 8, 5, 1280, 512, 32)]


def measure(shape: tuple, new: int, rounds: int) -> None:
    name, hidden, layers, heads, intermediate, vocab, sequences = shape
    torch.manual_seed(1)
    model = LlamaForCausalLM(LlamaConfig(
        vocab_size=vocab, hidden_size=hidden, intermediate_size=intermediate, num_hidden_layers=layers, num_attention_heads=heads,
        num_key_value_heads=heads, max_position_embeddings=1024, tie_word_embeddings=True, bos_token_id=1, eos_token_id=None)).eval()
    prompts = torch.randint(0, 300, (sequences, 32))
    best = best_cpu = float("inf")
    with torch.inference_mode():
        for _ in range(rounds + 1):  # the first one warms up and is beaten by the others
            start, cpu_start = time.perf_counter(), time.process_time()
            out = model.generate(prompts, attention_mask=torch.ones_like(prompts), max_new_tokens=new, min_new_tokens=new,
                                 do_sample=True, temperature=1.0, top_k=0, top_p=1.0, pad_token_id=0)
            best = min(best, time.perf_counter() - start)
            best_cpu = min(best_cpu, time.process_time() - cpu_start)
            assert out.shape[1] == 32 + new
    print(f"generate {name:10s} sequences {sequences:3d}  prompt 32  new {new}  threads {torch.get_num_threads()}  "
          f"{sequences * new / best:9.0f} tokens/s  {sequences * new / best_cpu:9.0f} tokens/cpu-s", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--new", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for shape in SHAPES:
        measure(shape, options.new, options.rounds)
