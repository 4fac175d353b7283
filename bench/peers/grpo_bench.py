"""GRPO end to end on two cores, by Temper or by TRL: the same folder with random weights, prompts, forced lengths, a trivial reward, no KL, on-policy.

    .venv-bench/bin/python bench/peers/grpo_bench.py temper|trl MODELS --shape 1M|13M [--dtype bf16] [--steps 8] [--temper PROGRAM]

MODELS is what make_models.py wrote. Prints one line: median seconds between the ends of optimizer steps (the first two left out), completions a
second, seconds from the start of the process to the end of the first optimizer step, and the peak memory of all processes of the job: the
sum of their proportional set sizes, sampled twice a second, with the weights Temper publishes in shared memory.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
# prompts a step, samples of each, prompt tokens, new tokens
WORK = {"1M": (8, 8, 48, 64), "13M": (4, 8, 32, 64)}
WARM_UP = 2
TIME_LIMIT_S = 300

SPEC = """\
id: letters
version: "1"
title: A trivial reward that differs from completion to completion
severity_scores: {none: 1, negligible: 0.9, low: 0.6, moderate: 0.2, high: 0}
categories:
  any:
    content_policy: Nothing is restricted.
    style: {direct: Say anything., safe_complete: Say anything., redirect: Say anything.}
common_clauses: []
propositions:
  some: {meaning: vowels, in: response, regexes: ['[aeiou]'], min_count: 4}
  many: {meaning: more vowels, in: response, regexes: ['[aeiou]'], min_count: 12}
  letters: {meaning: a letter, in: response, regexes: ['[b-d]'], min_count: 8}
  never: {meaning: nothing, in: response, phrases: ['never said']}
lexical:
  present: true
  default_category: any
  restricted: never
  declined: never
  gave_requested: some
  direct: {bias: 0.1, weights: {some: 0.3, many: 0.3, letters: 0.2}}
  indirect: {bias: 0, weights: {never: 1}}
  modes: [{mode: direct, when: some}]
"""

# On-policy, so that learner and rollout workers take turns with both cores: two threads of the learner, two rollout workers of one.
CONFIG = """\
run: {{name: bench, seed: 1, dir: {out}}}
stages: [rl]
cluster: {{learners: 1, rollout_workers: 2, reward_workers: 1, learner_threads: 2, weight_folder: {weights}}}
policy: {{path: {model}, dtype: {dtype}}}
learner: {{micro_batch_tokens: 560}}  # one group: each thread has work, and the memory of both passes is near that of 16 sequences of TRL
data: {{source: files, path: {prompts}, eval_fraction: 0, stratify_by_intent: false}}
rl:
  steps: {steps}
  prompts_per_step: {groups}
  resample_dead_groups: false
  advantage: {{dead_eps: 0}}
  kl: {{coef: 0}}
  optimizer: {{lr: 1e-6, warmup_steps: 0, schedule: constant}}
rollout: {{group_size: {samples}, slots: {slots}, dtype: {dtype}, max_new_tokens: {new}, min_new_tokens: {new}}}
reward: {{policy_spec: {spec}}}
checkpoint: {{every: 100000}}
monitor: {{progress: none, traces_per_step: 0}}
"""


class Memory(threading.Thread):
    """Peak bytes of the processes whose environment holds `mark`, and of the files in `folder` (shared memory counts for no process)."""

    def __init__(self, mark: str, folder: str):
        super().__init__(daemon=True)
        self.mark, self.folder = mark.encode(), folder
        self.peak = 0
        self.parts = []  # of the peak: bytes of each process, largest first, then of the files
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.5):
            files = sum(f.stat().st_size for f in pathlib.Path(self.folder).rglob("*") if f.is_file())
            processes = sorted(filter(None, (self.of(p) for p in pathlib.Path("/proc").iterdir() if p.name.isdigit())), reverse=True)
            if files + sum(processes) > self.peak:
                self.parts = [*processes, files]
                self.peak = sum(self.parts)

    def of(self, process: pathlib.Path) -> int:
        try:
            if self.mark not in (process / "environ").read_bytes():
                return 0
            for line in (process / "smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    return int(line.split()[1]) * 1024
        except OSError:  # it ended meanwhile
            pass
        return 0


def write_prompts(path: pathlib.Path, length: int) -> None:
    """Upper case and digits: a token a character in the models' tokenizer."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    with path.open("w", encoding="utf-8") as out:
        for i in range(64):
            text = "".join(letters[(i * 17 + j * (i + 5)) % 36] for j in range(length))
            out.write(json.dumps({"id": f"p{i}", "prompt": text, "category": "any", "intent": "benign"}) + "\n")


def temper_command(options, out: pathlib.Path, shared: str) -> list:
    groups, samples, _, new = WORK[options.shape]
    (out / "spec.yaml").write_text(SPEC, encoding="utf-8")
    (out / "config.yaml").write_text(CONFIG.format(
        out=out / "runs", weights=shared, model=(options.models / options.shape).resolve(), dtype=options.dtype, prompts=out / "prompts.jsonl",
        steps=options.steps, groups=groups, samples=samples, slots=max(samples, groups * samples // 2), new=new, spec=out / "spec.yaml"),
        encoding="utf-8")
    as_root = ["--allow-run-as-root"] if os.geteuid() == 0 else []
    return ["mpirun", *as_root, "--oversubscribe", "--bind-to", "none", "-np", "5", options.temper, "train", str(out / "config.yaml")]


def trl_command(options, out: pathlib.Path) -> list:
    groups, samples, _, new = WORK[options.shape]
    return [sys.executable, str(HERE / "trl_peer.py"), str(options.models / options.shape), str(out / "prompts.jsonl"), "--groups", str(groups),
            "--samples", str(samples), "--new", str(new), "--steps", str(options.steps), "--dtype", options.dtype]


def follow_metrics(path: pathlib.Path, process: subprocess.Popen, limit: float) -> list:
    """When each row of the metrics file appeared, until the process ends."""
    ends = []
    while process.poll() is None and time.time() < limit:
        rows = path.read_bytes().count(b"\n") if path.exists() else 0
        ends += [time.time()] * (rows - len(ends))
        time.sleep(0.005)
    return ends


def run(options, out: pathlib.Path, shared: str) -> str:
    write_prompts(out / "prompts.jsonl", WORK[options.shape][2])
    ours = options.who == "temper"
    command = temper_command(options, out, shared) if ours else trl_command(options, out)
    mark = f"bench-{os.getpid()}-{time.time_ns()}"
    environment = {**os.environ, "TEMPER_BENCH_JOB": mark, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1" if ours else "2"}
    memory = Memory("TEMPER_BENCH_JOB=" + mark, shared)
    with (out / "output").open("w+", encoding="utf-8") as output:
        begin = time.time()
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
        memory.start()
        try:
            ends = follow_metrics(out / "runs/bench/main/metrics.jsonl" if ours else out / "none", process, begin + TIME_LIMIT_S)
            code = process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            process.terminate()
            code = "none within the time limit"
            process.wait()
        memory.ended.set()
        memory.join()
        output.seek(0)
        text = output.read()
    if not ours:
        ends = [float(line.split()[2]) for line in text.splitlines() if line.startswith("step ")]
    if code != 0 or len(ends) != options.steps:
        sys.exit(f"grpo_bench: {' '.join(command)}: exit code {code}, {len(ends)} of {options.steps} steps\n{text[-3000:]}")
    steps = [b - a for a, b in zip(ends, ends[1:])][WARM_UP - 1:]
    step = statistics.median(steps)
    groups, samples, prompt, new = WORK[options.shape]
    return (f"grpo {options.shape} {options.who} {options.dtype} {groups}x{samples} {prompt}+{new} step {step * 1e3:.1f} ms [{min(steps) * 1e3:.1f}, "
            f"{max(steps) * 1e3:.1f}] {groups * samples / step:.2f} samples/s first step after {ends[0] - begin:.2f} s "
            f"peak {memory.peak / 2**20:.0f} MiB (processes, then published weights: {' + '.join(f'{p / 2**20:.0f}' for p in memory.parts)})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("who", choices=["temper", "trl"])
    parser.add_argument("models", type=pathlib.Path)
    parser.add_argument("--shape", choices=list(WORK), required=True)
    parser.add_argument("--dtype", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--temper", default="build/release/bin/temper")
    arguments = parser.parse_args()
    if arguments.steps <= WARM_UP:
        sys.exit(f"grpo_bench: --steps must be above {WARM_UP}")
    with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryDirectory(dir="/dev/shm", prefix="temper-bench-") as in_memory:
        print(run(arguments, pathlib.Path(scratch), in_memory), flush=True)
