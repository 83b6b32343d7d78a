"""Networks of torchvision and timm, and some written here, in f64 with parameters from a formula: logits of one image, and a training step.

    pip install timm torch torchvision
    python tests/golden/make_models.py [NAME ...]

writes tests/golden/models/NAME.json for each of MODELS, or those named.
"""

import json
import sys
from pathlib import Path

import numpy
import timm
import torch
import torchvision
from torch import nn
from torch.nn import functional as F

PIXELS = 1 << 40


class ZfNet(torch.nn.Module):
    """As in figure 3 of Zeiler and Fergus 2013."""

    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(3, 96, 7, stride=2, padding=1)
        self.conv2 = torch.nn.Conv2d(96, 256, 5, stride=2)
        self.conv3 = torch.nn.Conv2d(256, 384, 3, padding=1)
        self.conv4 = torch.nn.Conv2d(384, 384, 3, padding=1)
        self.conv5 = torch.nn.Conv2d(384, 256, 3, padding=1)
        self.fc6 = torch.nn.Linear(256 * 6 * 6, 4096)
        self.fc7 = torch.nn.Linear(4096, 4096)
        self.fc8 = torch.nn.Linear(4096, 1000)
        self.norm = torch.nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)
        self.dropout = torch.nn.Dropout(0.5)

    def forward(self, x):
        x = torch.max_pool2d(self.conv1(x).relu(), 3, 2, ceil_mode=True)
        x = torch.max_pool2d(self.conv2(self.norm(x)).relu(), 3, 2, ceil_mode=True)
        x = self.conv3(self.norm(x)).relu()
        x = torch.max_pool2d(self.conv5(self.conv4(x).relu()).relu(), 3, 2)
        x = self.dropout(self.fc6(x.flatten(1)).relu())
        return self.fc8(self.dropout(self.fc7(x).relu()))
class Basic(nn.Module):
    """Two convolutions whose output is added to the input; where the shapes differ, to every other row and column of the
    input with channels of zeros behind its own: option A of He, Zhang, Ren and Sun 2016."""

    def __init__(self, channels, filters):
        super().__init__()
        self.stride, self.more = filters // channels, filters - channels
        self.conv1 = nn.Conv2d(channels, filters, 3, self.stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(filters)
        self.conv2 = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(filters)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.more)))


class ResNetCifar(nn.Module):
    """The networks of section 4.2 of He, Zhang, Ren and Sun 2016, with 6n + 2 layers."""

    def __init__(self, n):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        for stage, (channels, filters) in enumerate([(16, 16), (16, 32), (32, 64)], 1):
            blocks = [Basic(channels, filters)] + [Basic(filters, filters) for _ in range(n - 1)]
            self.add_module(f"layer{stage}", nn.Sequential(*blocks))
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.fc(x.mean((2, 3)))


class Double(nn.Module):
    """Two convolutions of 3x3, each with a batch normalisation and a ReLU."""

    def __init__(self, channels, filters):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, filters, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(filters)
        self.conv2 = nn.Conv2d(filters, filters, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(filters)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(x)))


class UNet(nn.Module):
    """Ronneberger, Fischer and Brox 2015, padded, with 16 filters at the full size and batch normalisation."""

    def __init__(self):
        super().__init__()
        filters = [16, 32, 64, 128]
        for stage, (channels, count) in enumerate(zip([3, *filters], filters), 1):
            self.add_module(f"down{stage}", Double(channels, count))
        self.bottom = Double(128, 256)
        for stage, count in [*enumerate(filters, 1)][::-1]:
            self.add_module(f"larger{stage}", nn.ConvTranspose2d(2 * count, count, 2, 2))
            self.add_module(f"up{stage}", Double(2 * count, count))
        self.out = nn.Conv2d(16, 2, 1)

    def forward(self, x):
        before = {}
        for stage in [1, 2, 3, 4]:
            before[stage] = self.get_submodule(f"down{stage}")(x)
            x = F.max_pool2d(before[stage], 2)
        x = self.bottom(x)
        for stage in [4, 3, 2, 1]:
            x = torch.cat([before[stage], self.get_submodule(f"larger{stage}")(x)], 1)
            x = self.get_submodule(f"up{stage}")(x)
        return self.out(x)


# Name in tests/models.rs: how the network is made, and its input.
MODELS = {
    "resnet18": (torchvision.models.resnet18, (3, 224, 224)),
    "resnet34": (torchvision.models.resnet34, (3, 224, 224)),
    "resnet50": (torchvision.models.resnet50, (3, 224, 224)),
    "squeezenet1_1": (torchvision.models.squeezenet1_1, (3, 224, 224)),
    "vgg11": (torchvision.models.vgg11, (3, 224, 224)),
    "vgg13": (torchvision.models.vgg13, (3, 224, 224)),
    "vgg16": (torchvision.models.vgg16, (3, 224, 224)),
    "vgg19": (torchvision.models.vgg19, (3, 224, 224)),
    "vgg16_bn": (torchvision.models.vgg16_bn, (3, 224, 224)),
    "googlenet": (lambda: torchvision.models.googlenet(aux_logits=False, init_weights=False), (3, 224, 224)),
    "densenet121": (torchvision.models.densenet121, (3, 224, 224)),
    "zfnet": (ZfNet, (3, 224, 224)),
    "resnet20_cifar": (lambda: ResNetCifar(3), (3, 32, 32)),
    "resnet56_cifar": (lambda: ResNetCifar(9), (3, 32, 32)),
    "unet": (UNet, (3, 128, 128)),
    "mobilenet_v2": (torchvision.models.mobilenet_v2, (3, 224, 224)),
    "mobilenet_v3_small": (torchvision.models.mobilenet_v3_small, (3, 224, 224)),
    "mobilenet_v3_large": (torchvision.models.mobilenet_v3_large, (3, 224, 224)),
    "efficientnet_b0": (torchvision.models.efficientnet_b0, (3, 224, 224)),
    "seresnet50": (lambda: timm.create_model("seresnet50"), (3, 224, 224)),
}


def uniform(start, count):
    """As `uniform` in tests/hashed/mod.rs: numbers from 0 to 1 that depend on their place alone."""
    x = numpy.arange(count, dtype=numpy.uint64) + numpy.uint64(start)
    x += numpy.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    x = (x ^ (x >> numpy.uint64(31))) >> numpy.uint64(11)
    return torch.from_numpy(x.astype(numpy.float64) * 2.0**-53)


def place_of(name):
    """As `place_of` in tests/models.rs: FNV-1a."""
    place = 0xCBF29CE484222325
    for byte in name.encode():
        place = (place ^ byte) * 0x100000001B3 % 2**64
    return place


def names(net):
    return [name for name in net.state_dict() if not name.endswith("num_batches_tracked")]


@torch.no_grad()
def fill(net):
    """Parameters and running statistics by their names."""
    state = net.state_dict()
    for name in names(net):
        value = state[name]
        u = uniform(place_of(name), value.numel()).reshape(value.shape)
        if value.dim() > 1:
            new = (6 / value[0].numel()) ** 0.5 * (2 * u - 1)
        elif name.endswith("running_var") or name.endswith("weight"):
            new = 0.5 + u
        else:
            new = 0.2 * (u - 0.5)
        value.copy_(new)
    net.load_state_dict(state)


def digest(value):
    """Its sum, the sum of its squares, and its first and last value."""
    flat = value.detach().reshape(-1)
    return [flat.sum().item(), (flat * flat).sum().item(), flat[0].item(), flat[-1].item()]


def logits(make, shape):
    """At most 100 values of the output, evenly spread, and the number of values."""
    net = make().double().eval()
    fill(net)
    image = uniform(PIXELS, numpy.prod(shape)).reshape(1, *shape)
    with torch.no_grad():
        found = net(image).reshape(-1)
    return {
        "names": len(names(net)),
        "values": found.numel(),
        "logits": found[:: max(1, found.numel() // 100)].tolist(),
    }


def step():
    net = torchvision.models.resnet18().double().train()
    fill(net)
    images = uniform(PIXELS, 4 * 3 * 64 * 64).reshape(4, 3, 64, 64)
    loss = torch.nn.functional.cross_entropy(net(images), torch.tensor([3, 999, 0, 512]))
    loss.backward()
    return {
        "loss": loss.item(),
        "gradient": {name: digest(param.grad) for name, param in net.named_parameters()},
        "statistics": {
            name: digest(value) for name, value in net.named_buffers() if not name.endswith("num_batches_tracked")
        },
    }


def main():
    folder = Path(__file__).parent / "models"
    for name in sys.argv[1:] or [*MODELS, "resnet18_step"]:
        found = step() if name == "resnet18_step" else logits(*MODELS[name])
        (folder / f"{name}.json").write_text(json.dumps(found) + "\n")


main()
