"""Small ONNX files for `tests/onnx_graph.rs`, from PyTorch's two exporters and written by hand, with ONNX Runtime's outputs.

    pip install numpy onnx onnxruntime onnxscript torch
    python tests/golden/make_onnx_graphs.py

writes tests/golden/onnx_graphs/*.onnx, files of numbers beside them, and outputs.json. The declarations beside them are
written by `UPDATE_DECLARATIONS=1 cargo test --test onnx_graph`, and read by whoever changes them.
"""

import json
import logging
import warnings
from pathlib import Path

import numpy
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional as F

FOLDER = Path(__file__).parent / "onnx_graphs"


class Block(nn.Module):
    """A residual block with batch normalisations, which exporters fold."""

    def __init__(self, channels, filters, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, filters, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(filters)
        self.relu = nn.ReLU()
        self.conv2 = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(filters)
        self.downsample = None
        if stride != 1 or channels != filters:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels, filters, 1, stride, bias=False), nn.BatchNorm2d(filters)
            )

    def forward(self, x):
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 4, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Sequential(Block(4, 4, 1), Block(4, 6, 2))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(6, 3)

    def forward(self, x):
        x = self.layer1(self.maxpool(F.relu(self.bn1(self.conv1(x)))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


class Excite(nn.Module):
    """Squeeze and excitation."""

    def __init__(self, channels, squeeze, gate):
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(channels, squeeze, 1), nn.Conv2d(squeeze, channels, 1)
        self.gate = gate

    def forward(self, x):
        return x * self.gate(self.fc2(F.relu(self.fc1(x.mean((2, 3), keepdim=True)))))


class Mobile(nn.Module):
    """Depthwise convolutions, gates, a concatenation, and a batch normalisation before a convolution, which stays."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(2, 4, 3, 2, 1, bias=False),
            nn.BatchNorm2d(4),
            nn.Hardswish(),
            nn.Conv2d(4, 4, 3, 1, 1, groups=4, bias=False),
            nn.BatchNorm2d(4),
            nn.ReLU6(),
            Excite(4, 2, nn.Hardsigmoid()),
            nn.Conv2d(4, 6, 1),
            nn.SiLU(),
            Excite(6, 2, nn.Sigmoid()),
        )
        self.norm = nn.BatchNorm2d(6, eps=1e-3)
        self.wide = nn.Conv2d(6, 3, (3, 5), padding=(1, 2))
        self.narrow = nn.Conv2d(6, 2, 1)
        self.dropout = nn.Dropout(0.2)
        self.fc = nn.Linear(5 * 4 * 4, 3)

    def forward(self, x):
        x = F.relu(self.norm(self.features(x)))
        x = torch.cat([self.wide(x), self.narrow(x)], 1)
        return self.fc(self.dropout(x.view(x.size(0), -1)))


def ready(net):
    """The network with running statistics that are not the first ones, for inference."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            with torch.no_grad():
                module.weight.uniform_(0.5, 1.5)
                module.bias.uniform_(-0.2, 0.2)
                module.running_mean.uniform_(-0.2, 0.2)
                module.running_var.uniform_(0.5, 1.5)
        if isinstance(module, nn.Conv2d) and module.bias is not None:
            nn.init.uniform_(module.bias, -0.2, 0.2)
    return net.eval()


def export(name, net, **options):
    path = FOLDER / f"{name}.onnx"
    torch.onnx.export(net, (torch.zeros(1, 2, 8, 8),), str(path), verbose=False, **options)
    return path


class Graph:
    """A graph that is written node by node."""

    def __init__(self, seed):
        self.random = numpy.random.default_rng(seed)
        self.nodes, self.tensors = [], []

    def tensor(self, values, kind=numpy.float32):
        name = f"tensor{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(numpy.array(values, kind), name))
        return name

    def weights(self, *shape):
        return self.tensor(self.random.uniform(-0.5, 0.5, shape))

    def node(self, op, *inputs, **attributes):
        output = f"{op}{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output

    def save(self, name, output, shape=("N", 2, 8, 8), nodes=None):
        value = lambda value, shape: helper.make_tensor_value_info(value, TensorProto.FLOAT, shape)
        graph = helper.make_graph(
            self.nodes if nodes is None else nodes, "graph", [value("x", shape)], [value(output, ["N", "K"])], self.tensors
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
        path = FOLDER / f"{name}.onnx"
        path.write_bytes(model.SerializeToString())
        return path


def windows():
    """Windows with all their settings, and names that layers cannot have."""
    g = Graph(1)
    x = g.node("Conv", "x", g.weights(4, 2, 3, 3), g.weights(4), auto_pad="SAME_UPPER", strides=[2, 2])
    x = g.node("LeakyRelu", x, alpha=0.1, name="new")
    x = g.node("Pad", x, g.tensor([0, 0, 1, 0, 0, 0, 2, 1], numpy.int64))
    x = g.node("Conv", x, g.weights(4, 2, 2, 3), group=2, dilations=[2, 1], pads=[0, 1, 0, 0])
    x = g.node("Elu", x, alpha=0.5, name="/input")
    x = g.node("ConvTranspose", x, g.weights(4, 3, 3, 3), strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 1])
    x = g.node("Tanh", x, name="fn")
    x = g.node("Add", x, x, name="2 × the__SAME")
    scales, none = g.tensor([1, 1, 2, 2]), ""
    x = g.node("Resize", x, none, scales, mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    x = g.node("MaxPool", x, kernel_shape=[3, 2], strides=[2, 2], ceil_mode=1)
    x = g.node("Resize", x, none, scales, mode="linear")
    x = g.node("AveragePool", x, kernel_shape=[3, 3], strides=[3, 3], pads=[1, 1, 1, 1])
    x = g.node("LRN", x, size=3, alpha=0.01, beta=0.5, bias=2.0)
    x = g.node("GlobalMaxPool", x)
    x = g.node("Softplus", g.node("Squeeze", x, g.tensor([2, 3], numpy.int64)))
    return g.save("windows", x)


def shapes():
    """Shapes that are computed, a product with its bias, and a softmax."""
    g = Graph(2)
    a = g.node("Clip", g.node("Conv", "x", g.weights(3, 2, 3, 3)), g.tensor(0.0))
    samples = g.node("Unsqueeze", g.node("Gather", g.node("Shape", a), g.tensor(0, numpy.int64), axis=0), g.tensor([0], numpy.int64))
    flat = g.node("Reshape", a, g.node("Concat", samples, g.tensor([-1], numpy.int64), axis=0))
    b = g.node("Gemm", flat, g.weights(108, 5), g.weights(1, 5), alpha=0.5, beta=2.0)
    c = g.node("Add", g.weights(5), g.node("MatMul", flat, g.weights(108, 5)))
    # A gate for each channel from a vector.
    means = g.node("ReduceMean", a, g.tensor([2, 3], numpy.int64), keepdims=0)
    gate = g.node("Reshape", g.node("Gemm", means, g.weights(3, 3), transB=1), g.tensor([0, 3, 1, 1], numpy.int64))
    gated = g.node("Mul", g.node("Sigmoid", gate), a)
    d = g.node("Gemm", g.node("Flatten", gated), g.weights(108, 5))
    x = g.node("Concat", g.node("Add", b, c), d, axis=-1)
    return g.save("shapes", g.node("Softmax", x, axis=-1))


def broken():
    """Files that are refused."""
    g = Graph(3)
    a = g.node("Relu", "x")
    b = g.node("Einsum", a, equation="nchw->nwhc")
    c = g.node("TopK", g.node("Relu", b), g.tensor([1], numpy.int64))
    g.save("unknown", g.node("Einsum", g.node("Conv", c, g.weights(1, 1, 1, 1)), equation="nchw->nc"))
    relu = lambda source, to: helper.make_node("Relu", [source], [to], name=f"make_{to}")
    g = Graph(4)
    g.save("dangling", "y", nodes=[relu("nowhere", "y")])
    g.save("cycle", "y", nodes=[relu("b", "a"), relu("a", "b"), relu("b", "y")])
    g.save("sizes", "y", nodes=[relu("x", "y")], shape=("N", 2, "H", "W"))
    g = Graph(5)
    g.save("huge_padding", g.node("Conv", "x", g.weights(1, 2, 1, 1), pads=[1 << 40, 0, 0, 0]))
    g = Graph(6)
    g.save("huge_groups", g.node("Conv", "x", g.weights(1, 2, 1, 1), group=(1 << 63) - 1))
    for name, entries in {
        "outside": {"location": "../outputs.json"},
        "root": {"location": "/etc/hostname"},
        "beyond": {"location": "outputs.json", "offset": "5", "length": str((1 << 64) - 1)},
        "much": {"location": "outputs.json", "length": str(1 << 50)},
    }.items():
        g = Graph(7)
        y = g.node("Conv", "x", g.weights(1, 2, 1, 1))
        tensor = g.tensors[0]
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in entries.items():
            tensor.external_data.add(key=key, value=value)
        g.save(f"data_{name}", y)


def main():
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    FOLDER.mkdir(exist_ok=True)
    torch.manual_seed(1)
    residual, mobile = ready(Residual()), ready(Mobile())
    files = [
        export("residual_old", residual, dynamo=False),
        export("residual_new", residual, dynamo=True),
        export("mobile_old", mobile, dynamo=False, input_names=["x"], dynamic_axes={"x": {0: "N"}}),
        export("mobile_new", mobile, dynamo=True, dynamic_shapes=({0: torch.export.Dim("N")},)),
        windows(),
        shapes(),
    ]
    image = numpy.random.default_rng(9).uniform(-1, 1, (1, 2, 8, 8)).astype(numpy.float32)
    outputs = {"input": image.ravel().tolist()}
    for path in files:
        # Paths of the machine that exported are no part of the network.
        model = onnx.load(path, load_external_data=False)
        onnx.checker.check_model(str(path))
        for node in model.graph.node:
            node.ClearField("metadata_props")
            node.ClearField("doc_string")
        model.graph.ClearField("value_info")
        path.write_bytes(model.SerializeToString())
        session = onnxruntime.InferenceSession(str(path))
        result = session.run(None, {session.get_inputs()[0].name: image})[0]
        outputs[path.stem] = result.ravel().tolist()
    (FOLDER / "outputs.json").write_text(json.dumps(outputs, indent=1) + "\n")
    broken()


main()
