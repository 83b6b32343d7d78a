#!/usr/bin/env python3
"""Makes references.json and segmentation.json: what scikit-learn finds for the two linear models of the course, and its scores of
predicted masks.

    pip install scikit-learn==1.9.1
    python3 tests/golden/make_references.py

Features are standardised with the population's standard deviation, over all samples.
"""

import csv
import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, jaccard_score
from sklearn.preprocessing import StandardScaler

ROOT = Path(__file__).resolve().parents[2]
# The penalty of the logistic regression: the mean log-loss + λ/2·‖w‖², biases free.
LAMBDA = 0.01


def table(name):
    rows = list(csv.reader((ROOT / "assets" / "tabular" / f"{name}.csv").read_text().splitlines()))
    return rows[0], rows[1:]


_, rows = table("diabetes")
x = StandardScaler().fit_transform(np.array([row[:-1] for row in rows], float))
d = np.array([row[-1] for row in rows], float)
linear = LinearRegression().fit(x, d)

_, rows = table("breast_cancer")
x2 = StandardScaler().fit_transform(np.array([row[:-1] for row in rows], float))
names = sorted({row[-1] for row in rows})
d2 = np.array([names.index(row[-1]) for row in rows])
logistic = LogisticRegression(C=1 / (LAMBDA * len(d2)), tol=1e-12, max_iter=100_000).fit(x2, d2)

# Scores of four classes at each pixel of 20 images of 3x4 pixels, in quarters, some of them equal. Class 2 occurs nowhere; class 3
# only in the predictions.
random = np.random.default_rng(1)
scores = np.round(4 * random.normal(size=(20, 4, 12))) / 4
scores[:, 2] = -100
truth = random.choice([0, 1, 1], size=(20, 12))
answers = scores.argmax(1).ravel()
measured = [0, 1, 3]
of_classes = {"labels": measured, "average": None}
segmentation = {
    "scores": scores.reshape(20, -1).tolist(),
    "truth": truth.tolist(),
    "accuracy": accuracy_score(truth.ravel(), answers),
    "classes": measured,
    "iou": jaccard_score(truth.ravel(), answers, **of_classes).tolist(),
    "dice": f1_score(truth.ravel(), answers, **of_classes).tolist(),
    "mean iou": jaccard_score(truth.ravel(), answers, labels=measured, average="macro"),
    "mean dice": f1_score(truth.ravel(), answers, labels=measured, average="macro"),
}

result = {
    "scikit-learn": sklearn.__version__,
    "linear": {"weights": linear.coef_.tolist(), "bias": float(linear.intercept_), "r2": linear.score(x, d)},
    "logistic": {
        "lambda": LAMBDA,
        "classes": names,
        "weights": logistic.coef_[0].tolist(),
        "bias": float(logistic.intercept_[0]),
        "accuracy": logistic.score(x2, d2),
    },
}
FOLDER = Path(__file__).parent
(FOLDER / "references.json").write_text(json.dumps(result, indent=1) + "\n")
(FOLDER / "segmentation.json").write_text(json.dumps(segmentation, separators=(",", ":")) + "\n")
