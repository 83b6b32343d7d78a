#!/usr/bin/env python3
"""Compares the example `classify` with PyTorch: the five most probable classes of ten photographs.

    pip install torch torchvision safetensors pillow
    cargo build --release --example classify
    python3 tests/interop/check_pretrained.py

torchvision's ResNet-18, MobileNetV2 and SqueezeNet 1.1 with seeded weights are written as .pth and as safetensors in f32, f16
and bf16. The photographs are those of the embedded sample of CIFAR-10, one for each class, enlarged.
"""

import io
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import torch
import torchvision
from PIL import Image
from safetensors.torch import save_file
from torchvision import transforms

ROOT = Path(__file__).resolve().parents[2]
CLASSIFY = ROOT / "target/release/examples/classify"
MODELS = ["resnet18", "mobilenet_v2", "squeezenet1_1"]
PREPROCESS = transforms.Compose([
    transforms.Resize(256),
    transforms.CenterCrop(224),
    transforms.ToTensor(),
    transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
])


def photographs(folder):
    """One of each class, of several sizes, as PNG, so that both programs see the same pixels."""
    files = []
    with tarfile.open(ROOT / "assets/cifar10/sample.tar.gz") as archive:
        names = sorted(name for name in archive.getnames() if name.startswith("test/") and name.endswith(".jpg"))
        for kind in sorted({name.split("/")[1] for name in names}):
            name = next(name for name in names if name.split("/")[1] == kind)
            image = Image.open(io.BytesIO(archive.extractfile(name).read())).convert("RGB")
            size = (300 + 40 * len(files), 500 - 20 * len(files))
            files.append(folder / f"{kind}.png")
            image.resize(size, Image.BICUBIC).save(files[-1])
    return files


def seeded(name):
    """A network whose classes differ by image: random weights, and statistics of some images."""
    torch.manual_seed(1)
    net = getattr(torchvision.models, name)(weights=None)
    for parameter in net.parameters():
        if parameter.dim() > 1:
            torch.nn.init.kaiming_normal_(parameter)
    net.train()
    with torch.no_grad():
        for _ in range(5):
            net(torch.randn(8, 3, 224, 224))
    return net.eval()


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        photos = photographs(folder)
        batch = torch.stack([PREPROCESS(Image.open(photo)) for photo in photos])
        failed = False
        for name in MODELS:
            net = seeded(name)
            state = net.state_dict()
            for kind in ["pth", "f32", "f16", "bf16"]:
                dtype = {"f16": torch.float16, "bf16": torch.bfloat16}.get(kind, torch.float32)
                narrow = {key: v.to(dtype) if v.is_floating_point() else v for key, v in state.items()}
                path = folder / f"{name}.{'pth' if kind == 'pth' else kind + '.safetensors'}"
                if kind == "pth":
                    torch.save(narrow, path)
                else:
                    save_file({key: v.contiguous() for key, v in narrow.items()}, path)
                net.load_state_dict({key: v.float() if v.is_floating_point() else v for key, v in narrow.items()})
                with torch.no_grad():
                    expected = torch.softmax(net(batch), 1)
                command = [CLASSIFY, "--json", "--model", name, "--weights", path, *photos]
                answers = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                found = torch.tensor([answer["probabilities"] for answer in answers])
                same = [f.topk(5).indices.tolist() == e.topk(5).indices.tolist() for f, e in zip(found, expected)]
                worst = (found - expected).abs().max().item()
                failed |= not all(same)
                print(f"{name:14} {kind:5} top five of {sum(same)} of {len(same)} equal, probabilities within {worst:.1e}")
        sys.exit("different classes" if failed else 0)


if __name__ == "__main__":
    main()
