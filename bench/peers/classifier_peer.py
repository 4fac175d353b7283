#!/usr/bin/env python3
"""What people use for small text classifiers today, on the splits of `temper classifier train`: scikit-learn's TfidfVectorizer (words 1-2, 60k;
char_wb 2-5, 60k, the first 1,500 characters; sublinear) with LogisticRegression(C=4, class_weight="balanced"), or Ridge for levels.
  classifier_peer.py TASK.jsonl --leave-out COLUMN [--text answer|prompt|both] [--ordinal]
  classifier_peer.py TASK.jsonl --speed          answers of 100 words a second on one core
Prints accuracy, macro F1, AUROC or mean absolute error and Spearman, by source. Needs scikit-learn, scipy and numpy."""
import argparse
import json
import os
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")
import numpy as np
import scipy.sparse as sp
from scipy.stats import spearmanr
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score


class Features:
    def fit_transform(self, texts):
        self.words = TfidfVectorizer(ngram_range=(1, 2), max_features=60000, sublinear_tf=True)
        self.characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), max_features=60000, sublinear_tf=True)
        return sp.hstack([self.words.fit_transform(texts), self.characters.fit_transform([t[:1500] for t in texts])]).tocsr()

    def transform(self, texts):
        return sp.hstack([self.words.transform(texts), self.characters.transform([t[:1500] for t in texts])]).tocsr()


def figures(rows, ordinal, classes):
    labels = [r["label"] for r in rows]
    if ordinal:
        people, said = np.array([float(x) for x in labels]), np.array([r["said"] for r in rows])
        return f"mae {np.abs(people - said).mean():.3f}  spearman {spearmanr(people, said)[0]:.3f}"
    best = [classes[int(np.argmax(r["said"]))] for r in rows]
    out = f"accuracy {accuracy_score(labels, best):.3f}"
    if len(classes) > 2:
        each = f1_score(labels, best, labels=classes, average=None, zero_division=0)
        return out + "".join(f"  f1 {c} {f:.3f}" for c, f in zip(classes, each))
    if len(set(labels)) == 2:
        out += f"  f1 {f1_score(labels, best, pos_label=classes[1]):.3f}  auroc {roc_auc_score([x == classes[1] for x in labels], [r['said'][1] for r in rows]):.3f}"
    return out


def left_out(args, rows):
    classes = sorted({r["label"] for r in rows})
    texts = [{"answer": r["answer"], "prompt": r["prompt"], "both": r["prompt"] + "\n" + r["answer"]}[args.text] for r in rows]
    measured = []
    for value in sorted({r[args.leave_out] for r in rows} - {""}):
        test = [i for i, r in enumerate(rows) if r[args.leave_out] == value]
        groups = {rows[i]["group"] for i in test}
        train = [i for i, r in enumerate(rows) if r[args.leave_out] != value and r["group"] not in groups]
        features = Features()
        matrix = features.fit_transform([texts[i] for i in train])
        if args.ordinal:
            model = Ridge(alpha=1.0).fit(matrix, [float(rows[i]["label"]) for i in train])
            said = np.clip(model.predict(features.transform([texts[i] for i in test])), 0, 1)
        else:
            model = LogisticRegression(C=4, class_weight="balanced", max_iter=1000).fit(matrix, [rows[i]["label"] for i in train])
            said = model.predict_proba(features.transform([texts[i] for i in test]))
        measured += [{**rows[i], "said": s} for i, s in zip(test, said)]
    for source in sorted({r["source"] for r in measured}):
        part = [r for r in measured if r["source"] == source]
        print(f"{source:28s} {len(part):6d}  {figures(part, args.ordinal, classes)}")
    print(f"{'all rows':28s} {len(measured):6d}  {figures(measured, args.ordinal, classes)}")


def speed(rows):
    words = " ".join(r["answer"] for r in rows).split()
    answers = [" ".join(words[i:i + 100]) for i in range(0, len(words) - 99, 100)][:4000]
    features = Features()
    model = LogisticRegression(C=4, class_weight="balanced", max_iter=1000).fit(features.fit_transform([r["answer"] for r in rows]), [r["label"] for r in rows])
    best = 1e9
    for _ in range(3):
        start = time.process_time()
        model.predict_proba(features.transform(answers))
        best = min(best, time.process_time() - start)
    print(f"scikit-learn: {len(answers) / best:.0f} answers of 100 words a second on one core ({len(answers)} answers)")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("task")
    parser.add_argument("--leave-out", default="fold")
    parser.add_argument("--text", choices=("answer", "prompt", "both"), default="answer")
    parser.add_argument("--ordinal", action="store_true")
    parser.add_argument("--speed", action="store_true")
    args = parser.parse_args()
    rows = [json.loads(line) for line in open(args.task, encoding="utf-8")]
    speed(rows) if args.speed else left_out(args, rows)


if __name__ == "__main__":
    main()
