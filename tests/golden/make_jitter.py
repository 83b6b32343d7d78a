"""Makes jitter.json: brightness, contrast and saturation of an image, for tests/augment/color.rs.

    pip install numpy
    python make_jitter.py jitter.json

The formulas are those of torchvision.transforms.functional (`adjust_brightness`, `adjust_contrast`,
`adjust_saturation` on tensors of floats): each blends the image with black, with its mean grey or with its greys, and
cuts the result to 0 ... 1. Greys have the weights 0.2989, 0.587 and 0.114 there.
"""

import json
import sys

import numpy as np

FACTORS = [0.6, 0.8, 1.25, 1.4]


def blend(image, other, factor):
    return np.clip(factor * image + (1.0 - factor) * other, 0.0, 1.0)


def grey(image):
    red, green, blue = image
    return 0.2989 * red + 0.587 * green + 0.114 * blue


CHANGES = {
    "brightness": lambda image: np.zeros_like(image),
    "contrast": lambda image: grey(image).mean(),
    "saturation": lambda image: grey(image)[None],
}

# Dark, so that the mean grey is far from 0.5, in strong colours, and with pixels that are cut.
image = np.random.default_rng(5).uniform(0.0, 1.0, (3, 4, 5)) ** 3
image = image.round(3)
golden = {"image": image.ravel().tolist(), "changes": []}
for name, other in CHANGES.items():
    for factor in FACTORS:
        changed = blend(image, other(image), factor)
        golden["changes"].append({"name": name, "factor": factor, "image": changed.ravel().round(6).tolist()})
with open(sys.argv[1], "w") as file:
    json.dump(golden, file, separators=(",", ":"))
    file.write("\n")
