"""Makes alexnet.json: a training step of AlexNetSmall in PyTorch, in f64, for tests/alexnet.rs.

    pip install torch numpy
    python make_alexnet.py alexnet.json

Seven million weights are not kept: both sides compute them, and the images, by the same formula. Of the gradient and of
the parameters after the step there are, for each tensor, the sum, the sum of the absolute values, and some values. The
network has no dropout, whose draws are each library's own.
"""

import json
import sys

import numpy
import torch
from torch import nn
from torch.nn import functional as F

SAMPLES, RATE, PROBES = 4, 0.1, 7
LABELS = [3, 0, 9, 3]


def waves(start, count):
    """sin(i·√i) for i from `start` on: as irregular as random numbers."""
    i = numpy.arange(start, start + count, dtype=numpy.float64)
    return torch.from_numpy(numpy.sin(i * numpy.sqrt(i)))


def digest(tensor):
    values = tensor.detach().flatten()
    step = max(1, len(values) // PROBES)
    return {"sum": values.sum().item(), "size": values.abs().sum().item(), "step": step, "values": values[::step].tolist()}


def main(target):
    net, channels = nn.Sequential(), 3
    for i, (filters, pool) in enumerate([(64, 1), (192, 2), (384, 0), (256, 0), (256, 3)], 1):
        net.add_module(f"conv{i}", nn.Conv2d(channels, filters, 3, padding=1))
        net.add_module(f"relu{i}", nn.ReLU())
        if pool:
            net.add_module(f"pool{pool}", nn.MaxPool2d(2))
        channels = filters
    net.add_module("flatten", nn.Flatten())
    for i, (inputs, units) in enumerate([(4096, 1024), (1024, 512), (512, 10)], 1):
        net.add_module(f"fc{i}", nn.Linear(inputs, units))
        if i < 3:
            net.add_module(f"relu{i + 5}", nn.ReLU())
    net.double()

    start = 0
    for name, param in net.named_parameters():
        scale = (6 / param[0].numel()) ** 0.5 if name.endswith("weight") else 0.1
        param.data = scale * waves(start, param.numel()).reshape(param.shape)
        start += param.numel()
    images = waves(0, SAMPLES * 3072).reshape(SAMPLES, 3, 32, 32)

    optimizer = torch.optim.SGD(net.parameters(), lr=RATE)
    logits = net(images)
    loss = F.cross_entropy(logits, torch.tensor(LABELS))
    loss.backward()
    gradient = {name: digest(param.grad) for name, param in net.named_parameters()}
    optimizer.step()
    params = {name: digest(param) for name, param in net.named_parameters()}
    golden = {"labels": LABELS, "logits": logits.tolist(), "loss": loss.item(), "gradient": gradient, "params": params}
    with open(target, "w") as file:
        json.dump(golden, file, indent=None, separators=(",", ":"))
        file.write("\n")
    print("parameters", start, "loss", loss.item(), "norms", {k: v["size"] for k, v in gradient.items()})


if __name__ == "__main__":
    main(*sys.argv[1:])
