"""kill -STOP of one process of a job, and kill -CONT after a time: the orchestrator, a learner, a rank that hosts a worker, its spawner, a
worker, mpirun, temper launch. One fault a job."""

import os
import signal
import time

import job as jobs

NAME = "pause"
NEEDS_JOB = True
KINDS = ["orchestrator", "learner", "host", "spawner", "worker/rollout", "worker/reward", "mpirun", "launch"]
COUNT = len(KINDS)  # one of each
SHORTEST_S, LONGEST_S = 0.2, 15.0


def run(baseline, rng, number):
    kind = KINDS[number % len(KINDS)]
    pause_s = SHORTEST_S * (LONGEST_S / SHORTEST_S) ** rng.random()  # as many short ones as long ones
    with baseline.begin(["cluster.peer_timeout_s=5", "cluster.heartbeat_s=0.5"]) as job:
        job.start()
        step = rng.randint(2, jobs.STEPS - 10)
        reached = job.wait_for_step(step, 120)
        pids = job.pids(kind)
        what = f"{kind} for {pause_s:.1f} s after step {step}"
        if not reached or not pids:
            yield what, jobs.Outcome(False, note="the job did not come so far: " + job.output()[-300:])
            return
        os.kill(pids[0], signal.SIGSTOP)
        time.sleep(pause_s)
        try:
            os.kill(pids[0], signal.SIGCONT)
        except ProcessLookupError:
            pass  # a stopped worker was replaced meanwhile
        before, begin = job.steps(), time.monotonic()
        job.wait_for_step(min(jobs.STEPS, before + 1), 120)
        seconds = time.monotonic() - begin
        code = job.wait(240)
        yield what, jobs.outcome_of(job, baseline.weights, code, seconds)
