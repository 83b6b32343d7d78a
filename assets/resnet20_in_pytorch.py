"""Trains ResNet-20 on CIFAR-10 in PyTorch as the example resnet20_cifar10 does, to compare the accuracies.

    python3 assets/resnet20_in_pytorch.py cifar10-jpeg.tar.gz 30

The archive holds the images as train/CLASS/*.jpg and test/CLASS/*.jpg. Batches of 128, SGD with momentum 0.9, one-cycle with a peak
of 0.2, a penalty of 5e-4 on weights, crops with 4 pixels of padding and flips, 5 % of the training images to validate.
Requires torch and pillow.
"""

import io
import sys
import tarfile
import time

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

BATCH, PEAK, DECAY = 128, 0.2, 5e-4
MEAN = torch.tensor([0.4914, 0.4822, 0.4465]).view(1, 3, 1, 1)
STD = torch.tensor([0.2470, 0.2435, 0.2616]).view(1, 3, 1, 1)


def load(archive):
    """Bytes and classes of the images of each part."""
    parts = {"train": [], "test": []}
    with tarfile.open(archive) as tar:
        for member in sorted(tar.getmembers(), key=lambda member: member.name):
            if member.isfile():
                part, name, _ = member.name.removeprefix("./").split("/")[-3:]
                image = Image.open(io.BytesIO(tar.extractfile(member).read())).convert("RGB")
                parts[part].append((np.asarray(image), name))
    names = sorted({name for _, name in parts["train"]})
    for part in ["train", "test"]:
        images = torch.from_numpy(np.stack([image for image, _ in parts[part]])).permute(0, 3, 1, 2).contiguous()
        yield images, torch.tensor([names.index(name) for _, name in parts[part]])


class Basic(nn.Module):
    def __init__(self, channels, filters, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, filters, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(filters)
        self.conv2 = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(filters)
        self.stride, self.more = stride, filters - channels

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.stride > 1:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, self.more))
        return F.relu(x + y)


def resnet20():
    sizes = [(16, 16, 1)] * 3 + [(16, 32, 2), (32, 32, 1), (32, 32, 1), (32, 64, 2), (64, 64, 1), (64, 64, 1)]
    first = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    last = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)]
    net = nn.Sequential(*first, *(Basic(*size) for size in sizes), *last)
    for module in net.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(module.weight)
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)
    return net.to(memory_format=torch.channels_last)


def normalized(images):
    return ((images.float() / 255 - MEAN) / STD).contiguous(memory_format=torch.channels_last)


def augmented(images):
    count, rows = len(images), torch.arange(32)
    top, left, flip = torch.randint(0, 9, (count,)), torch.randint(0, 9, (count,)), torch.rand(count) < 0.5
    columns = left[:, None] + rows
    columns = torch.where(flip[:, None], columns.flip(1), columns)[:, None, None, :]
    rows = (top[:, None] + rows)[:, None, :, None]
    channels = torch.arange(3)[None, :, None, None]
    return F.pad(images, (4, 4, 4, 4))[torch.arange(count)[:, None, None, None], channels, rows, columns]


def accuracy(net, images, classes):
    net.eval()
    with torch.no_grad():
        batches = zip(images.split(500), classes.split(500))
        right = sum((net(normalized(x)).argmax(1) == y).sum().item() for x, y in batches)
    net.train()
    return 100 * right / len(images)


def main():
    archive, epochs = sys.argv[1], int(sys.argv[2])
    torch.manual_seed(1)
    (images, classes), test = load(archive)
    order = torch.randperm(len(images))
    held = len(images) // 20
    validation = images[order[:held]], classes[order[:held]]
    images, classes = images[order[held:]], classes[order[held:]]
    net = resnet20()
    weights = [p for p in net.parameters() if p.dim() > 1]
    others = [p for p in net.parameters() if p.dim() == 1]
    groups = [{"params": weights, "weight_decay": DECAY}, {"params": others, "weight_decay": 0}]
    optimizer = torch.optim.SGD(groups, lr=PEAK, momentum=0.9)
    steps = epochs * -(-len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK, total_steps=steps + 1, cycle_momentum=False)
    for epoch in range(1, epochs + 1):
        start, right = time.time(), 0
        for batch in torch.randperm(len(images)).split(BATCH):
            outputs = net(normalized(augmented(images[batch])))
            loss = F.cross_entropy(outputs, classes[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            right += (outputs.argmax(1) == classes[batch]).sum().item()
        train, seconds = 100 * right / len(images), time.time() - start
        print(f"epoch {epoch}: train {train:.2f} %, validation {accuracy(net, *validation):.2f} %, {seconds:.0f} s", flush=True)
    print(f"test accuracy: {accuracy(net, *test):.2f} %")


if __name__ == "__main__":
    main()
