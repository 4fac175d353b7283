#!/usr/bin/env python3
"""Injects faults into real jobs and counts what came of them.

    tests/faults/faults.py --temper build/release/bin/temper [ROW ...] [--count N] [--seed S] [--only I]

Every fault of a row is drawn from (seed, row, its number), so that --seed S --only I does one of them again. Prints a line for each fault
and a table of the rows; exit code 1 when one was not survived.
"""

import argparse
import pathlib
import random
import sys
import traceback

import job as jobs
from rows import damaged, kill_learner, kill_worker, malformed, pause

ROWS = {row.NAME: row for row in (kill_worker, pause, kill_learner, damaged, malformed)}


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


def outcomes_of(row, baseline, rng, number):
    """Those of the row, and what goes wrong in the row itself as one more: the other rows and the table must not be lost for it."""
    try:
        yield from row.run(baseline, rng, number)
    except Exception as error:  # pylint: disable=broad-except
        traceback.print_exc()
        yield "the row itself failed", jobs.Outcome(False, note=f"{type(error).__name__}: {error}")


def run_row(row, arguments, baseline):
    outcomes = []
    numbers = [arguments.only] if arguments.only is not None else range(arguments.count or row.COUNT)
    for number in numbers:
        rng = random.Random(f"{arguments.seed}:{row.NAME}:{number}")
        for what, outcome in outcomes_of(row, baseline(), rng, number):
            outcomes.append(outcome)
            verdict = "survived" if outcome.survived else "NOT SURVIVED"
            took = "" if outcome.seconds is None else f", {outcome.seconds:.2f} s"
            print(f"{row.NAME} {number} (--seed {arguments.seed} --only {number}): {what}: {verdict}{took}"
                  f"{' - ' + outcome.note if outcome.note else ''}", flush=True)
    return outcomes


def table(results):
    lines = ["| fault | count | survived | lost | twice | p95 s |", "| --- | --- | --- | --- | --- | --- |"]
    for name, outcomes in results.items():
        p95 = percentile([o.seconds for o in outcomes if o.seconds is not None], 0.95)
        lines.append(f"| {name} | {len(outcomes)} | {sum(o.survived for o in outcomes)} | {sum(o.lost for o in outcomes)} | "
                     f"{sum(o.twice for o in outcomes)} | {'-' if p95 is None else format(p95, '.2f')} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}; all where none is named")
    parser.add_argument("--temper", default="build/release/bin/temper", help="the program")
    parser.add_argument("--count", type=int, help="jobs (of malformed: inputs) a row; each row has a small default")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="this number alone")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.rows if name not in ROWS]
    if unknown:
        parser.error(f"there is no row {unknown[0]}; the rows are {', '.join(ROWS)}")
    temper = pathlib.Path(arguments.temper).resolve()
    if not temper.exists():
        parser.error(f"{temper} is not there: build it first")
    made = []

    def baseline():
        if not made:
            print("an undisturbed run comes first", flush=True)
            made.append(jobs.Baseline(temper))
        return made[0]

    malformed.TEMPER = str(temper)
    results = {}
    try:
        for name in arguments.rows or ROWS:
            row = ROWS[name]
            results[name] = run_row(row, arguments, baseline if row.NEEDS_JOB else (lambda: None))
    finally:
        for each in made:
            each.close()
    print(f"\nseed {arguments.seed}\n{table(results)}")
    return 0 if all(o.survived for outcomes in results.values() for o in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
