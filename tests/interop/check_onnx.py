"""Checks networks written in the format of ONNX with ONNX's own checker, and compares their answers with convnet's.

    pip install numpy onnx onnxruntime
    python tests/interop/check_onnx.py

Each network has been run by convnet on one sample and on five, and layer by layer, and the ready networks on one image;
`networks_for_other_programs` of tests/onnx.rs and tests/models.rs leave the files behind. onnxruntime runs those of 4-byte numbers, which are all that it can, and ONNX's reference those of 8 bytes.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
import onnx
import onnxruntime
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

NETWORKS = 16
# Ready networks, and those with normalisations folded.
MODELS = 34
# Of the larger of 1 and the size of a value.
TOLERANCE = 1e-5


class LRN(OpRun):
    """The specification's formula; the reference's own takes the number of samples for that of channels (onnx 1.23)."""

    op_domain = ""

    def _run(self, x, alpha=None, beta=None, bias=None, size=None):
        before, after = (size - 1) // 2, size // 2
        squares = numpy.pad(x**2, [(0, 0), (before, after), (0, 0), (0, 0)])
        sums = sum(squares[:, i:i + x.shape[1]] for i in range(size))
        return (x / (bias + alpha / size * sums) ** beta,)


def run(model, x):
    """The answers, and what the layers give, by name."""
    names = [value.name for value in model.graph.output]
    if x.dtype == numpy.float32:
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        return dict(zip(names, session.run(names, {"input": x})))
    return dict(zip(names, ReferenceEvaluator(model, new_ops=[LRN]).run(names, {"input": x})))


def difference(found, expected):
    """The largest, of the larger of 1 and the size of a value."""
    assert numpy.isfinite(found).all()
    expected = numpy.array(expected).reshape(found.shape)
    return (numpy.abs(found - expected) / numpy.maximum(1, numpy.abs(expected))).max()


def check(path):
    """The largest differences of answers and of what layers give, and how many layers there are."""
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    tensor = model.graph.input[0].type.tensor_type
    shape = [dim.dim_value for dim in tensor.shape.dim][1:]
    dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)
    expected = json.loads(path.with_suffix(".json").read_text())
    answers, layers = [], [0.0]
    for batch in expected["batches"]:
        found = run(model, numpy.array(batch["x"], dtype).reshape([-1, *shape]))["output"]
        assert found.dtype == dtype
        answers.append(difference(found, batch["y"]))
    model.graph.output.extend(value for value in model.graph.value_info if value.name in expected["layers"])
    x = numpy.array(expected["batches"][0]["x"], dtype).reshape([1, *shape])
    for name, found in run(model, x).items():
        if name != "output":
            layers.append(difference(found, expected["layers"][name]))
    return max(answers), max(layers), len(layers) - 1


def networks_of(suite, count):
    """Checks the networks that a suite of tests leaves behind, and says whether there are as many and all are right."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["cargo", "test", "--quiet", "--test", suite, "networks_for_other_programs"],
            cwd=Path(__file__).parents[2], env={**os.environ, "CONVNET_ONNX_FOLDER": folder}, check=True,
        )
        networks = sorted(Path(folder).glob("*.onnx"))
        worst = {path.stem: check(path) for path in networks}
    for name, (answers, layers, number) in worst.items():
        print(f"{name:26} largest differences: answers {answers:.1e}, {number} layers {layers:.1e}", flush=True)
    return len(worst) == count and max(max(found[:2]) for found in worst.values()) <= TOLERANCE


def main():
    if not networks_of("onnx", NETWORKS):
        sys.exit(f"expected {NETWORKS} networks with differences of at most {TOLERANCE}")
    if not networks_of("models", MODELS):
        sys.exit(f"expected {MODELS} ready networks with differences of at most {TOLERANCE}")


if __name__ == "__main__":
    main()
