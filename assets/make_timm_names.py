#!/usr/bin/env python3
"""Writes the tables of names that timm gives to the tensors of torchvision's networks, a pair a line.

    pip install timm torchvision
    python3 assets/make_timm_names.py assets/timm

Both list the tensors of a network in the order of its layers, and their shapes agree.
"""

import math
import sys
from pathlib import Path

import timm
import torchvision

MODELS = {
    "efficientnet_b0": "efficientnet_b0",
    "mobilenetv2_100": "mobilenet_v2",
    "mobilenetv3_small_100": "mobilenet_v3_small",
    "mobilenetv3_large_100": "mobilenet_v3_large",
    "vgg": "vgg11",
}

folder = Path(sys.argv[1])
for theirs, ours in MODELS.items():
    # The table of VGG's is the same for all of them.
    a = timm.create_model("vgg11" if theirs == "vgg" else theirs).state_dict()
    b = getattr(torchvision.models, ours)(weights=None).state_dict()
    lines = []
    for (their, a), (our, b) in zip(a.items(), b.items(), strict=True):
        assert math.prod(a.shape) == math.prod(b.shape) and a.shape[:1] == b.shape[:1], (their, our)
        if their != our and not our.endswith("num_batches_tracked"):
            lines.append(f"{their} {our}\n")
    (folder / f"{theirs}.txt").write_text("".join(lines))
