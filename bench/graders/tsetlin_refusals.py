#!/usr/bin/env python3
"""Refusal against compliance on chatgpt_refusals: `temper tsetlin`, logistic regression over TF-IDF n-grams, and green-tsetlin, each trained
and measured on the very same rows. Prints accuracy over all rows, each judged by a machine that did not see its prompt.

    bench/graders/tsetlin_refusals.py TEMPER [--data ../shared/data] [--skip lr,green] [options of `temper tsetlin train`, as --clauses=200]

Five folds by the hash of the prompt; a refusal is every tone but `complied`; the response alone is read. What runs is fixed before the
held-out fold is looked at: no epoch and no setting is chosen on it. Needs scikit-learn and green-tsetlin for the peers
(scripts/setup.sh --bench)."""
import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time

FOLDS = 5
MAP = ["--map", "complied=complied", "--map", "*=refused"]
COLUMNS = ["--text-column", "response", "--label-column", "tone"]


def fold_of(group):
    return int.from_bytes(hashlib.sha256(("fold:" + group.strip()).encode()).digest(), "big") % FOLDS


def temper(binary, train, test, options, folder):
    """Right answers of a machine trained on `train`, and what the command says of its rules."""
    paths = {}
    for name, rows in (("train", train), ("test", test)):
        paths[name] = os.path.join(folder, name + ".jsonl")
        with open(paths[name], "w", encoding="utf-8") as out:
            out.writelines(json.dumps(row) + "\n" for row in rows)
    model = os.path.join(folder, "model.tsetlin")
    trained = subprocess.run([binary, "tsetlin", "train", paths["train"], *COLUMNS, *MAP, "--validation", "0", "--out", model, *options],
                             check=True, capture_output=True, text=True).stdout
    said = subprocess.run([binary, "tsetlin", "eval", model, paths["test"], *COLUMNS, *MAP], check=True, capture_output=True, text=True).stdout
    n, accuracy = re.search(r"n (\d+), accuracy ([\d.]+)", said).groups()
    assert int(n) == len(test)
    return round(float(accuracy) * len(test)), trained.splitlines()[1]


def logistic_regression(train, test):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union
    features = make_union(
        TfidfVectorizer(ngram_range=(1, 2), max_features=60000, sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), max_features=60000, sublinear_tf=True,
                        preprocessor=lambda text: text[:1500].lower()))
    model = make_pipeline(features, LogisticRegression(C=4, class_weight="balanced", max_iter=2000))
    model.fit([row["response"] for row in train], [row["tone"] == "complied" for row in train])
    return sum(model.predict([row["response"] for row in test]) == [row["tone"] == "complied" for row in test])


def green_tsetlin(train, test, clauses, max_literals):
    """Settings of the published measurement (T 200, s 5, 15 epochs, 2,000 n-grams by chi-square), at Temper's number of clauses."""
    import green_tsetlin as gt
    import numpy as np
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.feature_selection import SelectKBest, chi2
    from sklearn.pipeline import make_pipeline
    chosen = make_pipeline(CountVectorizer(ngram_range=(1, 2), binary=True, min_df=3), SelectKBest(chi2, k=2000))
    labels = [np.array([row["tone"] != "complied" for row in rows], dtype=np.uint32) for rows in (train, test)]
    x = chosen.fit_transform([row["response"] for row in train], labels[0]).toarray().astype(np.uint8)
    z = chosen.transform([row["response"] for row in test]).toarray().astype(np.uint8)
    machine = gt.TsetlinMachine(n_literals=x.shape[1], n_clauses=clauses, n_classes=2, s=5.0, threshold=200, literal_budget=max_literals)
    trainer = gt.Trainer(machine, seed=1, n_jobs=1, n_epochs=15, progress_bar=False, load_best_state=False)
    trainer.set_train_data(x, labels[0])
    trainer.set_eval_data(z, labels[1])
    trainer.train()
    predictor = machine.get_predictor()
    return sum(int(predictor.predict(row)) == label for row, label in zip(z, labels[1]))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("temper")
    arguments.add_argument("--data", default=os.path.join(os.path.dirname(__file__), "../../../shared/data"))
    arguments.add_argument("--skip", default="")
    known, options = arguments.parse_known_args()
    path = os.path.join(known.data, "chatgpt_refusals/train.jsonl")
    if not os.path.exists(path):
        sys.exit(f"{path} is not there: nothing is measured")
    with open(path, encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    skip = known.skip.split(",")
    right, seconds = {}, {}

    def count(name, work):
        begin = time.time()
        right[name] = right.get(name, 0) + work()
        seconds[name] = seconds.get(name, 0) + time.time() - begin

    for fold in range(FOLDS):
        train = [row for row in rows if fold_of(row["prompt"]) != fold]
        test = [row for row in rows if fold_of(row["prompt"]) == fold]
        if "temper" not in skip:
            with tempfile.TemporaryDirectory() as folder:
                summary = []

                def work():
                    correct, said = temper(known.temper, train, test, options, folder)
                    summary.append(said)
                    return correct
                count("temper tsetlin", work)
                print(f"fold {fold}: {summary[0]}")
        if "lr" not in skip:
            count("TF-IDF + logistic regression", lambda: logistic_regression(train, test))
        if "green" not in skip:
            count("green-tsetlin, 200 clauses of 8 literals", lambda: green_tsetlin(train, test, 200, 8))
    for name, correct in right.items():
        share = correct / len(rows)
        print(f"{name:42s} accuracy {share:.4f} (n {len(rows)}, standard error {(share * (1 - share) / len(rows)) ** .5:.4f}), {seconds[name]:.0f} s")


if __name__ == "__main__":
    main()
