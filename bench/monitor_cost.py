"""What monitoring costs: the same job with everything that watches it on, and with all that can be turned off turned off.

  monitor_cost.py TEMPER BLOCKS

A block is four jobs, on off off on, so that a machine that grows slower or faster favours neither. On: TensorBoard, Prometheus on every
process asked once a second, cluster.jsonl, spans, transcripts. Off: none of these; metrics.jsonl and status.json are always written.
Two figures a block: processor time of all processes of the job, start to end, which other programs on the machine hardly change; and
the median wall clock of an RL step. Of both the median over the blocks, with its interval.
"""
import json
import math
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import urllib.request

# A step takes some 200 ms on two cores, as the steps of small real jobs do; RL is most of the job.
SIZE = ["policy.hidden_size=128", "policy.intermediate_size=384", "policy.num_layers=2", "policy.num_heads=4", "rl.prompts_per_step=16",
        "rollout.group_size=8", "rollout.max_new_tokens=48", "sft.steps=20", "rl.steps=50", "stages=[sft, rl]", "checkpoint.every=1000"]
ON = ["monitor.tensorboard=true", "monitor.traces_every=10", "monitor.cluster_log_s=1"]
OFF = ["monitor.tensorboard=false", "monitor.prometheus_port=0", "monitor.traces_per_step=0", "monitor.cluster_log_s=0"]
RANKS = 4


def scrape(port, done):
    """Asks every process once a second, as Prometheus would."""
    while not done.wait(1):
        for rank in range(RANKS):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port + rank}/metrics", timeout=1).read()
            except OSError:
                pass  # nobody listens yet, or no more


def children_cpu_s():
    use = resource.getrusage(resource.RUSAGE_CHILDREN)
    return use.ru_utime + use.ru_stime


def one(temper, folder, on):
    """Runs the job; returns its processor seconds and the median seconds of an RL step after the fifth."""
    port = random.randrange(20000, 30000)
    settings = [*SIZE, *ON, f"monitor.prometheus_port={port}"] if on else [*SIZE, *OFF]
    done = threading.Event()
    scraper = threading.Thread(target=scrape, args=(port, done), daemon=True)
    if on:
        scraper.start()
    before = children_cpu_s()
    job = subprocess.run([temper, "launch", "tests/cluster_of_processes/tiny.yaml", f"run.dir={folder}", "run.name=job", *settings],
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    cpu_s = children_cpu_s() - before
    done.set()
    if job.returncode != 0:
        sys.exit(f"monitor_cost: the job ended with {job.returncode}:\n{job.stdout}")
    with open(f"{folder}/job/main/metrics.jsonl") as rows:
        step_s = statistics.median(json.loads(row)["timing_s/step"] for row in list(rows)[5:])
    shutil.rmtree(f"{folder}/job")
    return cpu_s, step_s


def median_interval(values):
    """The median and the widest order statistics' interval, with the probability that it holds the true median (binomial)."""
    ordered, n = sorted(values), len(values)
    leave = 0
    while leave + 1 <= (n - 1) // 2 and 1 - 2 * sum(math.comb(n, k) for k in range(leave + 2)) / 2**n >= 0.95:
        leave += 1
    sure = 1 - 2 * sum(math.comb(n, k) for k in range(leave + 1)) / 2**n
    return statistics.median(ordered), ordered[leave], ordered[n - 1 - leave], sure


def main():
    temper, blocks = sys.argv[1], int(sys.argv[2])
    ratios = {"processor time": [], "step": []}
    with tempfile.TemporaryDirectory() as folder:
        for block in range(1, blocks + 1):
            sides = {True: [], False: []}
            for on in (True, False, False, True):
                sides[on].append(one(temper, folder, on))
            mean = {on: [statistics.mean(figures) for figures in zip(*sides[on])] for on in sides}
            for i, name in enumerate(ratios):
                ratios[name].append(mean[True][i] / mean[False][i])
            print(f"block {block}: processor time on {mean[True][0]:.2f} s, off {mean[False][0]:.2f} s ({100 * ratios['processor time'][-1] - 100:+.2f} %); "
                  f"step on {1000 * mean[True][1]:.1f} ms, off {1000 * mean[False][1]:.1f} ms ({100 * ratios['step'][-1] - 100:+.2f} %)", flush=True)
    for name, values in ratios.items():
        median, low, high, sure = median_interval(values)
        print(f"monitoring costs {100 * median - 100:+.2f} % of the {name} (median of {blocks} blocks; {100 * low - 100:+.2f} to "
              f"{100 * high - 100:+.2f} % hold it with {100 * sure:.0f} %); goal: below 1 %")


main()
