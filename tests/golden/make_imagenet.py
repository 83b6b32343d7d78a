#!/usr/bin/env python3
"""Makes imagenet.json: what PyTorch gives for one image with AlexNet as published and as in torchvision.

usage: make_imagenet.py imagenet.json

Weights and image are drawn by a hash of their place, which the test computes too: parameter i of the flat vector is
uniform in ±sqrt(6 / fan_in) of its layer, pixel i in 0 to 1. Made with PyTorch 2.15, in double precision.
"""

import json
import sys

import numpy as np
import torch
from torch import nn

PIXELS = 1 << 40


def uniform(start, count):
    """SplitMix64's finaliser of start, start + 1, …, as numbers from 0 to 1."""
    with np.errstate(over="ignore"):
        x = np.arange(start, start + count, dtype=np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x ^= x >> np.uint64(31)
    return (x >> np.uint64(11)).astype(np.float64) * 2.0**-53


def published():
    def norm():
        # The paper does not divide alpha = 1e-4 by the size, 5.
        return nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)

    def pool():
        return nn.MaxPool2d(3, 2)

    return nn.Sequential(
        nn.Conv2d(3, 96, 11, stride=4), nn.ReLU(), norm(), pool(),
        nn.Conv2d(96, 256, 5, padding=2, groups=2), nn.ReLU(), norm(), pool(),
        nn.Conv2d(256, 384, 3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 384, 3, padding=1, groups=2), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1, groups=2), nn.ReLU(), pool(),
        nn.Flatten(),
        nn.Linear(9216, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 1000),
    )


def torchvision():
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.AdaptiveAvgPool2d(6), nn.Flatten(),
        nn.Linear(9216, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 1000),
    )


def logits(net, size):
    net = net.double().eval()
    start = 0
    for layer in net:
        if not hasattr(layer, "weight"):
            continue
        bound = np.sqrt(6.0 / layer.weight[0].numel())
        for tensor in (layer.weight, layer.bias):
            values = bound * (2.0 * uniform(start, tensor.numel()) - 1.0)
            tensor.data = torch.from_numpy(values).reshape(tensor.shape)
            start += tensor.numel()
    image = torch.from_numpy(uniform(PIXELS, 3 * size * size)).reshape(1, 3, size, size)
    with torch.no_grad():
        return start, net(image)[0].tolist()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    found = {}
    for name, net, size in (("published", published(), 227), ("torchvision", torchvision(), 224)):
        params, values = logits(net, size)
        print(name, params, values[:3])
        # Every tenth of the thousand.
        found[name] = {"parameters": params, "logits": values[::10]}
    with open(sys.argv[1], "w") as file:
        json.dump(found, file, indent=1)
        file.write("\n")


main()
