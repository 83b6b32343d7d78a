#!/usr/bin/env python3
"""Makes the MNIST sample that convnet embeds: 12,000 training and 2,000 test digits.

usage: make_mnist_sample.py SOURCE TARGET

SOURCE holds the four files of MNIST, plain or gzipped; TARGET receives four gzipped IDX files.
Training digits come from the training set, test digits from the test set, in the classes' original
proportions (largest remainder). Choice and order follow SHA-256 of "SEED purpose split index", so they
depend on no random generator and no Python version.
"""

import gzip
import hashlib
import pathlib
import struct
import sys

SEED = 1998
SIZES = {"train": 12_000, "t10k": 2_000}
IMAGE = 28 * 28


def read(folder, name):
    plain = folder / name
    return plain.read_bytes() if plain.exists() else gzip.decompress((folder / f"{name}.gz").read_bytes())


def write(folder, name, dims, data):
    header = struct.pack(f">BBBB{len(dims)}I", 0, 0, 8, len(dims), *dims)
    with open(folder / f"{name}.gz", "wb") as file:
        # No name and no time in the gzip header: the same digits give the same file.
        with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=file, mtime=0) as out:
            out.write(header + data)


def key(purpose, split, index):
    return hashlib.sha256(f"{SEED} {purpose} {split} {index}".encode()).digest()


def proportions(counts, size):
    """How many of each class make `size` in the proportions of `counts`: largest remainder."""
    total = sum(counts)
    shares = [size * count // total for count in counts]
    by_remainder = sorted(range(len(counts)), key=lambda c: (-(size * counts[c] % total), c))
    for label in by_remainder[: size - sum(shares)]:
        shares[label] += 1
    return shares


def choose(split, labels, size):
    members = [[i for i, label in enumerate(labels) if label == c] for c in range(10)]
    shares = proportions([len(m) for m in members], size)
    chosen = []
    for indices, share in zip(members, shares):
        chosen += sorted(indices, key=lambda i: key("choice", split, i))[:share]
    return sorted(chosen, key=lambda i: key("order", split, i))


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    source, target = map(pathlib.Path, sys.argv[1:])
    target.mkdir(parents=True, exist_ok=True)
    for split, size in SIZES.items():
        images = read(source, f"{split}-images-idx3-ubyte")
        labels = read(source, f"{split}-labels-idx1-ubyte")
        (count,) = struct.unpack(">I", labels[4:8])
        if images[:16] != struct.pack(">4I", 2051, count, 28, 28) or labels[:4] != struct.pack(">I", 2049):
            sys.exit(f"{source}: not the four files of MNIST")
        images, labels = images[16:], labels[8:]
        chosen = choose(split, labels, size)
        pixels = b"".join(images[i * IMAGE : (i + 1) * IMAGE] for i in chosen)
        write(target, f"{split}-images-idx3-ubyte", (size, 28, 28), pixels)
        write(target, f"{split}-labels-idx1-ubyte", (size,), bytes(labels[i] for i in chosen))


if __name__ == "__main__":
    main()
