#!/usr/bin/env python3
"""Networks of torchvision and timm, converted from ONNX files to declarations, against ONNX Runtime.

usage: check_onnx_graphs.py [--models resnet18,vgg11] [--exporters old,new] [--target FOLDER]

Run by hand in the root of the repository; wants torch, torchvision, timm, onnx, onnxscript, onnxruntime and numpy from PyPI.

Each network gets seeded weights and running statistics, and is exported by PyTorch's old and new exporter. The example
`onnx_to_network` writes its declaration and weights; a program of its own, in a temporary project, declares it, loads the
weights and computes one image. The largest difference from ONNX Runtime must be at most 1e-5 of the largest output.
"""

import argparse
import logging
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import timm
import torch
import torchvision.models as ready
from torch import nn

LIMIT = 1e-5


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = nn.functional.max_pool2d(self.conv1(x).relu(), 2)
        x = nn.functional.max_pool2d(self.conv2(x).relu(), 2).flatten(1)
        return self.fc3(self.fc2(self.fc1(x).relu()).relu())


MODELS = {
    "lenet": LeNet,
    "resnet18": ready.resnet18,
    "squeezenet1_1": ready.squeezenet1_1,
    "mobilenet_v2": ready.mobilenet_v2,
    "mobilenet_v3_small": ready.mobilenet_v3_small,
    "efficientnet_b0": ready.efficientnet_b0,
    "googlenet": lambda: ready.googlenet(aux_logits=False, init_weights=False),
    "seresnet50": lambda: timm.create_model("seresnet50"),
    "resnet50": ready.resnet50,
    "densenet121": ready.densenet121,
    "vgg11": ready.vgg11,
    "vgg16_bn": ready.vgg16_bn,
}

MANIFEST = """[package]
name = "declared"
version = "0.0.0"
edition = "2024"

[dependencies]
convnet = {{ path = {path!r}, default-features = false, features = ["store"] }}

[workspace]
"""

# Words in capitals are replaced.
PROGRAM = """ATTRIBUTE
#[path = "DECLARATION"]
mod net;

use convnet::prelude::*;

fn numbers(path: &str) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap();
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
}

fn run<N: Network<Scalar = f32>>(mut net: N) {
    net.load("WEIGHTS").unwrap();
    let image = Tensor::<N::Input>::from_slice(&numbers("IMAGE")).unwrap();
    let output = net.infer(&Batch::from_iter([image])).sample(0);
    let bytes: Vec<u8> = output.as_slice().iter().flat_map(|y| y.to_le_bytes()).collect();
    std::fs::write("OUTPUT", bytes).unwrap();
}

fn main() {
    run(net::Net::new(1));
}
"""


def network(name):
    """The network with seeded weights and running statistics, ready for inference."""
    torch.manual_seed(1)
    net = MODELS[name]().eval()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            with torch.no_grad():
                module.weight.uniform_(0.5, 1.5)
                module.bias.uniform_(-0.2, 0.2)
                module.running_mean.uniform_(-0.2, 0.2)
                module.running_var.uniform_(0.5, 1.5)
    return net


def check(name, exporter, net, project, target):
    """The largest difference from ONNX Runtime, relative to the largest output; and a note."""
    file = f"{name}_{exporter}"
    path = project / f"{file}.onnx"
    shape = (1, 1, 28, 28) if name == "lenet" else (1, 3, 224, 224)
    image = torch.randn(shape, generator=torch.Generator().manual_seed(2))
    torch.onnx.export(net, (image,), str(path), dynamo=exporter == "new", verbose=False)
    session = onnxruntime.InferenceSession(str(path))
    expected = session.run(None, {session.get_inputs()[0].name: image.numpy()})[0].ravel()

    convert = ["cargo", "run", "--quiet", "--release", "--example", "onnx_to_network", "--"]
    subprocess.run([*convert, str(path), "--out", str(project)], check=True, stdout=subprocess.DEVNULL)
    declaration = project / f"{file}.rs"
    limits = [line for line in declaration.read_text().splitlines() if line.startswith("//! `#![")]
    (project / "image").write_bytes(image.numpy().astype("<f4").tobytes())
    words = {
        "ATTRIBUTE": "".join(limits).removeprefix("//! `").removesuffix("`"),
        "DECLARATION": declaration,
        "WEIGHTS": project / f"{file}.safetensors",
        "IMAGE": project / "image",
        "OUTPUT": project / "output",
    }
    program = PROGRAM
    for word, text in words.items():
        program = program.replace(word, str(text))
    (project / "src" / "bin").mkdir(parents=True, exist_ok=True)
    (project / "src" / "bin" / f"{file}.rs").write_text(program)
    run = ["cargo", "run", "--quiet", "--release", "--bin", file]
    subprocess.run(run, check=True, cwd=project, env=os.environ | {"CARGO_TARGET_DIR": target})
    found = np.frombuffer((project / "output").read_bytes(), "<f4")
    assert found.shape == expected.shape, f"{found.shape} values instead of {expected.shape}"
    for old in project.glob(f"{file}.*"):
        old.unlink()
    return np.abs(found - expected).max() / np.abs(expected).max()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--exporters", default="old,new")
    parser.add_argument("--target", help="cargo's target folder for the programs")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        root = Path.cwd()
        (project / "Cargo.toml").write_text(MANIFEST.format(path=str(root)))
        (project / "Cargo.lock").write_bytes((root / "Cargo.lock").read_bytes())
        target = str(Path(options.target or project / "target").resolve())
        for name in options.models.split(","):
            net = network(name)
            for exporter in options.exporters.split(","):
                try:
                    difference = check(name, exporter, net, project, target)
                except (AssertionError, subprocess.CalledProcessError) as error:
                    failed = True
                    print(f"{name} ({exporter} exporter): {error}", flush=True)
                    continue
                verdict = "" if difference <= LIMIT else f", more than {LIMIT}"
                failed |= bool(difference > LIMIT)
                print(f"{name} ({exporter} exporter): largest difference {difference:.1e}{verdict}", flush=True)
    sys.exit(int(failed))


if __name__ == "__main__":
    main()
