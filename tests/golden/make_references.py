#!/usr/bin/env python3
"""Makes references.json: what scikit-learn finds for the two linear models of the course.

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
(Path(__file__).parent / "references.json").write_text(json.dumps(result, indent=1) + "\n")
