"""Reads the folders that Temper's runs leave, for notebooks.

    import temper_runs
    run = temper_runs.open_run("runs/quickstart")
    run.metrics()                       # a list of dicts, one for each step of each stage and arm
    run.frame(run.metrics(stage="rl"))  # the same as a pandas DataFrame
    run.frame(run.evals(at="end"))      # a row for each evaluated answer
    run.frame(run.audit())              # a row for each completion that was trained on

Needs the standard library alone; `frame` needs pandas. A folder may be read while its job runs: a last line that is not whole yet is
left out. A file that is damaged raises `RunError`, which names file and line.
"""

from .run import Run, RunError, frame, open_run

__all__ = ["Run", "RunError", "frame", "open_run"]
