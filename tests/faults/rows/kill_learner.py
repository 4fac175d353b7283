"""kill -9 of the learner or of the orchestrator at a random moment of a job's RL: temper launch starts the job again from its newest
checkpoint. The seconds are those from the kill to the first new row of metrics."""

import os
import signal
import time

import job as jobs

NAME = "kill_learner"
COUNT = 4
NEEDS_JOB = True


def run(baseline, rng, number):
    role = ["learner", "orchestrator"][number % 2]
    with baseline.begin() as job:
        job.start()
        step = rng.randint(1, jobs.STEPS // 2)  # a step is short: the job must still be at work when the signal comes
        reached = job.wait_for_step(step, 120)
        time.sleep(rng.uniform(0, 0.4))
        pids = job.pids(role)
        what = f"{role} after step {step}"
        if not reached or not pids:
            yield what, jobs.Outcome(False, note="the job did not come so far: " + job.output()[-300:])
            return
        os.kill(pids[0], signal.SIGKILL)
        begin = time.monotonic()
        # The new start drops the rows behind its checkpoint: the first that it writes makes them more again.
        fewest, seconds = job.steps(), None
        while time.monotonic() - begin < 120 and job.running():
            now = job.steps()
            restarted = job.started_again()
            if restarted and now > fewest:
                seconds = time.monotonic() - begin
                break
            fewest = min(fewest, now) if restarted else now
            time.sleep(0.01)
        code = job.wait(240)
        outcome = jobs.outcome_of(job, baseline.weights, code, seconds)
        if outcome.survived and not job.started_again():
            outcome = jobs.Outcome(False, note="the kill did not hit")
        yield what, outcome
