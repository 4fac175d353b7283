"""A job is stopped with its checkpoints (SIGTERM), something in its folder is damaged, and it goes on: it must find the damage, and end with
the weights of a run that nothing happened to, or refuse (78) naming the file. One stopped job serves all damages of a number."""

import os
import shutil
import signal

import job as jobs

NAME = "damaged"
COUNT = 1  # stopped jobs
NEEDS_JOB = True
EACH = 8  # damages of a stopped job
REFUSED = 78


def targets(folder):
    main = folder / "main"
    checkpoints = sorted((main / "checkpoints").glob("step_*"), key=lambda p: int(p.name[5:]))
    newest = checkpoints[-1]
    return [newest / name for name in ("learner.safetensors", "learner.json", "state.json", "manifest.json")] + [
        main / "journal/journal.bin", main / "metrics.jsonl", main / "audit.jsonl", folder / "sft/weights"]


def flip(path, rng):
    data = bytearray(path.read_bytes())
    bit = rng.randrange(len(data) * 8)
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)
    return f"bit {bit} flipped"


def cut(path, rng):
    size = path.stat().st_size
    keep = rng.randrange(size)
    os.truncate(path, keep)
    return f"cut to {keep} of {size} bytes"


def swap(path, rng):
    data = path.read_bytes()
    if len(data) < 64:
        return flip(path, rng)
    length = rng.randint(1, len(data) // 4)
    a = rng.randrange(len(data) - 2 * length)
    b = rng.randrange(a + length, len(data) - length)
    path.write_bytes(data[:a] + data[b:b + length] + data[a + length:b] + data[a:a + length] + data[b + length:])
    return f"{length} bytes at {a} and {b} swapped"


def remove(path, rng):
    path.unlink()
    return "removed"


def become_pipe(path, rng):
    path.unlink()
    os.mkfifo(path)
    return "replaced by a pipe"


def become_folder(path, rng):
    path.unlink()
    path.mkdir()
    return "replaced by a folder"


def become_loop(path, rng):
    path.unlink()
    path.symlink_to(path.name)
    return "replaced by a link to itself"


DAMAGES = [flip, flip, flip, cut, cut, swap, remove, become_pipe, become_folder, become_loop]
# A run without its journal, or without rows, goes on and says so; that is no damage to be found.
MAY_BE_MISSING = {"journal.bin", "metrics.jsonl", "audit.jsonl"}


def stop(job, rng):
    """Why the job cannot be damaged; "" when it has stopped with a checkpoint."""
    job.start()
    step = rng.randint(8, jobs.STEPS - 12)
    if not job.wait_for_step(step, 120) or not job.running():
        return f"the job to be damaged did not come to step {step}: {job.output()[-500:]}"
    os.kill(job.process.pid, signal.SIGTERM)
    code = job.wait(120)
    return "" if code == 85 else f"the job to be damaged ended with {code}, not with 85: {job.output()[-500:]}"


def damage_one(baseline, original, rng):
    job = jobs.Job(baseline.temper, ["checkpoint.every=3"])
    with job:
        shutil.copytree(original.folder, job.folder, symlinks=True)
        path = rng.choice(targets(job.folder))
        if path.is_dir():
            path = next(path.glob("step_*/model.safetensors"))
        how = rng.choice(DAMAGES)(path, rng)
        name = str(path.relative_to(job.folder))
        job.start()
        code = job.wait(240)
        what = f"{name}: {how}"
        if code == REFUSED:
            # A file of a checkpoint or of weights may be named by its folder; "main" stands in every output.
            places = [path.name, path.parent.name if path.parent.name.startswith("step_") else path.name]
            named = any(place in job.output() for place in places)
            return what, jobs.Outcome(named, note="refused" + ("" if named else " without naming it: " + job.output()[-400:]))
        if code is None:
            return what, jobs.Outcome(False, note="the start hangs")
        outcome = check(job, baseline, code, MAY_BE_MISSING if path.name in MAY_BE_MISSING else set(), path)
        return what, outcome


def check(job, baseline, code, may_be_missing, path):
    """Rows and journal before the damage may be gone, with a warning; weights may not differ."""
    if may_be_missing:
        if code != 0:
            return jobs.Outcome(False, note=f"exit code {code}: {job.output()[-400:]}")
        equal = job.weights() == baseline.weights
        return jobs.Outcome(equal, note="" if equal else "other weights than undisturbed")
    return jobs.outcome_of(job, baseline.weights, code)


def run(baseline, rng, number):
    with baseline.begin(["checkpoint.every=3"]) as original:
        problem = stop(original, rng)
        if problem:
            yield "no damage", jobs.Outcome(False, note=problem)
            return
        for _ in range(EACH):
            yield damage_one(baseline, original, rng)
