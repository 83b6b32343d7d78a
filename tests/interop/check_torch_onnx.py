#!/usr/bin/env python3
"""Round trips of networks between convnet, PyTorch and ONNX Runtime, on real images.

usage: check_torch_onnx.py

Run by hand in the root of the repository; wants torch, onnx, onnxruntime, safetensors and numpy from PyPI. The program
`tests/interop/main.rs` is convnet's side: it reads weights and inputs from a folder and writes outputs there.

For each network: weights of convnet give the same outputs in PyTorch (load_file and load_state_dict, unchanged), weights of
PyTorch the same in convnet, and ONNX files pass onnx.checker and give the same in ONNX Runtime. The largest difference must
be at most 1e-5. `check_onnx.py`, which goes through the layers, runs at the end.
"""

import gzip
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import check_onnx
import numpy as np
import onnx
import onnxruntime
import torch
from safetensors.numpy import load_file as load_arrays
from safetensors.torch import load_file, save_file
from torch import nn

LIMIT = 1e-5


def lenet5():
    return nn.Sequential(
        {
            "conv1": nn.Conv2d(1, 6, 5, padding=2),
            "relu1": nn.ReLU(),
            "pool1": nn.MaxPool2d(2),
            "conv2": nn.Conv2d(6, 16, 5),
            "relu2": nn.ReLU(),
            "pool2": nn.MaxPool2d(2),
            "flatten": nn.Flatten(),
            "fc1": nn.Linear(400, 120),
            "relu3": nn.ReLU(),
            "fc2": nn.Linear(120, 84),
            "relu4": nn.ReLU(),
            "fc3": nn.Linear(84, 10),
        }
    )


def alexnet_small():
    return nn.Sequential(
        {
            "conv1": nn.Conv2d(3, 64, 3, padding=1),
            "relu1": nn.ReLU(),
            "pool1": nn.MaxPool2d(2),
            "conv2": nn.Conv2d(64, 192, 3, padding=1),
            "relu2": nn.ReLU(),
            "pool2": nn.MaxPool2d(2),
            "conv3": nn.Conv2d(192, 384, 3, padding=1),
            "relu3": nn.ReLU(),
            "conv4": nn.Conv2d(384, 256, 3, padding=1),
            "relu4": nn.ReLU(),
            "conv5": nn.Conv2d(256, 256, 3, padding=1),
            "relu5": nn.ReLU(),
            "pool3": nn.MaxPool2d(2),
            "flatten": nn.Flatten(),
            "dropout1": nn.Dropout(),
            "fc1": nn.Linear(4096, 1024),
            "relu6": nn.ReLU(),
            "dropout2": nn.Dropout(),
            "fc2": nn.Linear(1024, 512),
            "relu7": nn.ReLU(),
            "fc3": nn.Linear(512, 10),
        }
    )


def normalised():
    return nn.Sequential(
        {
            "conv1": nn.Conv2d(1, 8, 5, stride=2, groups=1),
            "norm1": nn.BatchNorm2d(8),
            "relu1": nn.ReLU(),
            "response": nn.LocalResponseNorm(5, alpha=1e-2),
            "conv2": nn.Conv2d(8, 12, 3, padding=2, dilation=2, groups=4),
            "tanh": nn.Tanh(),
            "pool": nn.AdaptiveAvgPool2d(5),
            "flatten": nn.Flatten(),
            "fc": nn.Linear(300, 10),
            "norm2": nn.BatchNorm1d(10),
        }
    )


NETWORKS = {"lenet5": lenet5, "alexnet_small": alexnet_small, "normalised": normalised}


class Sequential(nn.Module):
    """Layers by name, whose state dict has no name before theirs."""

    def __init__(self, layers):
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, x):
        for layer in self.children():
            x = layer(x)
        return x


nn.Sequential = Sequential


def convnet(folder):
    """Convnet's answers to all that lies in the folder."""
    command = ["cargo", "test", "--release", "--quiet", "--test", "interop", "--", "--nocapture"]
    subprocess.run(command, check=True, env={**os.environ, "CONVNET_INTEROP": str(folder)}, stdout=subprocess.DEVNULL)


def check(what, found, expected):
    difference = float(np.abs(found - expected).max())
    print(f"{what:<58} {len(found)} images, largest difference {difference:.2e}")
    return difference <= LIMIT


def main():
    torch.manual_seed(1)
    right = True
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        # What convnet does by itself: its weights, real images, its outputs for them, and ONNX files.
        models = {}
        for name, make in NETWORKS.items():
            model = make()
            if name == "normalised":
                # Statistics that are not those of the beginning.
                model.train()
                model(torch.randn(64, 1, 28, 28))
            models[name] = model.eval()
            save_file(model.state_dict(), folder / f"{name}.torch.safetensors")
        convnet(folder)
        for name, make in NETWORKS.items():
            images = load_arrays(folder / f"{name}.images.safetensors")["images"]
            outputs = load_arrays(folder / f"{name}.outputs.safetensors")
            model = make()
            model.load_state_dict(load_file(folder / f"{name}.safetensors"))
            with torch.no_grad():
                ours = model.eval()(torch.from_numpy(images)).numpy()
                theirs = models[name](torch.from_numpy(images)).numpy()
            right &= check(f"{name}: convnet's weights in PyTorch", ours, outputs["own"])
            right &= check(f"{name}: PyTorch's weights in convnet", outputs["torch"], theirs)
        for path in sorted(folder.glob("*.onnx")):
            name = path.stem
            onnx.checker.check_model(onnx.load(path), full_check=True)
            session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
            images = load_arrays(folder / f"{name}.images.safetensors")["images"]
            expected = load_arrays(folder / f"{name}.outputs.safetensors")["own"]
            found = session.run(None, {"input": images})[0]
            single = session.run(None, {"input": images[:1]})[0]
            right &= check(f"{name}: convnet's ONNX file in ONNX Runtime", found, expected)
            right &= check(f"{name}: the same, one image", single, expected[:1])
    # Networks with every layer that ONNX has, batch by batch and layer by layer.
    check_onnx.main()
    sys.exit(0 if right else "more than 1e-5")


if __name__ == "__main__":
    main()
