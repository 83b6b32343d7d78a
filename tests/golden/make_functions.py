"""Makes functions.json: activations, softmax and losses of PyTorch in f64, for tests/functions.rs.

    pip install torch
    python make_functions.py functions.json

Gradients are those of torch.autograd. Losses are sums over samples divided by their number, also where
PyTorch's own mean divides by the samples' weights: the test gives that factor to Loss::tile.
"""

import json
import sys

import torch
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)

MAGNITUDES = [1e-300, 1e-30, 1e-10, 1e-3, 0.1, 0.5, 1.0, 1.5, 2.0, 2.999, 3.0, 3.001, 5.0, 8.0, 15.0, 40.0, 1000.0]
GRID = [-m for m in reversed(MAGNITUDES)] + [0.0] + MAGNITUDES

ACTIVATIONS = {
    "Identity": nn.Identity(),
    "Heaviside": lambda x: torch.heaviside(x.detach(), torch.tensor(0.0)) + 0 * x,
    "Relu": nn.ReLU(),
    "LeakyRelu": nn.LeakyReLU(),
    "LeakyRelu 0.2": nn.LeakyReLU(0.2),
    "Elu": nn.ELU(),
    "Elu 1.7": nn.ELU(1.7),
    "Selu": nn.SELU(),
    # PyTorch has no SELU with constants of one's own.
    "Selu 1.5 1.2": lambda x: 1.2 * F.elu(x, 1.5),
    "Gelu": nn.GELU(),
    "Silu": nn.SiLU(),
    "Relu6": nn.ReLU6(),
    "HardSwish": nn.Hardswish(),
    "GeluTanh": nn.GELU(approximate="tanh"),
    "Mish": nn.Mish(),
    # PyTorch's own threshold of 20 gives x there, which is 2e-9 off.
    "Softplus": nn.Softplus(threshold=700.0),
    "Sigmoid": nn.Sigmoid(),
    # PyTorch's own slope is 1/6 in single precision.
    "HardSigmoid": lambda x: F.relu6(x + 3) / 6,
    "HardSigmoid 0.2 0.5": lambda x: (0.2 * x + 0.5).clamp(0, 1),
    "Tanh": nn.Tanh(),
    "ScaledTanh": lambda x: 1.7159 * torch.tanh(2 / 3 * x),
}

LOGITS = [
    [0.3, -1.2, 2.5],
    [0.0, 0.0, 0.0],
    [1000.0, -1000.0, 0.0],
    [-1e-9, 1e-9, 0.0],
    [12.0, 11.0, -700.0],
]
LABELS = [2, 0, 1, 1, 0]
COTANGENTS = [[1.0, -0.5, 0.25], [0.0, 2.0, 1.0], [1.0, 1.0, 1.0], [-3.0, 0.1, 0.7], [0.2, 0.0, -1.0]]
VALUES = [[0.3, -1.2, 2.5], [0.0, 0.7, -0.7], [1000.0, -1000.0, 0.4], [1.5, 3.0, -2.0], [3.0, 3.0, 3.0]]
CHANCES = [[0.0, 1.0, 0.25], [0.5, 0.0, 1.0], [0.0, 1.0, 1.0], [0.9, 0.1, 0.0], [1.0, 0.3, 0.6]]
SCORES = [[0.3], [-1e-9], [1000.0], [-1000.0], [2.0], [-0.4]]
ANSWERS = [1, 0, 0, 1, 1, 0]
WEIGHTS = [0.5, 2.0, 3.25]
# Three channels of two rows and two columns, and a class for each pixel.
PIXELS = [
    [0.3, -1.2, 2.5, 0.0, 0.7, 0.7, -0.4, 1000.0, -2.0, 0.1, 12.0, -1000.0],
    [0.0, 0.0, 1e-9, -3.5, 0.0, 1.0, 0.0, -3.5, 0.0, 2.0, -1e-9, -3.5],
    [-700.0, 5.0, 0.2, 0.3, 11.0, -5.0, 0.2, 0.1, 12.0, 0.5, 0.2, 0.9],
]
MASKS = [[2, 0, 1, 1], [0, 2, 2, 1], [1, 0, 2, 0]]


def function(f, x):
    x = torch.tensor(x, requires_grad=True)
    y = f(x)
    y.sum().backward()
    return {"value": y.tolist(), "derivative": x.grad.tolist()}


def rows(f):
    x = torch.tensor(LOGITS, requires_grad=True)
    y = f(x)
    (y * torch.tensor(COTANGENTS)).sum().backward()
    return {"value": y.tolist(), "gradient": x.grad.tolist()}


def loss(outputs, f):
    y = torch.tensor(outputs, requires_grad=True)
    loss = f(y)
    loss.backward()
    return {"loss": loss.item(), "gradient": y.grad.tolist()}


def classes(**settings):
    labels, count = torch.tensor(LABELS), len(LABELS)
    return loss(LOGITS, lambda y: F.cross_entropy(y, labels, reduction="sum", **settings) / count)


def main(target):
    labels, weights = torch.tensor(LABELS), torch.tensor(WEIGHTS)
    chances, values = torch.tensor(CHANCES), torch.tensor(VALUES[1:] + VALUES[:1])
    answers = torch.tensor(ANSWERS, dtype=torch.float64).unsqueeze(1)
    positive = torch.tensor(2.5)
    log_probabilities = F.log_softmax(torch.tensor(LOGITS), 1).tolist()
    # The other rows have a probability of 0, which has no logarithm.
    some = [0, 1, 3]
    probabilities, of_some = F.softmax(torch.tensor(LOGITS)[some], 1).tolist(), labels[some]
    golden = {
        "grid": GRID,
        "activations": {name: function(f, GRID) for name, f in ACTIVATIONS.items()},
        "logits": LOGITS,
        "labels": LABELS,
        "cotangents": COTANGENTS,
        "values": VALUES,
        "targets": values.tolist(),
        "chances": CHANCES,
        "scores": SCORES,
        "answers": ANSWERS,
        "weights": WEIGHTS,
        "pixels": PIXELS,
        "masks": MASKS,
        "probabilities": probabilities,
        "labels of probabilities": of_some.tolist(),
        "log-probabilities": log_probabilities,
        "softmax": rows(lambda x: F.softmax(x, 1)),
        "log_softmax": rows(lambda x: F.log_softmax(x, 1)),
        "losses": {
            "MeanSquaredError": loss(VALUES, lambda y: F.mse_loss(y, values)),
            "MeanAbsoluteError": loss(VALUES, lambda y: F.l1_loss(y, values)),
            "Huber": loss(VALUES, lambda y: F.huber_loss(y, values)),
            "Huber 2.5": loss(VALUES, lambda y: F.huber_loss(y, values, delta=2.5)),
            "SoftmaxCrossEntropy": classes(),
            "smoothed": classes(label_smoothing=0.1),
            "weighted": classes(weight=weights),
            "smoothed and weighted": classes(label_smoothing=0.3, weight=weights),
            "ProbabilityCrossEntropy": loss(probabilities, lambda y: F.nll_loss(y.log(), of_some)),
            "NegativeLogLikelihood": loss(log_probabilities, lambda y: F.nll_loss(y, labels)),
            "SigmoidCrossEntropy": loss(VALUES, lambda y: F.binary_cross_entropy_with_logits(y, chances)),
            "SigmoidCrossEntropy, weighted": loss(
                VALUES, lambda y: F.binary_cross_entropy_with_logits(y, chances, pos_weight=positive)
            ),
            "SigmoidCrossEntropy, classes": loss(
                SCORES, lambda y: F.binary_cross_entropy_with_logits(y, answers, pos_weight=positive)
            ),
            "PixelCrossEntropy": loss(
                PIXELS,
                lambda y: F.cross_entropy(y.reshape(-1, 3, 2, 2), torch.tensor(MASKS).reshape(-1, 2, 2)),
            ),
            "PerceptronLoss": loss(SCORES, lambda y: F.relu((1 - 2 * answers) * y).mean()),
        },
    }
    with open(target, "w") as file:
        json.dump(golden, file, indent=None, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
