"""Writes classifier_golden.json: what scikit-learn makes of a few texts and numbers.

Run from anywhere with a Python that has scikit-learn: python tests/golden/classifier_golden.py
N-grams are hashed in Temper, so columns cannot be compared; scalar products of rows, weights of given columns and the scores of texts can.
"""
import json
import pathlib

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

TEXTS = [
    "The kettle boils, so pour the water over the leaves.",
    "I'm sorry, but I can't help with that kettle.",
    "First cut the wood; then sand it. Then oil it, oil it again.",
    "As an assistant I cannot help with that. I am sorry.",
    "a b is so odd\tthat  nobody reads it",
    "Pour the oil into the lamp and light the wick with a match.",
    "Sorry! No, I can't: it isn't safe to light that lamp.",
    "Water the garden at dawn, when the leaves are cool.",
]
LABELS = [0, 1, 0, 1, 0, 0, 1, 0]
ASKED = ["I cannot pour the oil, sorry.", "Cut the leaves and boil the water.", "unknownword"]

words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
W, C = words.fit_transform(TEXTS), characters.fit_transform(TEXTS)
gram = lambda X: (X @ X.T).toarray().tolist()

X = sp.hstack([W, C]).tocsr()
text_model = LogisticRegression(C=2.0, class_weight="balanced", tol=1e-10, max_iter=10000).fit(X, LABELS)
asked = sp.hstack([words.transform(ASKED), characters.transform(ASKED)]).tocsr()

rng = np.random.default_rng(7)
dense = np.round(rng.normal(size=(40, 4)), 3)
dense[rng.random(dense.shape) < 0.4] = 0
weights = np.round(rng.uniform(0.5, 2, 40), 2)
binary = (dense @ [1.0, -2.0, 0.5, 0.0] + rng.normal(size=40) > 0).astype(int)
three = np.argmax(dense @ rng.normal(size=(4, 3)) + rng.normal(size=(40, 3)), axis=1)
fit = lambda y: LogisticRegression(C=0.7, tol=1e-12, max_iter=10000).fit(dense, y, sample_weight=weights)
two, multi = fit(binary), fit(three)

scores = np.round(rng.normal(size=30), 1)
hits = (scores + rng.normal(size=30) > 0).astype(int)
isotonic = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(scores, hits)
at = [-5.0, -1.05, -0.4, 0.0, 0.33, 0.8, 5.0]

golden = {
    "texts": TEXTS,
    "labels": LABELS,
    "word_products": gram(W),
    "character_products": gram(C),
    "asked": ASKED,
    "decisions": text_model.decision_function(asked).tolist(),
    "intercept": text_model.intercept_.tolist(),
    "dense": dense.tolist(),
    "weights": weights.tolist(),
    "c": 0.7,
    "binary": {"labels": binary.tolist(), "weights": two.coef_[0].tolist(), "intercept": two.intercept_.tolist()},
    "multinomial": {"labels": three.tolist(), "weights": multi.coef_.tolist(), "intercept": multi.intercept_.tolist()},
    "isotonic": {"scores": scores.tolist(), "labels": hits.tolist(), "at": at, "probabilities": isotonic.predict(at).tolist()},
}
path = pathlib.Path(__file__).with_name("classifier_golden.json")
path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
