"""ResNets of torchvision in f64 with parameters from a formula: logits, and a training step on small images.

    pip install torch torchvision
    python tests/golden/make_resnet.py > tests/golden/resnet.json
"""

import json

import numpy
import torch
import torchvision

PIXELS = 1 << 40


def uniform(start, count):
    """As `uniform` in tests/hashed/mod.rs: numbers from 0 to 1 that depend on their place alone."""
    x = numpy.arange(start, start + count, dtype=numpy.uint64)
    x += numpy.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    x = (x ^ (x >> numpy.uint64(31))) >> numpy.uint64(11)
    return torch.from_numpy(x.astype(numpy.float64) * 2.0**-53)


@torch.no_grad()
def fill(net):
    """Parameters and running statistics in the order of convnet's, which is that of the state dict."""
    place = 0
    state = net.state_dict()
    for name, value in state.items():
        if name.endswith("num_batches_tracked"):
            continue
        u = uniform(place, value.numel()).reshape(value.shape)
        place += value.numel()
        if value.dim() > 1:
            fan_in = value[0].numel()
            new = (6 / fan_in) ** 0.5 * (2 * u - 1)
        elif name.endswith("running_var") or (name.endswith("weight") and value.dim() == 1):
            new = 0.5 + u
        else:
            new = 0.2 * (u - 0.5)
        value.copy_(new)
    net.load_state_dict(state)


def digest(value):
    """Its sum, the sum of its squares, and its first and last value."""
    flat = value.detach().reshape(-1)
    return [flat.sum().item(), (flat * flat).sum().item(), flat[0].item(), flat[-1].item()]


def main():
    found = {}
    for name in ["resnet18", "resnet34", "resnet50"]:
        net = getattr(torchvision.models, name)().double().eval()
        fill(net)
        image = uniform(PIXELS, 3 * 224 * 224).reshape(1, 3, 224, 224)
        with torch.no_grad():
            found[name] = {"logits": net(image)[0, ::10].tolist(), "names": sum(
                not key.endswith("num_batches_tracked") for key in net.state_dict()
            )}
    net = torchvision.models.resnet18().double().train()
    fill(net)
    images = uniform(PIXELS, 4 * 3 * 64 * 64).reshape(4, 3, 64, 64)
    loss = torch.nn.functional.cross_entropy(net(images), torch.tensor([3, 999, 0, 512]))
    loss.backward()
    found["step"] = {
        "loss": loss.item(),
        "gradient": {name: digest(param.grad) for name, param in net.named_parameters()},
        "statistics": {
            name: digest(value) for name, value in net.named_buffers() if not name.endswith("num_batches_tracked")
        },
    }
    print(json.dumps(found))


main()
