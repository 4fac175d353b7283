"""What monitoring costs: the same job with everything that watches it on, and with all that can be turned off turned off.

  monitor_cost.py TEMPER ROUNDS

On: TensorBoard, Prometheus on every process asked every 5 s, cluster.jsonl, spans, transcripts. Off: none of these; metrics.jsonl and
status.json are always written. Two jobs, one of each, run at the same time on the same core: the kernel exchanges them every few
milliseconds, so a machine that grows slower or faster favours neither, and neither takes the other's cache while it computes. A block is
two such pairs, the second started in the other order, as the first to start ends first; every core has blocks of its own. Three figures a
block: the processor time of an RL step, of all processes, which is what a step takes of a machine that is busy; the median wall clock of
an RL step, half of which is the other job's; the processor time of the job from start to end, its report included. Of each the median
over the blocks, with its interval.
"""
import concurrent.futures
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
import time
import urllib.request

# A step takes some 150 ms of a core, as the steps of small real jobs do; RL is most of the job.
SIZE = ["policy.hidden_size=128", "policy.intermediate_size=384", "policy.num_layers=2", "policy.num_heads=4", "rl.prompts_per_step=56",
        "rollout.group_size=8", "rollout.max_new_tokens=48", "sft.steps=20", "rl.steps=60", "stages=[sft, rl]", "checkpoint.every=1000"]
ON = ["monitor.tensorboard=true", "monitor.traces_every=10", "monitor.cluster_log_s=1"]
OFF = ["monitor.tensorboard=false", "monitor.prometheus_port=0", "monitor.traces_per_step=0", "monitor.cluster_log_s=0"]
RANKS = 4
SCRAPE_S = 5
FIRST_STEP, LAST_STEP = 5, 55  # between these the processor time of steps is taken
LOOK_S = 0.01
FIGURES = ["processor time of a step", "wall clock of a step", "processor time of the job"]


def scrape(port, done):
    """Asks every process as Prometheus does with cluster/metrics/prometheus.yml. It takes its time from both jobs."""
    while not done.wait(SCRAPE_S):
        for rank in range(RANKS):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port + rank}/metrics", timeout=1).read()
            except OSError:
                pass  # nobody listens yet, or no more


def processor_seconds(pid):
    """Of the process and all below it, those that run."""
    total = 0
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/schedstat") as stat:
                total += int(stat.read().split()[0]) / 1e9
            with open(f"/proc/{pid}/task/{thread}/children") as children:
                total += sum(processor_seconds(child) for child in children.read().split())
    except FileNotFoundError:
        pass  # a thread that has ended
    return total


class Job:
    def __init__(self, temper, folder, core, on, port):
        self.name = "on" if on else "off"
        self.folder = f"{folder}/{self.name}"
        self.rows = f"{self.folder}/main/metrics.jsonl"
        settings = [*SIZE, *ON, f"monitor.prometheus_port={port}"] if on else [*SIZE, *OFF]
        with open(f"{self.folder}.log", "w") as log:
            self.process = subprocess.Popen(["taskset", "-c", str(core), temper, "launch", "tests/cluster_of_processes/tiny.yaml",
                                             f"run.dir={folder}", f"run.name={self.name}", *settings], stdout=log, stderr=subprocess.STDOUT)
        self.marks = []  # (steps done, processor seconds so far)
        self.steps = 0
        self.read_to = 0

    def look(self):
        """Notes the processor time when the first and when the last step is done."""
        if len(self.marks) == 2 or not os.path.exists(self.rows):
            return
        with open(self.rows, "rb") as rows:
            rows.seek(self.read_to)
            new = rows.read()
        self.read_to += len(new)
        self.steps += new.count(b"\n")
        if self.steps >= (FIRST_STEP, LAST_STEP)[len(self.marks)]:
            self.marks.append((self.steps, processor_seconds(self.process.pid)))

    def figures(self):
        _, status, use = os.wait4(self.process.pid, 0)
        if status != 0 or len(self.marks) < 2:
            raise RuntimeError(f"monitor_cost: the job '{self.name}' failed:\n{open(f'{self.folder}.log').read()}")
        with open(self.rows) as rows:
            step_s = statistics.median(json.loads(row)["timing_s/step"] for row in list(rows)[FIRST_STEP:])
        shutil.rmtree(self.folder)
        (first, before), (last, after) = self.marks
        return (after - before) / (last - first), step_s, use.ru_utime + use.ru_stime


def pair(temper, folder, core, first):
    """One job of each kind, `first` (is it on?) started first; the figures of each, by on."""
    port, done = random.randrange(20000, 30000), threading.Event()
    jobs = {on: Job(temper, folder, core, on, port) for on in (first, not first)}
    threading.Thread(target=scrape, args=(port, done), daemon=True).start()
    while any(os.waitid(os.P_PID, job.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None for job in jobs.values()):
        for job in jobs.values():
            job.look()
        time.sleep(LOOK_S)
    done.set()
    return {on: job.figures() for on, job in jobs.items()}


def median_interval(values):
    """The median and the widest order statistics' interval, with the probability that it holds the true median (binomial)."""
    ordered, n = sorted(values), len(values)
    leave = 0
    while leave + 1 <= (n - 1) // 2 and 1 - 2 * sum(math.comb(n, k) for k in range(leave + 2)) / 2**n >= 0.95:
        leave += 1
    sure = 1 - 2 * sum(math.comb(n, k) for k in range(leave + 1)) / 2**n
    return statistics.median(ordered), ordered[leave], ordered[n - 1 - leave], sure


def block(temper, core):
    """What monitoring costs in per cent, by the names of FIGURES."""
    with tempfile.TemporaryDirectory() as folder:
        pairs = [pair(temper, folder, core, first) for first in (True, False)]
    costs = {}
    for i, name in enumerate(FIGURES):
        on, off = (statistics.mean(figures[state][i] for figures in pairs) for state in (True, False))
        costs[name] = 100 * (on / off - 1)
        print(f"core {core}: {name} on {on:.4g} s, off {off:.4g} s ({costs[name]:+.2f} %)", flush=True)
    return costs


def main():
    temper, rounds = sys.argv[1], int(sys.argv[2])
    cores = sorted(os.sched_getaffinity(0))
    with concurrent.futures.ThreadPoolExecutor(len(cores)) as pool:
        of_cores = pool.map(lambda core: [block(temper, core) for _ in range(rounds)], cores)
        blocks = [costs for of_core in of_cores for costs in of_core]
    for name in FIGURES:
        median, low, high, sure = median_interval([costs[name] for costs in blocks])
        print(f"monitoring costs {median:+.2f} % of the {name} (median of {len(blocks)} blocks; {low:+.2f} to {high:+.2f} % hold it with "
              f"{100 * sure:.0f} %); goal: below 1 %")


main()
