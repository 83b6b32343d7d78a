"""Makes layers.json: layers of PyTorch, forward and backward in f64, for tests/layers.rs.

    pip install torch torchvision
    python make_layers.py layers.json

Of each layer of `LAYERS` there are inputs, outputs, gradients by the outputs, and what torch.autograd makes of these. The
network with batch normalisation is trained for three steps, and then used. Of stochastic depth, which draws, there is what it
makes of each sample that it keeps; this file asserts that it makes zeros of the others.
"""

import json
import sys

import torch
from torch import nn
from torch.nn import functional as F
from torchvision.ops import StochasticDepth

torch.set_default_dtype(torch.float64)

# Samples, channels, rows, columns; the factor makes the sums of squares count beside k.
LAYERS = {
    "LocalResponseNorm": (nn.LocalResponseNorm(5), [2, 7, 2, 3], 100.0),
    # The values of the paper of 2012, whose formula does not divide alpha by the size.
    "LocalResponseNorm, published": (nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0), [2, 7, 2, 3], 50.0),
    "LocalResponseNorm, even": (nn.LocalResponseNorm(4, alpha=0.5, beta=0.6, k=1.5), [2, 6, 2, 2], 2.0),
    "AdaptiveAvgPool2d": (nn.AdaptiveAvgPool2d((3, 4)), [2, 2, 7, 6], 1.0),
    "AdaptiveAvgPool2d, larger": (nn.AdaptiveAvgPool2d((5, 3)), [2, 2, 3, 2], 1.0),
    "AdaptiveMaxPool2d": (nn.AdaptiveMaxPool2d((4, 3)), [2, 2, 6, 7], 1.0),
    "MaxPool2d, overlapping": (nn.MaxPool2d(3, stride=2), [2, 2, 6, 8], 1.0),
}

# Made after the others, which keep their numbers.
MORE = {
    "MaxPool2d, ceil mode": (nn.MaxPool2d(3, stride=2, padding=1, ceil_mode=True), [2, 2, 6, 7], 1.0),
    "MaxPool2d, the last window left out": (nn.MaxPool2d(2, stride=3, padding=1, ceil_mode=True), [2, 2, 5, 7], 1.0),
    "MaxPool2d, dilated": (nn.MaxPool2d((2, 3), stride=(1, 2), padding=1, dilation=(3, 2)), [2, 2, 6, 8], 1.0),
    "AvgPool2d, ceil mode": (nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True), [2, 2, 6, 8], 1.0),
    "AvgPool2d, of values": (nn.AvgPool2d((3, 2), stride=2, padding=(1, 0), count_include_pad=False), [2, 2, 6, 5], 1.0),
    "AvgPool2d, of values, ceil mode": (nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False), [2, 2, 6, 7], 1.0),
    # Padding that differs by side: left, right, top, bottom.
    "MaxPool2d, sides": (nn.Sequential(nn.ConstantPad2d((0, 2, 1, 0), -torch.inf), nn.MaxPool2d(3, 2)), [2, 2, 6, 7], 1.0),
    "AvgPool2d, sides": (nn.Sequential(nn.ZeroPad2d((0, 2, 1, 0)), nn.AvgPool2d(3, 2)), [2, 2, 6, 7], 1.0),
    "GroupNorm": (nn.GroupNorm(2, 6), [3, 6, 2, 3], 2.0),
    "GroupNorm, vector": (nn.GroupNorm(3, 6, eps=0.1), [3, 6], 2.0),
    "LayerNorm": (nn.LayerNorm([2, 3, 2]), [3, 2, 3, 2], 2.0),
    "LayerNorm, vector": (nn.LayerNorm(5, eps=0.1), [3, 5], 2.0),
    "InstanceNorm": (nn.InstanceNorm2d(2), [3, 2, 3, 2], 2.0),
    "InstanceNorm, affine": (nn.InstanceNorm2d(2, affine=True), [3, 2, 3, 2], 2.0),
    "ConvTranspose2d": (nn.ConvTranspose2d(3, 4, 3, stride=2, padding=1, output_padding=1), [2, 3, 3, 4], 1.0),
    "ConvTranspose2d, groups": (
        nn.ConvTranspose2d(4, 6, (3, 2), (2, 3), (1, 0), (1, 2), groups=2, dilation=(2, 1)),
        [2, 4, 3, 2],
        1.0,
    ),
    "Upsample2d": (nn.Upsample(scale_factor=(2, 3)), [2, 2, 3, 4], 1.0),
    "Upsample2d, bilinear": (nn.Upsample(scale_factor=2, mode="bilinear"), [2, 2, 3, 4], 1.0),
    "Upsample2d, bilinear, thirds": (nn.Upsample(scale_factor=(3, 5), mode="bilinear"), [2, 2, 1, 3], 1.0),
    "Conv2d, sides": (nn.Sequential(nn.ZeroPad2d((1, 0, 0, 2)), nn.Conv2d(2, 3, 3, (2, 1))), [2, 2, 6, 5], 1.0),
    "PadChannels": (nn.ConstantPad3d((0, 0, 0, 0, 0, 2), 0.0), [2, 3, 2, 4], 1.0),
    "AvgPool2d, kernel of one": (nn.AvgPool2d(1, 2), [2, 2, 5, 6], 1.0),
    "PRelu": (nn.PReLU(), [3, 2, 3, 2], 1.0),
    "PRelu, per channel": (nn.PReLU(3), [3, 3, 2, 2], 1.0),
    "PRelu, vector": (nn.PReLU(5), [3, 5], 1.0),
}

BATCHES, RATE, DECAY = [5, 17, 3], 0.1, 0.01


def layer(f, shape, factor):
    x = (factor * torch.randn(shape)).requires_grad_()
    parameters = list(f.parameters())
    for parameter in parameters:
        nn.init.normal_(parameter)
    y = f(x)
    dy = torch.randn(y.shape)
    (y * dy).sum().backward()
    found = {name: value.flatten(1).tolist() for name, value in [("x", x), ("dy", dy), ("y", y), ("dx", x.grad)]}
    if parameters:
        found["params"] = torch.cat([parameter.flatten() for parameter in parameters]).tolist()
        found["dparams"] = torch.cat([parameter.grad.flatten() for parameter in parameters]).tolist()
    return found


def batch_norm():
    net = nn.Sequential()
    net.add_module("conv", nn.Conv2d(1, 3, 2))
    net.add_module("norm", nn.BatchNorm2d(3))
    net.add_module("relu", nn.ReLU())
    net.add_module("flatten", nn.Flatten())
    net.add_module("fc", nn.Linear(12, 4))
    net.add_module("fc_norm", nn.BatchNorm1d(4, eps=1e-3, momentum=0.3))

    def state():
        return {k: v.flatten().tolist() for k, v in net.state_dict().items() if not k.endswith("num_batches_tracked")}

    # Not all 1 and 0, so that it shows where they come in.
    for norm in [net.norm, net.fc_norm]:
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.uniform_(norm.bias, -0.5, 0.5)
    golden = {"initial": state(), "steps": []}
    weights = [net.conv.weight, net.fc.weight]
    others = [p for p in net.parameters() if all(p is not w for w in weights)]
    groups = [{"params": weights, "weight_decay": DECAY}, {"params": others}]
    optimizer = torch.optim.SGD(groups, lr=RATE)
    for samples in BATCHES:
        x, targets = 3 + 2 * torch.randn(samples, 1, 3, 3), torch.randn(samples, 4)
        optimizer.zero_grad()
        loss = F.mse_loss(net(x), targets)
        loss.backward()
        optimizer.step()
        golden["steps"].append({"x": x.flatten(1).tolist(), "targets": targets.tolist(), "loss": loss.item(), "state": state()})
    net.eval()
    golden["outputs"] = net(x).tolist()
    return golden


def stochastic_depth():
    f = StochasticDepth(0.3, "row")
    x, dy = torch.randn(6, 2, 3, 2).requires_grad_(), torch.randn(6, 2, 3, 2)
    kept = {}
    dropped = set()
    while len(kept) < 6 or len(dropped) < 6:
        y = f(x)
        [dx] = torch.autograd.grad(y, x, dy)
        for n, row in enumerate(zip(y, dx)):
            if row[0].any():
                kept[n] = row
            else:
                assert not row[1].any()
                dropped.add(n)
    y, dx = (torch.stack([kept[n][i] for n in range(6)]) for i in range(2))
    found = [("x", x), ("dy", dy), ("kept", y), ("dx of kept", dx), ("inferred", f.eval()(x))]
    return {name: value.flatten(1).tolist() for name, value in found}


def main(target):
    torch.manual_seed(0)
    golden = {name: layer(*case) for name, case in LAYERS.items()} | {"BatchNorm": batch_norm()}
    golden |= {name: layer(*case) for name, case in MORE.items()}
    golden["StochasticDepth"] = stochastic_depth()
    with open(target, "w") as file:
        json.dump(golden, file, indent=None, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
