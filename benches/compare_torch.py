#!/usr/bin/env python3
"""Compares convnet with PyTorch: the same work on the same machine, in turn.

    python3 benches/compare_torch.py --rounds 3 --markdown comparison.md

Each round is a process for PyTorch and one for convnet, with equal numbers of threads, and one for convnet with one
thread; a figure is the median over rounds of the median over calls. What the work is, convnet says itself
(`cargo bench -p convnet-benches --bench compare -- --list`).
"""

import argparse
import datetime
import gzip
import importlib.util
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import time
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


# ---- PyTorch: a process of its own, with the pieces of work on standard input and figures on standard output


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

    for line in sys.stdin:
        piece = json.loads(line)
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
                milliseconds = 1e3 * median_seconds(seconds, call)
            report = {"name": piece["name"], "layout": layout, "threads": threads, "median_ms": milliseconds}
            print(json.dumps(report), flush=True)


def median_seconds(budget, call):
    """As benches/cases/stopwatch.rs does it, after some more calls in which PyTorch finds out what is fast."""
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
            return statistics.median(times)


def convolution_call(torch, F, facts, memory_format):
    n, stride, padding = facts["samples"], facts["stride"], facts["padding"]
    filters, channels = facts["output"][0], facts["input"][0]
    x = torch.randn(n, *facts["input"]).contiguous(memory_format=memory_format)
    dy = torch.randn(n, *facts["output"]).contiguous(memory_format=memory_format)
    w = torch.randn(filters, channels, *facts["kernel"]).contiguous(memory_format=memory_format)
    bias = torch.randn(filters)
    if facts["pass"] == "forward":
        return lambda: F.conv2d(x, w, bias, stride, padding)
    # Gradients by the input, the weights and the bias.
    mask = {"backward-data": [True, False, False], "backward-weights": [False, True, True]}[facts["pass"]]
    backward = torch.ops.aten.convolution_backward
    return lambda: backward(dy, x, w, [filters], stride, padding, [1, 1], False, [0, 0], 1, mask)


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


def run(command, threads, stdin=None):
    """The JSON objects that a program prints, one a line."""
    count = str(threads)
    environment = dict(os.environ, OMP_NUM_THREADS=count, MKL_NUM_THREADS=count, RAYON_NUM_THREADS=count)
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


def rounds(options, program, pieces):
    """Median milliseconds by (name, who): who is a layout of PyTorch's, "convnet" or "one thread"."""
    figures = {}
    listed = "".join(json.dumps(piece) + "\n" for piece in pieces)
    torch = [sys.executable, str(Path(__file__).resolve()), "--measure", "--seconds", str(options.seconds)]
    convnet = [program, "--json", "--seconds", str(options.seconds), options.only]
    for number in range(1, options.rounds + 1):
        say(f"round {number} of {options.rounds}: PyTorch")
        for line in run(torch, options.threads, listed):
            figures.setdefault((line["name"], line["layout"]), []).append(line["median_ms"])
        for who, threads in (("convnet", options.threads), ("one thread", 1)):
            if who == "convnet" or options.threads > 1:
                say(f"round {number} of {options.rounds}: convnet, threads: {threads}")
                for line in run(convnet, threads):
                    figures.setdefault((line["name"], who), []).append(line["median_ms"])
    return {key: statistics.median(values) for key, values in figures.items()}


def say(text):
    print(text, file=sys.stderr, flush=True)


# ---- The table


def table(figures, pieces, threads):
    speed_up = f"1 thread ÷ {threads}"
    rows = [["work", "PyTorch NCHW, ms", "channels_last, ms", "convnet, ms", "ratio", "target", "met", speed_up, "met"]]
    ratios, speed_ups = {}, {}
    for piece in pieces:
        name, facts = piece["name"], piece["facts"]
        ours = figures[name, "convnet"]
        theirs = [figures.get((name, layout)) for layout in LAYOUTS]
        ratio = min(ms for ms in theirs if ms is not None) / ours
        target = ONE_CONVOLUTION if facts.get("layer") == "conv" else TARGETS.get(name, LARGE_NETWORK if facts.get("large") else None)
        most = MOST_MS.get(name)
        met = [ratio >= target] if target else []
        met += [ours <= most] if most else []
        words = ([f"≥ {target:g}"] if target else []) + ([f"≤ {most:g} ms"] if most else [])
        alone = figures.get((name, "one thread"))
        alone = alone / ours if alone and facts["samples"] > 1 else None
        if facts.get("layer") == "conv":
            ratios.setdefault(facts["pass"], []).append(ratio)
            if alone:
                speed_ups.setdefault(facts["pass"], []).append(alone)
        rows.append([name] + [number(ms) for ms in theirs] + [number(ours), f"{ratio:.2f}", ", ".join(words), yes(met)])
        rows[-1] += second_thread(alone, threads)
    for step, values in ratios.items():
        mean = statistics.geometric_mean(values)
        rows.append([f"conv/{step}, geometric mean of {len(values)}", "", "", "", f"{mean:.2f}"])
        rows[-1] += [f"≥ {ALL_CONVOLUTIONS:g}", yes([mean >= ALL_CONVOLUTIONS])]
        alone = statistics.geometric_mean(speed_ups[step]) if step in speed_ups else None
        rows[-1] += second_thread(alone, threads)
    if threads == 1:
        rows = [row[:-2] for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    rule = ["-" * widths[0]] + ["-" * (width - 1) + ":" for width in widths[1:]]
    lines = []
    for row in rows[:1] + [rule] + rows[1:]:
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


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


def conditions(options):
    import torch

    processor = "unknown processor"
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    rustc = subprocess.run(["rustc", "--version"], stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout.split()[1]
    metadata = run(["cargo", "metadata", "--no-deps", "--format-version", "1"], 1)[0]
    version = next(package["version"] for package in metadata["packages"] if package["name"] == "convnet")
    return "\n".join([
        f"{datetime.date.today()}, {processor}, {os.cpu_count()} processors, threads: {options.threads}",
        f"PyTorch {torch.__version__}, Python {platform.python_version()}, rustc {rustc}, convnet {version}",
        f"rounds: {options.rounds}, of which the median; {options.seconds:g} s for each piece of work in each round",
        "ratio: the faster of PyTorch's two layouts ÷ convnet",
        f"targets of single convolutions: each ≥ {ONE_CONVOLUTION}, geometric mean ≥ {ALL_CONVOLUTIONS:g}; of a second "
        f"thread: ≥ {SECOND_THREAD} times as fast",
    ])


def positive(kind):
    def parse(text):
        value = kind(text)
        if not (math.isfinite(value) and value > 0):
            raise argparse.ArgumentTypeError(f"expected a number above 0, found {text}")
        return value

    return parse


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=positive(int), default=3, help="how often to measure both (default 3)")
    parser.add_argument("--seconds", type=positive(float), default=0.5, help="for each piece of work (default 0.5)")
    parser.add_argument("--only", default="", metavar="NAME", help="only work whose name contains this")
    parser.add_argument("--threads", type=positive(int), default=2, help="of both (default 2)")
    parser.add_argument("--markdown", metavar="FILE", help="writes the table to a file, too")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if importlib.util.find_spec("torch") is None:
        sys.exit(
            "PyTorch is missing: python3 -m venv venv && venv/bin/pip install torch numpy, "
            "then venv/bin/python benches/compare_torch.py"
        )
    if options.measure:
        return measure_torch(options.seconds)
    try:
        markdown = open(options.markdown, "w") if options.markdown else None
    except OSError as error:
        sys.exit(f"{options.markdown}: cannot write: {error.strerror}")
    program = build()
    pieces = run([program, "--list", options.only], options.threads)
    if not pieces:
        sys.exit(f"no work has {options.only!r} in its name")
    figures = rounds(options, program, pieces)
    where, result = conditions(options), table(figures, pieces, options.threads)
    print(f"{where}\n\n{result}")
    if markdown:
        markdown.write("\n".join(f"- {line}" for line in where.splitlines()) + f"\n\n{result}\n")
        markdown.close()


if __name__ == "__main__":
    main()
