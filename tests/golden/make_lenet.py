"""Makes lenet.safetensors: ten SGD steps of LeNet-5 in PyTorch, for tests/golden.rs.

    pip install torch numpy safetensors
    python make_lenet.py FOLDER_WITH_THE_MNIST_FILES lenet.safetensors

The batch is the first 64 training digits, as bytes; the network sees byte / 255. The initial weights are
PyTorch's default ones from seed 0, drawn in f32; all arithmetic is in f64.
"""

import gzip
import sys

import numpy
import torch
from safetensors.torch import save_file
from torch import nn

STEPS, BATCH = 10, 64


def read(path, header, count):
    with gzip.open(path) as file:
        return numpy.frombuffer(file.read(header + count)[header:], dtype=numpy.uint8).copy()


def main(folder, target):
    images = torch.from_numpy(read(f"{folder}/train-images-idx3-ubyte.gz", 16, BATCH * 784)).reshape(BATCH, 1, 28, 28)
    labels = torch.from_numpy(read(f"{folder}/train-labels-idx1-ubyte.gz", 8, BATCH))

    torch.manual_seed(0)
    net = nn.Sequential()
    net.add_module("conv1", nn.Conv2d(1, 6, 5, padding=2))
    net.add_module("relu1", nn.ReLU())
    net.add_module("pool1", nn.MaxPool2d(2))
    net.add_module("conv2", nn.Conv2d(6, 16, 5))
    net.add_module("relu2", nn.ReLU())
    net.add_module("pool2", nn.MaxPool2d(2))
    net.add_module("flatten", nn.Flatten())
    net.add_module("fc1", nn.Linear(400, 120))
    net.add_module("relu3", nn.ReLU())
    net.add_module("fc2", nn.Linear(120, 84))
    net.add_module("relu4", nn.ReLU())
    net.add_module("fc3", nn.Linear(84, 10))

    tensors = {"images": images, "labels": labels}
    tensors |= {f"initial.{name}": value.clone() for name, value in net.state_dict().items()}
    net.double()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(images.double() / 255), labels.long())
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    tensors["losses"] = torch.tensor(losses, dtype=torch.float64)
    tensors |= {f"final.{name}": value.clone() for name, value in net.state_dict().items()}
    save_file(tensors, target)
    print("losses", losses)


if __name__ == "__main__":
    main(*sys.argv[1:])
