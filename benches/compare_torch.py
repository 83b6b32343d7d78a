#!/usr/bin/env python3
"""Compares convnet with PyTorch, and forward passes with ONNX Runtime and tract: the same work on the same machine, in turn.

    python3 benches/compare_torch.py --rounds 3 --markdown comparison.md
    python3 benches/compare_torch.py --conv 64x56x56:128:3:s2:p1 --batch 8
    python3 benches/compare_torch.py --isa avx2 --only conv/
    python3 benches/compare_torch.py --update BENCHMARKS.md

Each round is a process for each peer and one for convnet, with equal numbers of threads, and one for convnet with one thread; a
figure is the median over rounds of the median over calls. The work is what convnet lists
(`cargo bench -p convnet-benches --bench compare -- --list`). Peers that are not installed are left out; PyTorch makes the networks
that ONNX Runtime and tract read.

Before and after each piece of work, each process times a fixed product of matrices or fixed multiply-adds. A measurement around
which they took more than a quarter longer than at their fastest in the whole run is one of a busy machine: it does not count, and
without one that does there is no ratio.
"""

import argparse
import datetime
import gzip
import importlib.metadata
import importlib.util
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# How many times faster than the faster of PyTorch's layouts.
TARGETS = {
    "lenet/training-step-64": 5,
    "lenet/epoch-60000": 5,
    "lenet/inference-1024": 5,
    "lenet/inference-1": 7,
    "alexnet-small/training-step-64": 1.25,
    "alexnet-small/training-step-128": 1.25,
    "alexnet-small/inference-128": 1.25,
    "alexnet-small/inference-1": 1.0,
    "dense/forward": 1.0,
}
LARGE_NETWORK = 0.5
MOST_MS = {"lenet/inference-1": 0.020}
ONE_CONVOLUTION = 0.9
ALL_CONVOLUTIONS = 1.1  # the geometric mean
SECOND_THREAD = 1.85
LAYOUTS = ("nchw", "channels_last")
PEERS = {"torch": "torch", "onnxruntime": "onnxruntime", "tract": "tract"}  # and the modules that they need
BUSY = 1.25


# ---- Peers: each a process of its own, with the pieces of work on standard input and figures on standard output


def measure_torch(seconds):
    import torch
    import torch.nn.functional as F

    threads = int(os.environ["OMP_NUM_THREADS"])
    torch.set_num_threads(threads)
    # Products of whole 32-bit numbers, as convnet's are.
    torch.set_float32_matmul_precision("highest")
    for part in ("conv", "matmul"):
        settings = getattr(torch.backends.mkldnn, part, None)
        if hasattr(settings, "fp32_precision"):
            settings.fp32_precision = "ieee"

    for piece in read_pieces():
        facts = piece["facts"]
        for layout in LAYOUTS:
            torch.manual_seed(0)
            memory_format = torch.channels_last if layout == "channels_last" else torch.contiguous_format
            if facts.get("layer") == "dense":
                if layout == "channels_last":
                    continue  # There are no channels.
                call = dense_call(torch, F, facts)
            elif "layer" in facts:
                call = convolution_call(torch, F, facts, memory_format)
            else:
                call = network_call(torch, F, facts, memory_format)
            # A training step needs to record what it does; all else must not.
            records = facts.get("work") in ("training-step", "epoch")
            with torch.enable_grad() if records else torch.inference_mode():
                report(piece, layout, seconds, lambda: call)


def measure_torch_memory():
    """Bytes that a piece of work takes at most in memory, with what it works on, as benches/cases/memory.rs counts them."""
    import torch
    import torch.nn.functional as F

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    [piece] = read_pieces()
    Path("/proc/self/clear_refs").write_text("5")  # The most in memory is counted from here on.
    before = resident_bytes()[0]
    call = network_call(torch, F, piece["facts"], torch.contiguous_format)
    for _ in range(3):
        call()
    print(json.dumps({"name": piece["name"], "bytes": resident_bytes()[1] - before}), flush=True)


def resident_bytes():
    status = Path("/proc/self/status").read_text().splitlines()
    lines = {line.split(":")[0]: line.split() for line in status}
    return [1024 * int(lines[name][1]) for name in ("VmRSS", "VmHWM")]


def measure_onnx(who, seconds):
    """Forward passes alone: neither trains."""
    for piece in read_pieces():
        facts = piece["facts"]
        if facts.get("pass") == "forward" or facts.get("work") == "inference":
            with tempfile.TemporaryDirectory() as folder:
                path = str(Path(folder) / "model.onnx")
                shape = write_onnx(path, facts)
                report(piece, who, seconds, lambda: onnx_call(who, path, shape))


def write_onnx(path, facts):
    """Writes a model of one layer or a whole network, and returns the shape of its input."""
    import numpy

    if "network" in facts:
        import torch

        model, shape = make_network(torch, facts["network"])
        shape = (facts["samples"], *shape)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(model.eval(), (torch.zeros(shape),), path, dynamo=False)
        return shape

    from onnx import TensorProto, helper, numpy_helper, save

    random = numpy.random.default_rng(0)
    filters = facts["output"][0]
    if facts["layer"] == "dense":
        x, y = (facts["samples"], facts["input"][0]), (facts["samples"], filters)
        weights = random.standard_normal((filters, x[1]), numpy.float32)
        node = helper.make_node("Gemm", ["x", "w", "b"], ["y"], transB=1)
    else:
        x, y = (facts["samples"], *facts["input"]), (facts["samples"], *facts["output"])
        weights = random.standard_normal((filters, x[1] // facts["groups"], *facts["kernel"]), numpy.float32)
        window = dict(strides=facts["stride"], dilations=facts["dilation"], pads=facts["padding"] * 2)
        node = helper.make_node("Conv", ["x", "w", "b"], ["y"], group=facts["groups"], **window)
    parameters = [(weights, "w"), (random.standard_normal(filters, numpy.float32), "b")]
    graph = helper.make_graph(
        [node],
        "layer",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, y)],
        [numpy_helper.from_array(values, name) for values, name in parameters],
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return x


def onnx_call(who, path, shape):
    import numpy

    x = numpy.random.default_rng(0).standard_normal(shape, numpy.float32)
    if who == "tract":
        import tract

        model = tract.onnx().load(path)
        model.set_input_fact(0, ",".join(map(str, shape)) + ",f32")
        runnable, tensor = model.into_model().into_runnable(), tract.Tensor.from_numpy(x)
        return lambda: runnable.run([tensor])
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ["OMP_NUM_THREADS"])
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda: session.run(None, {name: x})


def read_pieces():
    return (json.loads(line) for line in sys.stdin)


def report(piece, who, seconds, set_up):
    """Measures a piece of work between two runs of the fixed one."""
    before = fixed_work()
    call = set_up()
    times = [1e3 * time for time in spread_of_seconds(seconds, call)]
    del call
    around = [before, fixed_work()]
    print(json.dumps({"name": piece["name"], "who": who, "ms": times, "fixed_ms": around}), flush=True)


def fixed_work():
    import numpy

    a = numpy.full((384, 384), 0.5, numpy.float32)
    times = []
    for _ in range(15):
        start = time.perf_counter()
        a @ a
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def spread_of_seconds(budget, call):
    """Least, median and most, as benches/cases/stopwatch.rs measures them, after some more calls in which PyTorch finds out what
    is fast."""
    begin = time.perf_counter()
    for _ in range(5):
        call()
        if time.perf_counter() - begin > 0.5:
            break
    times = []
    begin = time.perf_counter()
    while True:
        start = time.perf_counter()
        call()
        end = time.perf_counter()
        times.append(end - start)
        if end - begin >= budget and (len(times) >= 5 or end - begin >= 2.0):
            return min(times), statistics.median(times), max(times)


def convolution_call(torch, F, facts, memory_format):
    n, stride, padding = facts["samples"], facts["stride"], facts["padding"]
    dilation, groups = facts["dilation"], facts["groups"]
    filters, channels = facts["output"][0], facts["input"][0] // groups
    x = torch.randn(n, *facts["input"]).contiguous(memory_format=memory_format)
    dy = torch.randn(n, *facts["output"]).contiguous(memory_format=memory_format)
    w = torch.randn(filters, channels, *facts["kernel"]).contiguous(memory_format=memory_format)
    bias = torch.randn(filters)
    if facts["pass"] == "forward":
        return lambda: F.conv2d(x, w, bias, stride, padding, dilation, groups)
    # Gradients by the input, the weights and the bias.
    mask = {"backward-data": [True, False, False], "backward-weights": [False, True, True]}[facts["pass"]]
    backward = torch.ops.aten.convolution_backward
    return lambda: backward(dy, x, w, [filters], stride, padding, dilation, False, [0, 0], groups, mask)


def dense_call(torch, F, facts):
    n, inputs, units = facts["samples"], facts["input"][0], facts["output"][0]
    x, dy = torch.randn(n, inputs), torch.randn(n, units)
    w, bias = torch.randn(units, inputs), torch.randn(units)
    if facts["pass"] == "forward":
        return lambda: F.linear(x, w, bias)
    if facts["pass"] == "backward-data":
        return lambda: dy @ w
    return lambda: (dy.t() @ x, dy.sum(0))


def make_network(torch, name):
    nn = torch.nn

    def conv(channels, filters, kernel, padding, pool):
        layers = [nn.Conv2d(channels, filters, kernel, padding=padding), nn.ReLU()]
        return layers + [nn.MaxPool2d(2)] if pool else layers

    if name == "lenet":
        layers = conv(1, 6, 5, 2, True) + conv(6, 16, 5, 0, True)
        layers += [nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)]
        return nn.Sequential(*layers), (1, 28, 28)
    if name == "alexnet-small":
        layers = conv(3, 64, 3, 1, True) + conv(64, 192, 3, 1, True) + conv(192, 384, 3, 1, False)
        layers += conv(384, 256, 3, 1, False) + conv(256, 256, 3, 1, True)
        layers += [nn.Flatten(), nn.Dropout(0.5), nn.Linear(4096, 1024), nn.ReLU()]
        layers += [nn.Dropout(0.5), nn.Linear(1024, 512), nn.ReLU(), nn.Linear(512, 10)]
        return nn.Sequential(*layers), (3, 32, 32)
    import torchvision

    if name == "googlenet":
        return torchvision.models.googlenet(aux_logits=False, init_weights=False), (3, 224, 224)
    if name in torchvision.models.list_models():
        return torchvision.models.get_model(name), (3, 224, 224)
    if name == "seresnet50":
        import timm

        return timm.create_model(name), (3, 224, 224)
    sys.exit(f"benches/compare_torch.py does not know the network {name}")


def network_call(torch, F, facts, memory_format):
    samples, work = facts["samples"], facts["work"]
    model, shape = make_network(torch, facts["network"])
    model = model.to(memory_format=memory_format)
    if work == "inference":
        model.eval()
        x = torch.randn(samples, *shape).contiguous(memory_format=memory_format)
        return lambda: model(x)

    model.train()
    rate = 0.01 if work == "epoch" else 1e-6
    optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9)

    def step(x, y):
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    if work == "training-step":
        x = torch.randn(samples, *shape).contiguous(memory_format=memory_format)
        y = torch.randint(0, 10, (samples,))
        return lambda: step(x, y)

    # The embedded digits, again and again until there are enough.
    pixels = read_idx(torch, "train-images-idx3-ubyte").float().div(255).sub(0.1307).div(0.3081).unsqueeze(1)
    classes = read_idx(torch, "train-labels-idx1-ubyte").long()
    places = torch.arange(samples) % len(classes)
    pixels, classes = pixels[places].contiguous(memory_format=memory_format), classes[places]

    def epoch():
        for batch in torch.randperm(samples).split(64):
            step(pixels[batch], classes[batch])

    return epoch


def read_idx(torch, name):
    data = bytearray(gzip.decompress((ROOT / "assets" / "mnist" / f"{name}.gz").read_bytes()))
    rank = data[3]
    sizes = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(rank)]
    return torch.frombuffer(data, dtype=torch.uint8, offset=4 + 4 * rank).reshape(sizes)


# ---- Rounds


def run(command, threads, isa=None, stdin=None):
    """The JSON objects that a program prints, one a line."""
    count = str(threads)
    variables = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")
    environment = dict(os.environ, **dict.fromkeys(variables, count))
    if isa:
        environment |= {"CONVNET_ISA": isa, "ONEDNN_MAX_CPU_ISA": isa.upper(), "ATEN_CPU_CAPABILITY": isa}
    try:
        result = subprocess.run(command, env=environment, input=stdin, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    except OSError as error:
        sys.exit(f"{command[0]}: cannot run: {error.strerror}")
    if result.returncode != 0:
        sys.exit(f"{Path(command[0]).name} ended with status {result.returncode}")
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


def build():
    """The program that measures convnet."""
    command = ["cargo", "bench", "-p", "convnet-benches", "--bench", "compare", "--no-run", "--message-format=json"]
    for message in run(command, os.cpu_count()):
        if message.get("executable") and message["target"]["name"] == "compare":
            return message["executable"]
    sys.exit("cargo did not build the benchmark compare")


class Figures:
    """Measurements of all rounds: of who ("nchw", "onnxruntime", "convnet", "one thread", …) at which piece of work."""

    def __init__(self):
        self.lines = {}
        self.fastest = {}

    def add(self, who, kind, line):
        """`kind` is the process that measured: each has its own fixed work."""
        self.lines.setdefault((line["name"], who), []).append((kind, line))
        self.fastest[kind] = min([self.fastest.get(kind, math.inf)] + line["fixed_ms"])

    def get(self, name, who):
        """Least, median and most milliseconds of the rounds in which the machine was not busy; None without any."""
        quiet = [
            line["ms"] for kind, line in self.lines.get((name, who), []) if max(line["fixed_ms"]) <= BUSY * self.fastest[kind]
        ]
        if not quiet:
            return None
        least, medians, most = zip(*quiet)
        return min(least), statistics.median(medians), max(most)

    def was_busy(self, name, who):
        return (name, who) in self.lines and self.get(name, who) is None


def rounds(options, program, pieces, peers, chosen):
    figures = Figures()
    listed = "".join(json.dumps(piece) + "\n" for piece in pieces)
    seconds = ["--seconds", str(options.seconds)]
    convnet = [program, "--json", *seconds, *chosen]
    for number in range(1, options.rounds + 1):
        for peer in peers:
            say(f"round {number} of {options.rounds}: {peer}")
            command = [sys.executable, str(Path(__file__).resolve()), "--measure", peer, *seconds]
            for line in run(command, options.threads, options.isa, listed):
                figures.add(line["who"], peer, line)
        for who, threads in (("convnet", options.threads), ("one thread", 1)):
            if who == "convnet" or options.threads > 1:
                say(f"round {number} of {options.rounds}: convnet, threads: {threads}")
                for line in run(convnet, threads, options.isa):
                    figures.add(who, who, line)
    return figures


def memory(options, program, pieces):
    """A table of the bytes that each training step takes, or nothing where Linux does not tell; a process for each."""
    rows = [["training step", "PyTorch, MB", "convnet, MB", "ratio"]]
    for piece in pieces:
        if piece["facts"].get("work") != "training-step" or not Path("/proc/self/status").exists():
            continue
        say(f"memory: {piece['name']}")
        theirs = [sys.executable, str(Path(__file__).resolve()), "--measure", "memory"]
        [theirs] = run(theirs, options.threads, options.isa, json.dumps(piece) + "\n")
        [ours] = run([program, "--memory", piece["name"]], options.threads, options.isa)
        ours, theirs = (max(found["bytes"], 1) / 1e6 for found in (ours, theirs))
        rows.append([piece["name"], f"{theirs:,.0f}", f"{ours:,.0f}", f"{theirs / ours:.2f}"])
    return f"\n\nMemory at most, with the weights and the batch:\n\n{aligned(rows)}" if len(rows) > 1 else ""


def say(text):
    print(text, file=sys.stderr, flush=True)


# ---- The table


def table(figures, pieces, threads, peers, told=True):
    """With `told`, also the targets and whether they are met."""
    speed_up = f"1 thread ÷ {threads}"
    others = [peer for peer in peers if peer != "torch"]
    rows = [["work", "PyTorch NCHW, ms", "channels last, ms"] + [f"{peer}, ms" for peer in others]]
    rows[0] += ["convnet, ms", "least–most", "ratio", "target", "met"] + [f"to {peer}" for peer in others] + [speed_up, "met"]
    ratios, speed_ups = {}, {}
    for piece in pieces:
        name, facts = piece["name"], piece["facts"]
        median = lambda who: (figures.get(name, who) or [None] * 3)[1]
        busy = lambda who: "busy" if figures.was_busy(name, who) else ""
        ours, ratio = median("convnet"), ratio_of(figures, name)
        target = ONE_CONVOLUTION if facts.get("layer") == "conv" else TARGETS.get(name, LARGE_NETWORK if facts.get("large") else None)
        most = MOST_MS.get(name)
        met = [ratio >= target] if target and ratio else []
        met += [ours <= most] if most and ours else []
        words = ([f"≥ {target:g}"] if target else []) + ([f"≤ {most:g} ms"] if most else [])
        alone = median("one thread")
        alone = alone / ours if alone and ours and facts["samples"] > 1 else None
        if facts.get("layer") == "conv":
            if ratio:
                ratios.setdefault(facts["pass"], []).append(ratio)
            if alone:
                speed_ups.setdefault(facts["pass"], []).append(alone)
        cells = [number(median(who)) or busy(who) for who in (*LAYOUTS, *others, "convnet")]
        spread = figures.get(name, "convnet")
        cells += [f"{number(spread[0])}–{number(spread[2])}" if spread else ""]
        cells += [f"{ratio:.2f}" if ratio else "busy", ", ".join(words), yes(met)]
        cells += [f"{median(who) / ours:.2f}" if ours and median(who) else busy(who) for who in others]
        rows.append([name] + cells + second_thread(alone, threads))
    for step, values in ratios.items():
        mean = statistics.geometric_mean(values)
        blank = [""] * (len(others) + 4)
        row = [f"conv/{step}, geometric mean of {len(values)}", *blank, f"{mean:.2f}"]
        row += [f"≥ {ALL_CONVOLUTIONS:g}", yes([mean >= ALL_CONVOLUTIONS])] + [""] * len(others)
        alone = statistics.geometric_mean(speed_ups[step]) if step in speed_ups else None
        rows.append(row + second_thread(alone, threads))
    if threads == 1:
        rows = [row[:-2] for row in rows]
    if not told:
        kept = [i for i, title in enumerate(rows[0]) if title not in ("target", "met")]
        rows = [[row[i] for i in kept] for row in rows]
    return aligned(rows)


def aligned(rows):
    """A table in Markdown, with its numbers to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    rule = ["-" * widths[0]] + ["-" * (width - 1) + ":" for width in widths[1:]]
    lines = []
    for row in rows[:1] + [rule] + rows[1:]:
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


# ---- BENCHMARKS.md


def update(path, options, program, pieces, peers, chosen):
    """Measures everything that the file tells, and writes it between the file's markers, piece by piece."""
    ratios = {}
    for isa in (None, "avx2"):
        now = argparse.Namespace(**{**vars(options), "isa": isa})
        figures = rounds(now, program, pieces, peers, chosen)
        told = memory(now, program, pieces) if isa is None else ""
        where = "\n".join(f"- {line}" for line in conditions(now, peers, told=False).splitlines())
        write_between(path, isa or "best", f"{where}\n\n{folded(figures, pieces, options.threads, peers)}{told}")
        ratios[isa] = [(piece, ratio_of(figures, piece["name"])) for piece in pieces]
    write_between(path, "short", in_short(ratios))
    for bench in ("growth", "scaling", "arithmetic"):
        settings = [] if bench == "arithmetic" else ["--seconds", str(options.seconds)]
        command = ["cargo", "bench", "-p", "convnet-benches", "--bench", bench, "--", *settings]
        result = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, check=True)
        write_between(path, bench, result.stdout.strip())


def write_between(path, name, text):
    """Replaces what is between two lines of the file."""
    first, last = f"<!-- measured: {name} -->\n", "<!-- end -->"
    whole = path.read_text()
    if first not in whole or last not in whole.split(first, 1)[1]:
        sys.exit(f"{path}: expected the lines {first.strip()} and {last}, found no such part")
    before, rest = whole.split(first, 1)
    path.write_text(f"{before}{first}{text}\n{last}{rest.split(last, 1)[1]}")


def folded(figures, pieces, threads, peers):
    """The networks, and below them what a reader has to open: each single layer."""
    layers = [piece for piece in pieces if "layer" in piece["facts"]]
    networks = [piece for piece in pieces if "layer" not in piece["facts"]]
    single = table(figures, layers, threads, peers, told=False)
    single = f"<details><summary>Each single layer, and their means</summary>\n\n{single}\n\n</details>"
    return f"{table(figures, networks, threads, peers, told=False)}\n\n{single}" if networks else single


def ratio_of(figures, name):
    """The time of the faster of PyTorch's layouts ÷ convnet's; None if the machine was busy."""
    ours, *theirs = (figures.get(name, who) for who in ("convnet", *LAYOUTS))
    theirs = [spread[1] for spread in theirs if spread]
    return min(theirs) / ours[1] if ours and theirs and not any(figures.was_busy(name, layout) for layout in LAYOUTS) else None


def in_short(ratios):
    lines = []
    for isa, title in ((None, "With all instructions of the processor"), ("avx2", "With AVX2 alone")):
        groups = {}
        for piece, ratio in ratios[isa]:
            facts = piece["facts"]
            if ratio:
                name = f"single {facts['layer']} layers" if "layer" in facts else f"{facts['network']}, {facts['work'].replace('-', ' ')}"
                groups.setdefault(name.replace("single conv layers", "single convolutions"), []).append(ratio)
        lines.append(f"{title}, times PyTorch's speed (least, geometric mean, most):\n")
        for name, found in groups.items():
            mean = statistics.geometric_mean(found)
            lines.append(f"- {name}: {min(found):.2f}, {mean:.2f}, {max(found):.2f}" if len(found) > 1 else f"- {name}: {mean:.2f}")
        lines.append("")
    return "\n".join(lines).strip()


def number(milliseconds):
    """Three digits that mean something, at least."""
    if milliseconds is None:
        return ""
    digits = max(0, 2 - math.floor(math.log10(milliseconds)))
    return f"{milliseconds:,.{digits}f}"


def yes(met):
    return "" if not met else "yes" if all(met) else "no"


def second_thread(ratio, threads):
    """The gain by further threads; for two of them there is a target."""
    if ratio is None:
        return ["", ""]
    return [f"{ratio:.2f}", yes([ratio >= SECOND_THREAD] if threads == 2 else [])]


def conditions(options, peers, told=True):
    processor = "unknown processor"
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    rustc = subprocess.run(["rustc", "--version"], stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout.split()[1]
    metadata = run(["cargo", "metadata", "--no-deps", "--format-version", "1"], 1)[0]
    version = next(package["version"] for package in metadata["packages"] if package["name"] == "convnet")
    names = {"torch": "PyTorch", "onnxruntime": "ONNX Runtime", "tract": "tract"}
    versions = ", ".join(f"{names[peer]} {importlib.metadata.version(peer)}" for peer in peers)
    limited = f", instructions limited to {options.isa} (not of ONNX Runtime and tract)" if options.isa else ""
    lines = [
        f"{datetime.date.today()}, {processor}, {os.cpu_count()} processors, threads: {options.threads}{limited}",
        f"{versions}, Python {platform.python_version()}, rustc {rustc}, convnet {version}",
        f"rounds: {options.rounds}, of which the median; {options.seconds:g} s for each piece of work in each round",
        "ratio: the faster of PyTorch's two layouts ÷ convnet; to a peer: the peer ÷ convnet; busy: no quiet measurement",
        f"targets of single convolutions: each ≥ {ONE_CONVOLUTION}, geometric mean ≥ {ALL_CONVOLUTIONS:g}; of a second "
        f"thread: ≥ {SECOND_THREAD} times as fast",
    ]
    return "\n".join(lines if told else lines[:-1])


def positive(kind):
    def parse(text):
        value = kind(text)
        if not (math.isfinite(value) and value > 0):
            raise argparse.ArgumentTypeError(f"expected a number above 0, found {text}")
        return value

    return parse


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=positive(int), default=3, help="how often to measure all (default 3)")
    parser.add_argument("--seconds", type=positive(float), default=0.5, help="for each piece of work (default 0.5)")
    parser.add_argument("--only", default="", metavar="NAME", help="only work whose name contains this")
    parser.add_argument("--conv", action="append", default=[], metavar="SIZES", help="a convolution, as conv_throughput takes it")
    parser.add_argument("--file", metavar="FILE", help="a file of convolutions, as conv_throughput takes it")
    parser.add_argument("--model", metavar="NAME", help="every convolution of a model, such as resnet50")
    parser.add_argument("--batch", type=positive(int), default=8, help="samples, where sizes do not say it (default 8)")
    parser.add_argument("--threads", type=positive(int), default=2, help="of all (default 2)")
    parser.add_argument("--isa", choices=["avx2"], help="limits the instructions of convnet and PyTorch")
    parser.add_argument("--peers", default=",".join(PEERS), help="of " + ", ".join(PEERS) + " (default: all that are installed)")
    parser.add_argument("--markdown", metavar="FILE", help="writes the table to a file, too")
    parser.add_argument("--update", metavar="FILE", type=Path, help="measures all, also with AVX2 alone, and writes BENCHMARKS.md")
    parser.add_argument("--measure", choices=[*PEERS, "memory"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    for peer in options.peers.split(","):
        if peer not in PEERS:
            parser.error(f"argument --peers: expected some of {', '.join(PEERS)}, found {peer}")
    peers = [peer for peer in options.peers.split(",") if importlib.util.find_spec(PEERS[peer])]
    missing = [module for module in ("torch", "torchvision", "timm", "numpy") if importlib.util.find_spec(module) is None]
    if missing or "torch" not in peers:
        sys.exit(
            f"the comparison needs torch, torchvision, timm and numpy, missing: {', '.join(missing) or 'torch in --peers'}; "
            "python3 -m venv venv && venv/bin/pip install torch torchvision timm numpy onnx onnxruntime, "
            "then venv/bin/python benches/compare_torch.py"
        )
    if importlib.util.find_spec("onnx") is None:
        peers = ["torch"]
    if options.measure == "memory":
        return measure_torch_memory()
    if options.measure:
        return measure_torch(options.seconds) if options.measure == "torch" else measure_onnx(options.measure, options.seconds)
    try:
        markdown = open(options.markdown, "w") if options.markdown else None
    except OSError as error:
        sys.exit(f"{options.markdown}: cannot write: {error.strerror}")
    program = build()
    chosen = [word for sizes in options.conv for word in ("--conv", sizes)]
    chosen += ["--file", str(Path(options.file).resolve())] if options.file else []
    chosen += ["--model", options.model] if options.model else []
    chosen += ["--batch", str(options.batch), options.only]
    pieces = run([program, "--list", *chosen], options.threads)
    if not pieces:
        sys.exit(f"no work has {options.only!r} in its name")
    if options.update:
        return update(options.update, options, program, pieces, peers, chosen)
    figures = rounds(options, program, pieces, peers, chosen)
    where, result = conditions(options, peers), table(figures, pieces, options.threads, peers)
    result += memory(options, program, pieces)
    print(f"{where}\n\n{result}")
    if markdown:
        markdown.write("\n".join(f"- {line}" for line in where.splitlines()) + f"\n\n{result}\n")
        markdown.close()


if __name__ == "__main__":
    main()
