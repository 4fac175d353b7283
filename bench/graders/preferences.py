#!/usr/bin/env python3
"""Does the answer that people prefer get the higher score?
  python3 bench/graders/preferences.py ROWS SCORES
ROWS: JSONL of bench/graders/shipped_tasks.py, measure/tulu_pairs or measure/oasst_pairs; SCORES: what `temper classifier eval --out` (or train --held-out) says of
each row, in the same order. Prints the share of pairs in order; the same where the longer and the shorter one are preferred equally often (the mean of both
shares), beside that of who always says the longer; and the AUROC of the labels."""
import json
import random
import sys


def pairs_of(rows):
    """(index of the preferred, index of the other, group)."""
    by = {}
    for i, r in enumerate(rows):
        if r.get("better") or r.get("rank"):
            by.setdefault(r.get("pair") or r["siblings"], []).append(i)
    out = []
    for of in by.values():
        for i in of:
            for j in of:
                a, b = rows[i], rows[j]
                better = a.get("better") == "yes" and b.get("better") == "no" if "better" in a else int(a["rank"]) < int(b["rank"])
                if i != j and better:
                    out.append((i, j, a["group"]))
    return out


def shares(pairs, rows, score):
    right = lambda of: sum((score[i] > score[j]) + 0.5 * (score[i] == score[j]) for i, j, _ in of) / max(1, len(of))
    words = [len(r["answer"].split()) for r in rows]
    longer = [p for p in pairs if words[p[0]] > words[p[1]]]
    shorter = [p for p in pairs if words[p[0]] < words[p[1]]]
    return right(pairs), (right(longer) + right(shorter)) / 2, len(longer) / max(1, len(longer) + len(shorter))


def main():
    rows = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
    score = [json.loads(line)["probabilities"]["yes"] for line in open(sys.argv[2], encoding="utf-8")]
    assert len(rows) == len(score), f"{len(rows)} rows, {len(score)} scores"
    pairs = pairs_of(rows)
    groups = {}
    for p in pairs:
        groups.setdefault(p[2], []).append(p)
    draw = random.Random(1)
    drawn = sorted((shares([p for g in draw.choices(sorted(groups), k=len(groups)) for p in groups[g]], rows, score)[:2] for _ in range(400)))
    equal = sorted(e for _, e in drawn)
    all_pairs, equalised, longer = shares(pairs, rows, score)
    print(f"{len(pairs)} pairs: {all_pairs:.3f} [{drawn[10][0]:.3f}, {drawn[389][0]:.3f}] in order; length equalised {equalised:.3f} [{equal[10]:.3f}, {equal[389]:.3f}] (.5 = chance); "
          f"the longer one is preferred in {longer:.3f}")


if __name__ == "__main__":
    main()
