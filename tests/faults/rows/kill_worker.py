"""kill -9 of rollout and reward workers at random moments of a job's RL, three of each in one job: a slot is given up after five deaths."""

import os
import re
import signal
import time
from datetime import datetime, timezone

import job as jobs

NAME = "kill_worker"
COUNT = 2  # jobs, of six kills each
NEEDS_JOB = True
KILLS = 3  # of each role
JOINED = re.compile(r"^(\S+)Z info .*worker joined: (\w+) on ", re.MULTILINE)


def joined(job, role, after):
    """Seconds from `after` (seconds since 1970) until a worker of the role was registered again; None while there is none."""
    for when, what in JOINED.findall(job.log("orchestrator")):
        at = datetime.fromisoformat(when).replace(tzinfo=timezone.utc).timestamp()
        if what == role and at > after:
            return at - after
    return None


BACK_WITHIN_S = 20


def kill_one(job, role):
    """Whether a worker was hit; seconds until another was there, None when none came; why that is a failure, "" when the job ended first."""
    pids = job.pids("worker/" + role)
    if not pids:
        return False, None, ""
    after = time.time()
    try:
        os.kill(pids[0], signal.SIGKILL)
    except ProcessLookupError:
        return False, None, ""
    end = time.monotonic() + BACK_WITHIN_S
    while job.running():
        seconds = joined(job, role, after)
        if seconds is not None:
            return True, seconds, ""
        if time.monotonic() > end:
            return True, None, f"no worker registered within {BACK_WITHIN_S} s"
        time.sleep(0.02)
    return True, joined(job, role, after), ""


def run(baseline, rng, number):
    kills = ["rollout", "reward"] * KILLS
    rng.shuffle(kills)
    results = []
    with baseline.begin() as job:
        job.start()
        for role in kills:
            step = min(jobs.STEPS - 3, job.steps() + rng.randint(1, 5))
            if not job.wait_for_step(step, 120):
                break
            time.sleep(rng.uniform(0, 0.3))  # anywhere in the step
            at = job.steps()
            hit, seconds, failure = kill_one(job, role)
            if hit:
                results.append((f"{role} worker after step {at}", seconds, failure))
        code = job.wait(240)
        whole = jobs.outcome_of(job, baseline.weights, code)
        if whole.survived and job.started_again():
            whole = jobs.Outcome(False, note="the whole job was started again for a worker")
    if not results:
        yield "no kill hit", jobs.Outcome(False, note="the job was over before; " + whole.note)
    for i, (what, seconds, failure) in enumerate(results):
        # The job's own verdict counts once for each fault of it; what the journal lost counts once.
        first = i == 0
        notes = [note for note in (failure, whole.note if first else "") if note]
        yield what, jobs.Outcome(whole.survived and not failure, whole.lost if first else 0, whole.twice if first else 0, seconds, "; ".join(notes))
