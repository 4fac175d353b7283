"""One job of the temper program in a folder of its own, with what is needed to disturb it and to see what came of it."""

import contextlib
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
CONFIG = SOURCE / "tests/cluster_of_processes/tiny.yaml"
STEPS = 40
NAME = "faults"
# The run that is disturbed: more and longer RL steps than tiny.yaml has, so that there is a middle.
OVERRIDES = [f"rl.steps={STEPS}", "rl.prompts_per_step=12", "rollout.group_size=8"]


@dataclasses.dataclass
class Process:
    pid: int
    parent: int
    words: list
    rank: int  # in its MPI job; -1 = none

    @property
    def role(self):
        """worker/rollout, worker/reward, rank, mpirun, launch; spawner: see Job.processes."""
        if len(self.words) > 3 and self.words[1:3] == ["worker", "--role"]:
            return "worker/" + self.words[3]
        if os.path.basename(self.words[0]) in ("mpirun", "orterun", "prterun"):
            return "mpirun"
        return "launch" if "launch" in self.words[1:2] else "rank"


def read_process(pid):
    try:
        base = pathlib.Path("/proc") / str(pid)
        words = (base / "cmdline").read_bytes().decode("utf-8", "replace").rstrip("\0").split("\0")
        stat = (base / "stat").read_text()
        state, parent = stat[stat.rindex(")") + 2:].split()[:2]
        if state == "Z" or not words[0]:
            return None
        if len(words) == 1:
            words = words[0].split(" ")  # a worker's title
        environ = (base / "environ").read_bytes().split(b"\0")
        rank = next((int(v.split(b"=")[1]) for v in environ if v.startswith(b"OMPI_COMM_WORLD_RANK=")), -1)
        return Process(pid, int(parent), words, rank)
    except (OSError, ValueError, IndexError):
        return None


class Job:
    """start() begins it under temper launch, which starts it again when it fails. Removed with its processes by close()."""

    def __init__(self, temper, overrides=(), config=CONFIG):
        self.temper = str(temper)
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="temper_faults_"))
        self.folder = self.dir / NAME
        self.config = config
        self.overrides = [f"run.dir={self.dir}", f"run.name={NAME}", *OVERRIDES, *overrides]
        self.process = None
        self.output_file = self.dir / "output.txt"

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def start(self, *more):
        command = [self.temper, "launch", str(self.config), *self.overrides, *more]
        with open(self.output_file, "ab") as output:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)

    def running(self):
        return self.process.poll() is None

    def wait(self, deadline_s):
        """The exit code; None when the deadline passed first, and the job was killed."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(deadline_s)
        self.kill()
        return None

    def started_again(self):
        """Whether temper launch started the job again; spawners use some of these words, too."""
        return "starting it again from the last checkpoint" in self.output()

    def output(self):
        return self.output_file.read_text(errors="replace")

    def processes(self):
        """Of this job, with their role: launch, mpirun, orchestrator, learner, host (of a worker), spawner, worker/rollout, worker/reward."""
        found = {}
        for entry in os.listdir("/proc"):
            if not entry.isdigit() or int(entry) == os.getpid():
                continue
            process = read_process(int(entry))
            if process and any(str(self.dir) in word for word in process.words):
                found[process.pid] = process
        roles = {}
        for process in found.values():
            role = process.role
            parent = found.get(process.parent)
            if role == "rank" and parent and parent.role == "rank":
                role = "spawner"
            elif role == "rank":
                role = {0: "orchestrator", 1: "learner"}.get(process.rank, "host")
            roles.setdefault(role, []).append(process)
        return roles

    def pids(self, role):
        return sorted(p.pid for p in self.processes().get(role, []))

    def kill(self):
        for _ in range(50):
            left = [p.pid for each in self.processes().values() for p in each]
            if not left:
                break
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)
        if self.process:
            self.process.wait()

    def close(self):
        self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)

    def steps(self):
        """RL steps that have a row."""
        with contextlib.suppress(OSError):
            return (self.folder / "main/metrics.jsonl").read_bytes().count(b"\n")
        return 0

    def wait_for_step(self, step, deadline_s):
        end = time.monotonic() + deadline_s
        while time.monotonic() < end and self.running():
            if self.steps() >= step:
                return True
            time.sleep(0.005)
        return self.steps() >= step

    def weights(self):
        """SHA-256 of the trained policy; "" when there is none."""
        files = sorted((self.folder / "main/weights").glob("step_*/model.safetensors"))
        return hashlib.sha256(files[-1].read_bytes()).hexdigest() if files else ""

    def journal(self):
        """What temper journal counts; violations are groups lost, trained twice or without a grade."""
        done = subprocess.run([self.temper, "journal", str(self.folder / "main")], capture_output=True, text=True, check=False)
        return {name: int(value) for name, value in re.findall(r"(\w+): *(-?\d+)", done.stdout)}

    def log(self, role):
        return "".join(p.read_text(errors="replace") for p in sorted((self.folder / "logs").glob(f"attempt_*/{role}/*.log")))


@dataclasses.dataclass
class Outcome:
    """What one fault came to."""
    survived: bool
    lost: int = 0
    twice: int = 0
    seconds: float = None  # until it was made good; None = not measured
    note: str = ""


def outcome_of(job, expected, code, seconds=None):
    """A job that was disturbed must end well, with the weights of one that was not, and each group trained once."""
    if code != 0:
        return Outcome(False, note=f"exit code {code}: " + job.output().strip()[-400:], seconds=seconds)
    counts = job.journal()
    rows = [json.loads(line)["step"] for line in (job.folder / "main/metrics.jsonl").read_text().splitlines()]
    lost = STEPS - counts.get("steps", 0) + abs(counts.get("generated", 0) - counts.get("graded", 0))
    twice = counts.get("violations", 1)
    problems = []
    if rows != list(range(1, STEPS + 1)):
        problems.append("rows of metrics are missing or repeated")
    if job.weights() != expected:
        problems.append("other weights than undisturbed")
    if lost or twice:
        problems.append(f"journal: {counts}")
    return Outcome(not problems, lost, twice, seconds, "; ".join(problems))


class Baseline:
    """A run that nothing happened to: its weights, and its folder up to the end of SFT for others to begin from."""

    def __init__(self, temper):
        self.temper = temper
        self.job = Job(temper)
        self.job.start()
        code = self.job.wait(600)
        if code != 0:
            output = self.job.output()
            self.job.close()
            raise SystemExit(f"the undisturbed job ended with {code}:\n{output}")
        self.weights = self.job.weights()

    def close(self):
        self.job.close()

    def begin(self, overrides=()):
        """A job of the same experiment that has its SFT behind it."""
        job = Job(self.temper, overrides)
        shutil.copytree(self.job.folder, job.folder, symlinks=True,
                        ignore=lambda folder, names: [n for n in names if folder == str(self.job.folder) and n in LEFT_OUT])
        return job


# Of a finished run's folder: what comes after SFT, and what is made for each start.
LEFT_OUT = {"main", "logs", "tb", "traces", "cluster.jsonl", "status.json", "report.html", "report.json", "eval_cells.csv"}
