"""Writes tests/golden/pytorch/: small files of torch.save, good ones and bad ones.

    pip install torch
    python tests/golden/make_pytorch_files.py

The numbers are multiples of 1/8 that every number type holds exactly; tests/store/pytorch.rs has the same formula.
"""

import os
from pathlib import Path

import torch

FOLDER = Path(__file__).parent / "pytorch"


class Small(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(2, 2, 3)
        self.bn = torch.nn.BatchNorm2d(2)
        self.fc = torch.nn.Linear(8, 3)


def state(dtype=torch.float32):
    net = Small().state_dict()
    for number, (name, tensor) in enumerate(item for item in net.items() if item[1].dim()):
        values = [((7 * i + 3 * number) % 11 - 5) / 8 for i in range(tensor.numel())]
        net[name] = torch.tensor(values).reshape(tensor.shape).to(dtype)
    return net


class Command:
    def __reduce__(self):
        return os.system, ("true",)


def main():
    FOLDER.mkdir(exist_ok=True)
    save = lambda what, name, **settings: torch.save(what, FOLDER / name, **settings)
    save(state(), "f32.pth")
    save(state(torch.float64), "f64.pth")
    save(state(torch.float16), "f16.pth")
    save(state(torch.bfloat16), "bf16.pth")
    save(state(), "protocol4.pth", pickle_protocol=4)
    save({"state_dict": state()}, "nested.pth")
    save({name: torch.nn.Parameter(tensor, requires_grad=bool(tensor.dim())) if tensor.is_floating_point() else tensor
          for name, tensor in state().items()}, "parameters.pth")
    other_order = state()
    other_order["conv.weight"] = other_order["conv.weight"].to(memory_format=torch.channels_last)
    other_order["fc.weight"] = other_order["fc.weight"].t().contiguous().t()
    save(other_order, "strides.pth")
    together = torch.cat([tensor.flatten() for tensor in state().values() if tensor.dim()])
    parts, start = {}, 0
    for name, tensor in state().items():
        if tensor.dim():
            parts[name] = together[start:start + tensor.numel()].reshape(tensor.shape)
            start += tensor.numel()
    save(parts, "one_storage.pth")
    # What is refused.
    save(Small(), "module.pth")
    save({"model": state(), "epoch": 3}, "epoch.pth")
    save({"fc.weight": Command()}, "command.pth")
    save(list(state().values()), "list.pth")
    save(state(torch.complex64), "complex.pth")
    save({"fc.weight": torch.zeros(1).expand(1000, 1000)}, "expanded.pth")
    save(state(), "before_1_6.pth", _use_new_zipfile_serialization=False)


if __name__ == "__main__":
    main()
