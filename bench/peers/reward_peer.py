#!/usr/bin/env python3
"""What people do today in the place of the graders rule, classifier and tsetlin: answers of 100 words a second on one core, by processor time.
  reward_peer.py FOLDER       reads what reward_bench wrote there, which runs this between its rounds
classifier: scikit-learn's TfidfVectorizer (words 1-2 and char_wb 2-5 of answer and prompt, 60,000 features each) and LogisticRegression,
and the same with HashingVectorizer; all answers as one batch, which is its best. tsetlin: green-tsetlin over 2,000 binary terms of words 1-2,
or its clauses as NumPy products where the package is missing. rule: the policy spec's patterns, each sought with Python's re."""
import json
import os
import re
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")

FOLDER = sys.argv[1]


def rows(name):
    return [json.loads(line) for line in open(f"{FOLDER}/{name}.jsonl", encoding="utf-8")]


def say(name, count, run, rounds=3):
    best = 1e9
    for _ in range(rounds):
        start = time.process_time()
        run()
        best = min(best, time.process_time() - start)
    print(f"peer of {name}: {count / best:8.0f} answers/s by processor time", flush=True)


def rule(asked):
    patterns = []
    for each in json.load(open(f"{FOLDER}/patterns.json", encoding="utf-8")):
        try:
            patterns.append((each["in"], each["within"] or None, re.compile(each["pattern"], re.I | re.M | re.A)))
        except re.error:
            print("peer of rule: re does not read", each["pattern"], file=sys.stderr)
    asked = asked[:256]

    def run():
        for row in asked:
            for where, within, pattern in patterns:
                text = (row["answer"] if where == "response" else row["prompt"])[:within]
                for _ in pattern.finditer(text):
                    pass

    say(f"rule (re, {len(patterns)} patterns)", len(asked), run)


def classifier(training, asked):
    import scipy.sparse as sp
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    kinds = ({"ngram_range": (1, 2)}, {"ngram_range": (2, 5), "analyzer": "char_wb"})

    def measure(name, make):
        spaces = [(column, make(kind)) for column in ("answer", "prompt") for kind in kinds]
        matrix = sp.hstack([v.fit_transform([r[column] for r in training]) for column, v in spaces]).tocsr()
        model = LogisticRegression(C=4, class_weight="balanced", max_iter=1000).fit(matrix, [r["label"] for r in training])
        say(f"classifier ({name})", len(asked), lambda: model.predict_proba(
            sp.hstack([v.transform([r[column] for r in asked]) for column, v in spaces]).tocsr()))

    measure("TfidfVectorizer + LogisticRegression", lambda kind: TfidfVectorizer(max_features=60000, sublinear_tf=True, **kind))
    measure("HashingVectorizer + LogisticRegression", lambda kind: HashingVectorizer(n_features=2**18, **kind))


def tsetlin(training, asked):
    import numpy as np
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.feature_selection import SelectKBest, chi2

    count = CountVectorizer(ngram_range=(1, 2), binary=True, dtype=np.uint8)
    labels = np.array([r["label"] == "refuses" for r in training], dtype=np.uint32)
    choose = SelectKBest(chi2, k=2000)
    bits = choose.fit_transform(count.fit_transform([r["answer"] for r in training]), labels).toarray()
    texts = [r["answer"] for r in asked]
    try:
        import green_tsetlin as gt
    except ImportError:
        included = np.zeros((200, 4000), dtype=np.float32)
        rng = np.random.default_rng(1)
        for clause in included:
            clause[rng.choice(4000, 8, replace=False)] = 1
        needed, votes = included.sum(1), np.where(np.arange(200) % 2 == 0, 1, -1)

        def run():
            x = choose.transform(count.transform(texts)).toarray().astype(np.float32)
            return (np.hstack([x, 1 - x]) @ included.T >= needed) @ votes

        return say("tsetlin (CountVectorizer + clauses as a NumPy product)", len(asked), run)
    machine = gt.TsetlinMachine(n_literals=bits.shape[1], n_clauses=200, n_classes=2, s=5.0, threshold=20)
    trainer = gt.Trainer(machine, n_epochs=2, seed=1, n_jobs=1, progress_bar=False)
    trainer.set_train_data(bits, labels)
    trainer.set_eval_data(bits, labels)
    trainer.train()
    predictor = machine.get_predictor()
    say("tsetlin (CountVectorizer + green-tsetlin)", len(asked), lambda: [
        predictor.predict(x) for x in choose.transform(count.transform(texts)).toarray()])


def main():
    training, asked = rows("training"), rows("asked")
    for peer in (lambda: rule(asked), lambda: classifier(training, asked), lambda: tsetlin(training, asked)):
        try:
            peer()
        except Exception as error:
            print(f"a peer failed: {error!r}", file=sys.stderr)


if __name__ == "__main__":
    main()
