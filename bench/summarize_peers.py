"""The table of bars from what bench/peers.sh collected: medians of the rounds with [least..greatest], the ratio, and whether the bar is met.

    python3 bench/summarize_peers.py FOLDER

A ratio above 1 is in Temper's favour. The fraction of the physical limit is flops done over flops the cores can do, with
LIMIT_GFLOPS_FP32 and LIMIT_GFLOPS_BF16 from the environment (defaults: two Zen 4 cores).
"""
import os
import re
import statistics
import sys

FOLDER = sys.argv[1]
LIMITS = {"fp32": float(os.environ.get("LIMIT_GFLOPS_FP32", 234)), "bf16": float(os.environ.get("LIMIT_GFLOPS_BF16", 456))}
PARAMETERS = {"1M": 1.05e6, "13M": 13.3e6}


def collect(name: str, pattern: str) -> list:
    """The figures a pattern's one group finds in the lines of a file; none when there is no such file."""
    try:
        with open(f"{FOLDER}/{name}", encoding="utf-8") as lines:
            return [float(found.group(1)) for line in lines if (found := re.search(pattern, line))]
    except FileNotFoundError:
        return []


def shown(figures: list) -> str:
    if not figures:
        return "-"
    digits = 0 if max(figures) >= 1000 else 1 if max(figures) >= 20 else 2 if max(figures) >= 1 else 4
    return f"{statistics.median(figures):,.{digits}f} [{min(figures):,.{digits}f}..{max(figures):,.{digits}f}]"


def row(what: str, ours: list, peers: list, bar: float, smaller_is_better: bool = False, at_most: bool = False, limit: str = "") -> None:
    """`bar` is for the ratio: peer over ours where smaller is better, else ours over peer; with `at_most` ours over peer must not exceed it."""
    verdict, ratio = "no figure", ""
    if ours and peers:
        a, b = statistics.median(ours), statistics.median(peers)
        value = a / b if at_most or not smaller_is_better else b / a
        ratio = f"{value:.2f}"
        met = value <= bar if at_most else value >= bar
        verdict = "met" if met else f"missed by {abs(value / bar - 1):.0%}"
    elif ours:
        verdict = "no peer"
    print(f"{what:60s} | {shown(ours):28s} | {shown(peers):28s} | {ratio:>6s} | {'<=' if at_most else '>='} {bar:<4g} | {verdict}{limit}")


def of_limit(tokens_per_s: list, shape: str, dtype: str, flops_per_parameter: int) -> str:
    if not tokens_per_s:
        return ""
    share = statistics.median(tokens_per_s) * flops_per_parameter * PARAMETERS[shape] / (LIMITS[dtype] * 1e9)
    return f"; {share:.0%} of the arithmetic limit"


def decoding() -> None:
    for sequences, bars in ((32, {"1M": 2, "13M": 1.3}), (1, {"1M": 1, "13M": 1})):
        for shape, bar in bars.items():
            ours = collect("decode_ours", rf"decode {shape}\s+slots\s+{sequences} .* bf16 .*decoding\s+(\d+)/s")
            peers = collect("decode_llama", rf"^{shape} llama.cpp .*sequences\s+{sequences} .*decoding\s+(\d+)/s")
            row(f"decode {shape}, {sequences} seq., tok/s: bf16 / llama.cpp BF16 (f16 KV)", ours, peers, bar,
                limit=of_limit(ours, shape, "bf16", 2))
    for shape in PARAMETERS:
        for dtype in LIMITS:
            ours = collect("generate_ours", rf"decode {shape}\s+slots\s+64 .* {dtype} .*?(\d+) tokens/s")
            peers = collect("generate_peer", rf"generate {shape}\s+sequences\s+64 .* {dtype} .*?(\d+) tokens/s")
            row(f"decode {shape}, 64 seq., 48+64, tok/s: {dtype} / transformers {dtype}", ours, peers, 5, limit=of_limit(ours, shape, dtype, 2))


def grpo() -> None:
    figures = {"samples/s": r"([\d.]+) samples/s", "first": r"first step after ([\d.]+) s", "memory": r"peak (\d+) MiB"}
    for shape, bar in (("1M", 4), ("13M", 3)):
        found = {(who, dtype, what): collect("grpo", rf"^grpo {shape} {who} {dtype} .*?{pattern}")
                 for who in ("temper", "trl") for dtype in LIMITS for what, pattern in figures.items()}
        for dtype in LIMITS:
            row(f"GRPO step {shape}, samples/s: {dtype} / TRL fp32", found["temper", dtype, "samples/s"], found["trl", "fp32", "samples/s"], bar)
        row(f"GRPO step {shape}, samples/s: bf16 / TRL bf16", found["temper", "bf16", "samples/s"], found["trl", "bf16", "samples/s"], bar)
        for dtype in LIMITS:
            row(f"process start to end of first step {shape}, s: {dtype} / TRL fp32", found["temper", dtype, "first"], found["trl", "fp32", "first"],
                5, smaller_is_better=True)
            row(f"peak memory of all processes {shape}, MiB: {dtype} / TRL fp32", found["temper", dtype, "memory"], found["trl", "fp32", "memory"],
                0.7, at_most=True)


def training() -> None:
    tokens = r".*\)\s+(\d+) tokens/s"
    ours = collect("train", r"^13M\s+fp32 2 threads? sft" + tokens)
    limit = of_limit(ours, "13M", "fp32", 6)
    row("training 13M, tok/s: fp32 / PyTorch eager fp32", ours, collect("train", r"^13M\s+peer 2 thread\S* sft" + tokens), 1.2, limit=limit)
    row("training 13M, tok/s: fp32 / torch.compile fp32", ours, collect("train", r"^13M\s+compiled 2 thread\S* sft" + tokens), 1, limit=limit)


def single_figures() -> None:
    for dtype in LIMITS:
        p99 = collect("sync", rf"13M {dtype} .*p99 ([\d.]+) ms")
        lost = collect("sync", rf"13M {dtype} .*tokens lost (\d+)")
        row(f"optimizer step to first token {dtype}, p99 ms / limit 50 ms", p99, [50] if p99 else [], 1, at_most=True,
            limit=f"; p50 {shown(collect('sync', rf'13M {dtype} .*p50 ([0-9.]+) ms'))} ms, {sum(lost):.0f} tokens lost")
    row("sampler 32 x 32,000, ms: fp32 / softmax + multinomial fp32", collect("sampler", r"ours ([\d.]+) ms"), collect("sampler", r"multinomial ([\d.]+) ms"), 20,
        smaller_is_better=True)
    peers = collect("allreduce", r"MPI_Allreduce\s+([\d.]+) ms")
    for name, what in (("temper-shared", "shared memory"), ("temper-mpi", "our MPI path")):
        row(f"allreduce 40 MB, 2 ranks, ms: {what} / MPI_Allreduce", collect("allreduce", rf"{name}\s+([\d.]+) ms"), peers, 2, smaller_is_better=True)


print(f"\n{'what: ours / peer':60s} | {'ours, median [least..most]':28s} | {'peer':28s} | {'ratio':>6s} | bar     | result")
decoding()
grpo()
training()
single_figures()
print("\nDecoding is counted after the prompts. Ours: two one-thread processes of 16 sequences each (one process for one sequence), prompts of\n"
      "their own, every token sampled with its log-probability; llama.cpp: two threads, fixed tokens, no sampling, which is in its favour.\n"
      "transformers, TRL, PyTorch: two threads; TRL without checkpointing of activations, beta 0, micro-batches of 16. First step: to its end.")
