"""What monitoring costs: the same job with everything that watches it on, and with all that can be turned off turned off.

  monitor_cost.py TEMPER BLOCKS

On: TensorBoard, Prometheus on every process asked every 5 s, cluster.jsonl, spans, transcripts. Off: none of these; metrics.jsonl and
status.json are always written. Two jobs, one of each, run at the same time on the same cores: the kernel exchanges them every few
milliseconds, so a machine that grows slower or faster favours neither. A block is two such pairs, the second started in the other
order, as the first to start ends first. Two figures a block: processor time of all processes of a job, start to end, and the median wall
clock of an RL step, half of which is the other job's. Of both the median over the blocks, with its interval.
"""
import json
import math
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import urllib.request

# A step takes some 200 ms of processor time, as the steps of small real jobs do; RL is nearly all of the job.
SIZE = ["policy.hidden_size=128", "policy.intermediate_size=384", "policy.num_layers=2", "policy.num_heads=4", "rl.prompts_per_step=56",
        "rollout.group_size=8", "rollout.max_new_tokens=48", "sft.steps=20", "rl.steps=60", "stages=[sft, rl]", "checkpoint.every=1000"]
ON = ["monitor.tensorboard=true", "monitor.traces_every=10", "monitor.cluster_log_s=1"]
OFF = ["monitor.tensorboard=false", "monitor.prometheus_port=0", "monitor.traces_per_step=0", "monitor.cluster_log_s=0"]
RANKS = 4
SCRAPE_S = 5


def scrape(port, done):
    """Asks every process as Prometheus does with cluster/monitor/prometheus.yml. It takes its time from both jobs."""
    while not done.wait(SCRAPE_S):
        for rank in range(RANKS):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port + rank}/metrics", timeout=1).read()
            except OSError:
                pass  # nobody listens yet, or no more


def start(temper, folder, on, port):
    settings = [*SIZE, *ON, f"monitor.prometheus_port={port}"] if on else [*SIZE, *OFF]
    name = "on" if on else "off"
    with open(f"{folder}/{name}.log", "w") as log:
        return subprocess.Popen([temper, "launch", "tests/cluster_of_processes/tiny.yaml", f"run.dir={folder}", f"run.name={name}",
                                 *settings], stdout=log, stderr=subprocess.STDOUT)


def pair(temper, folder, first):
    """One job of each kind, `first` (is it on?) started first; of each, by on, its processor seconds and the median seconds of an RL step
    after the fifth."""
    port, done = random.randrange(20000, 30000), threading.Event()
    jobs = {on: start(temper, folder, on, port) for on in (first, not first)}
    threading.Thread(target=scrape, args=(port, done), daemon=True).start()
    figures = {}
    for on, job in jobs.items():
        _, status, use = os.wait4(job.pid, 0)
        name = "on" if on else "off"
        if status != 0:
            sys.exit(f"monitor_cost: the job '{name}' failed:\n{open(f'{folder}/{name}.log').read()}")
        with open(f"{folder}/{name}/main/metrics.jsonl") as rows:
            step_s = statistics.median(json.loads(row)["timing_s/step"] for row in list(rows)[5:])
        figures[on] = (use.ru_utime + use.ru_stime, step_s)
        shutil.rmtree(f"{folder}/{name}")
    done.set()
    return figures


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
            pairs = [pair(temper, folder, first) for first in (True, False)]
            mean = {on: [statistics.mean(figures) for figures in zip(*(figures[on] for figures in pairs))] for on in (True, False)}
            costs = [100 * (on / off - 1) for on, off in zip(mean[True], mean[False])]
            for name, cost in zip(ratios, costs):
                ratios[name].append(cost)
            print(f"block {block}: processor time on {mean[True][0]:.2f} s, off {mean[False][0]:.2f} s ({costs[0]:+.2f} %); "
                  f"step on {1000 * mean[True][1]:.1f} ms, off {1000 * mean[False][1]:.1f} ms ({costs[1]:+.2f} %)", flush=True)
    for name, values in ratios.items():
        median, low, high, sure = median_interval(values)
        print(f"monitoring costs {median:+.2f} % of the {name} (median of {blocks} blocks; {low:+.2f} to {high:+.2f} % hold it with "
              f"{100 * sure:.0f} %); goal: below 1 %")


main()
