"""The peer of train_bench: plain PyTorch training of transformers' LlamaForCausalLM, fp32, fused AdamW, same shapes and batches.

    .venv-bench/bin/python bench/peers/train_peer.py [--quick] [--shape 13M] [--threads 2] [--sft] [--compile]

With --compile the forward, loss included, goes through torch.compile; compiling happens before the clock starts.
"""
import argparse
import time

import torch
from transformers import LlamaConfig, LlamaForCausalLM

SHAPES = {"quickstart": (128, 2, 384, 4, 331), "13M": (320, 8, 1280, 5, 512)}


def make_model(shape):
    hidden, layers, intermediate, heads, vocabulary = shape
    torch.manual_seed(1)
    return LlamaForCausalLM(LlamaConfig(hidden_size=hidden, num_hidden_layers=layers, intermediate_size=intermediate,
                                        num_attention_heads=heads, num_key_value_heads=heads, vocab_size=vocabulary,
                                        max_position_embeddings=512, tie_word_embeddings=True, use_cache=False))


def best_of(repeats, work):
    work()
    wall = cpu = 1e9
    for _ in range(repeats):
        wall_start, cpu_start = time.perf_counter(), time.process_time()
        work()
        wall = min(wall, time.perf_counter() - wall_start)
        cpu = min(cpu, time.process_time() - cpu_start)
    return wall, cpu


def sft_step(model, optimizer, tokens, labels):
    optimizer.zero_grad(set_to_none=False)
    model(input_ids=tokens, labels=labels).loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


def logprobs(model, tokens, first):
    logits = model(input_ids=tokens).logits[:, first - 1:-1]
    return torch.log_softmax(logits, -1).gather(2, tokens[:, first:, None])[..., 0]


def rl_step(model, reference, optimizer, tokens, prompt, mask, advantages, micro_batch=64):
    optimizer.zero_grad(set_to_none=False)
    count = mask.sum()
    for begin in range(0, len(tokens), micro_batch):
        part = slice(begin, begin + micro_batch)
        with torch.no_grad():
            ref = logprobs(reference, tokens[part], prompt)
        lp = logprobs(model, tokens[part], prompt)
        ratio = torch.exp(lp - lp.detach())
        advantage = advantages[part, None]
        policy = -torch.minimum(ratio * advantage, ratio.clamp(0.8, 1.28) * advantage)
        d = ref - lp
        loss = ((policy + 0.02 * (torch.exp(d) - 1 - d)) * mask[part]).sum() / count
        loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


def run(name, threads, repeats, compiled, sft_only):
    torch.set_num_threads(threads)
    model, reference = make_model(SHAPES[name]), make_model(SHAPES[name])
    if compiled:
        model.compile()
        reference.compile()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.0, fused=True)
    vocabulary = SHAPES[name][4]

    def show(what, tokens, timing):
        wall, cpu = timing
        print(f"{name:10s} {'compiled' if compiled else 'peer'} {threads} thread(s) {what:18s} {1e3 * wall:8.1f} ms (cpu {1e3 * cpu:.1f}) "
              f"{tokens / wall:9.0f} tokens/s (cpu {tokens / cpu:.0f})", flush=True)

    tokens = torch.randint(vocabulary, (32, 48))
    labels = tokens.clone()
    labels[:, :32] = -100
    show("sft 32x48", tokens.numel(), best_of(repeats, lambda: sft_step(model, optimizer, tokens, labels)))
    if sft_only:
        return
    lengths = torch.randint(10, 21, (192,))
    batch = torch.randint(vocabulary, (192, 37 + 20))
    mask = (torch.arange(20)[None] < lengths[:, None]).float()
    advantages = torch.randn(192)
    show("rl 24x8 (37+15)", int(192 * 37 + lengths.sum()),
         best_of(max(2, repeats // 2), lambda: rl_step(model, reference, optimizer, batch, 37, mask, advantages)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few repeats, and not the 13M model unless it is named")
    parser.add_argument("--shape", choices=list(SHAPES))
    parser.add_argument("--threads", type=int)
    parser.add_argument("--sft", action="store_true", help="only the SFT row")
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()
    for num_threads in [options.threads] if options.threads else (1, 2):
        for shape in [options.shape] if options.shape else (["quickstart"] if options.quick else list(SHAPES)):
            run(shape, num_threads, 2 if options.quick else 10 if shape == "quickstart" else 3, options.compile, options.sft)
