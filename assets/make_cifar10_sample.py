#!/usr/bin/env python3
"""Makes the CIFAR-10 sample that convnet embeds: 2,000 training and 500 test images.

usage: make_cifar10_sample.py SOURCE TARGET

SOURCE is the archive of CIFAR-10 as JPEG files, train/CLASS/NNNN.jpg and test/CLASS/NNNN.jpg; TARGET receives a gzipped
tar archive of some of them, under the same names and with the same bytes. Each class gives the same number, training
images from the training set and test images from the test set. The choice follows SHA-256 of "SEED choice name", so it
depends on no random generator and no Python version.
"""

import gzip
import hashlib
import io
import sys
import tarfile

SEED = 2009
SIZES = {"train": 2_000, "test": 500}
CLASSES = 10


def key(name):
    return hashlib.sha256(f"{SEED} choice {name}".encode()).digest()


def read(source):
    """The images of the archive, by split, class and name."""
    images = {split: {} for split in SIZES}
    with tarfile.open(source) as archive:
        for member in archive:
            if member.isfile():
                split, label, _ = member.name.split("/")
                images[split].setdefault(label, {})[member.name] = archive.extractfile(member).read()
    return images


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    source, target = sys.argv[1:]
    chosen = {}
    for split, classes in read(source).items():
        if len(classes) != CLASSES:
            sys.exit(f"{source}: not CIFAR-10 as JPEG files")
        for images in classes.values():
            for name in sorted(images, key=key)[: SIZES[split] // CLASSES]:
                chosen[name] = images[name]
    # Nothing but names and bytes in the headers: the same images give the same file.
    with open(target, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as out:
        with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for name in sorted(chosen):
                member = tarfile.TarInfo(name)
                member.size, member.mode = len(chosen[name]), 0o644
                archive.addfile(member, io.BytesIO(chosen[name]))


if __name__ == "__main__":
    main()
