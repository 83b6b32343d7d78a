#!/usr/bin/env python3
"""Makes many_layers.json: a network of many layers in PyTorch, one training step and an inference, for tests/many_layers.rs.

usage: make_many_layers.py many_layers.json

Parameters, inputs and targets are sines of their place, which the test computes too. Made with PyTorch 2.15, in double
precision.
"""

import json
import sys

import torch
from torch import nn

BATCH = 5


def sines(count, step):
    return torch.sin(step * torch.arange(1, count + 1, dtype=torch.float64))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    net = nn.Sequential()
    net.add_module("conv1", nn.Conv2d(4, 6, 3, padding=1))
    net.add_module("norm1", nn.BatchNorm2d(6))
    net.add_module("relu1", nn.ReLU())
    net.add_module("conv2", nn.Conv2d(6, 9, (3, 2), padding=(2, 1), dilation=(2, 3), groups=3))
    net.add_module("norm2", nn.LocalResponseNorm(3, alpha=0.9, beta=0.75, k=1.5))
    net.add_module("pool2", nn.MaxPool2d(3, 2))
    net.add_module("conv3", nn.Conv2d(9, 9, 3, padding=1, groups=9))
    net.add_module("norm3", nn.LocalResponseNorm(4, alpha=0.5, beta=0.6, k=1.0))
    net.add_module("pool3", nn.AdaptiveAvgPool2d((3, 2)))
    net.add_module("conv4", nn.Conv2d(9, 7, 1))
    net.add_module("pool4", nn.AdaptiveMaxPool2d((2, 2)))
    net.add_module("flatten", nn.Flatten())
    net.add_module("norm5", nn.BatchNorm1d(28))
    net.add_module("fc", nn.Linear(28, 3))
    net.double()
    start = 0.0
    for name, parameter in net.named_parameters():
        start += 1.0
        values = sines(parameter.numel(), 0.1 + 0.01 * start)
        # Scales of a normalisation are around one.
        parameter.data = (values + (1.5 if name.startswith("norm") and name.endswith("weight") else 0.0)).reshape(parameter.shape)
    inputs = sines(BATCH * 4 * 13 * 11, 0.37).reshape(BATCH, 4, 13, 11)
    targets = sines(BATCH * 3, 0.71).reshape(BATCH, 3)

    outputs = net(inputs)
    loss = nn.functional.mse_loss(outputs, targets)
    loss.backward()
    found = {
        "loss": loss.item(),
        "gradients": {name: parameter.grad.flatten().tolist() for name, parameter in net.named_parameters()},
        "statistics": {
            name: value.tolist() for name, value in net.named_buffers() if not name.endswith("num_batches_tracked")
        },
    }
    net.eval()
    with torch.no_grad():
        found["outputs"] = net(inputs).flatten().tolist()
    print(found["loss"], found["outputs"][:3])
    with open(sys.argv[1], "w") as file:
        json.dump(found, file, indent=0)
        file.write("\n")


main()
