"""Trains the plate detector.

  python train_detector.py --frames romanian_train --photographs train_images; then export.py

One class, anchor-free, one level: each cell of a 40×40 grid over a picture of
320×320 says whether a plate's middle lies near and how far its four sides are
(FCOS, Tian et al., ICCV 2019); the score learns the overlap that the box will
have (quality focal loss, Li et al., NeurIPS 2020). Coarser levels lend it
context. Runs on a GPU where there is one, else on the CPU, in bfloat16.
"""

import random

import cv2
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

import render_plates
import scenes
import training
from train_reader import Conv

SIDE, STRIDE = 320, 8
GRID = SIDE // STRIDE


class Bottleneck(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.a, self.b = Conv(c, c // 2, 1), Conv(c // 2, c, 3, act=False)

    def forward(self, x):
        return F.relu(x + self.b(self.a(x)))


class Detector(nn.Module):
    """[N,3,320,320] BGR 0..255 → [N,1600,5]: score's logit, then the sides' logarithms."""

    def __init__(self):
        super().__init__()
        self.s4 = Conv(3, 32, 6, 4, pad=1)
        self.s8 = nn.Sequential(Conv(32, 48, 3, 2), Bottleneck(48))
        self.s16 = nn.Sequential(Conv(48, 80, 3, 2), Bottleneck(80), Bottleneck(80))
        self.s32 = nn.Sequential(Conv(80, 112, 3, 2), Bottleneck(112), Bottleneck(112))
        self.l16, self.l8 = Conv(112, 80, 1), Conv(80, 48, 1)
        self.m16 = Conv(80, 80)
        self.head = nn.Sequential(Conv(48, 56), Conv(56, 56, 1), nn.Conv2d(56, 5, 1))
        nn.init.constant_(self.head[-1].bias[:1], -4.0)
        with torch.no_grad():
            self.head[-1].bias[1:] = torch.tensor([1.0, 0.0, 1.0, 0.0])

    def forward(self, x):
        x = (x - 110.0) / 60.0
        a = self.s8(self.s4(x))
        b = self.s16(a)
        c = self.s32(b)
        b = self.m16(b + F.interpolate(self.l16(c), scale_factor=2.0, mode="nearest"))
        a = a + F.interpolate(self.l8(b), scale_factor=2.0, mode="nearest")
        return self.head(a).flatten(2).transpose(1, 2).float()


def centres(device="cpu"):
    c = (torch.arange(GRID, device=device) + .5) * STRIDE
    y, x = torch.meshgrid(c, c, indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], 1)


def boxes_of(out, c):
    """Corners [N,1600,4] in pixels of the net's input."""
    d = out[..., 1:].clamp(-4, 4.2).exp() * STRIDE
    return torch.cat([c - d[..., :2], c + d[..., 2:]], -1)


class Samples(torch.utils.data.IterableDataset):
    def __init__(self, frames, photographs, seed):
        self.frames, self.photographs, self.seed = frames, photographs, seed

    def __iter__(self):
        cv2.setNumThreads(0)
        worker = torch.utils.data.get_worker_info()
        rng = random.Random(self.seed * 1000 + (worker.id if worker else 0))
        frames = scenes.real(self.frames)
        photographs = render_plates.photographs(self.photographs, grey=False)
        pool = render_plates.Pool(rng)
        fleet = scenes.Fleet(rng, pool)
        while True:
            img, boxes, ignored = scenes.scene(rng, frames, photographs, pool, fleet, SIDE)
            yield torch.from_numpy(img).permute(2, 0, 1), *targets(boxes, ignored)


def targets(boxes, ignored):
    """For each cell its box (zeros: none) and a weight (0: passed over)."""
    c = centres()
    box, weight = torch.zeros(GRID * GRID, 4), torch.ones(GRID * GRID)
    for b in ignored:
        inside = (c[:, 0] > b[0] - 4) & (c[:, 0] < b[2] + 4) & (c[:, 1] > b[1] - 4) & (c[:, 1] < b[3] + 4)
        weight[inside] = 0
    for b in boxes:
        b = torch.as_tensor(np.asarray(b, np.float32))
        m, s = (b[:2] + b[2:]) / 2, b[2:] - b[:2]
        near = ((c - m).abs() <= torch.maximum(s * .22, torch.tensor([5.0, 5.0]))).all(1)
        around = ((c - m).abs() <= s / 2 + 4).all(1)
        weight[around & ~near] = .25
        box[near], weight[near] = b, 1
    return box, weight


def overlap(a, b):
    """IoU and GIoU of corner boxes [...,4]."""
    wh = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0)
    inter = wh[..., 0] * wh[..., 1]
    area = lambda t: (t[..., 2] - t[..., 0]) * (t[..., 3] - t[..., 1])
    union = area(a) + area(b) - inter
    hull = torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])
    hull = hull[..., 0] * hull[..., 1]
    iou = inter / union.clamp(min=1e-6)
    return iou, iou - (hull - union) / hull.clamp(min=1e-6)


def loss_of(out, box, weight, c):
    positive = box[..., 2] > 0
    n = positive.sum().clamp(min=1)
    pred = boxes_of(out, c)
    iou, giou = overlap(pred[positive], box[positive])
    quality = torch.zeros_like(weight)
    quality[positive] = iou.detach().clamp(.05, 1)
    p = out[..., 0].sigmoid()
    score = (F.binary_cross_entropy_with_logits(out[..., 0], quality, reduction="none") * (p.detach() - quality).abs() ** 2 * weight).sum() / n
    side = torch.cat([c - box[..., :2], box[..., 2:] - c], -1)
    want = (side.clamp(min=1) / STRIDE).log()[positive]
    return score * 2, (1 - giou).sum() / n * 2 + F.smooth_l1_loss(out[..., 1:][positive], want, reduction="sum") / n * .5, iou.mean() if len(iou) else torch.zeros(())


def main():
    p = training.arguments("detector.pt", minutes=60, batch=16, rate=1.5e-3, seed=21)
    p.add_argument("--frames", required=True)
    a = p.parse_args()
    run = training.Training(a, Detector, warm=150, clip=10)
    c, sums = centres(run.device), np.zeros(3)
    for img, box, weight in run.batches(Samples(a.frames, a.photographs, a.seed), prefetch=4):
        x = img.to(run.device).float()
        if run.device == "cpu":
            x = x.to(memory_format=torch.channels_last)
        with torch.autocast(run.device, torch.bfloat16):
            out = run.model(x)
        score, shape, iou = loss_of(out, box.to(run.device), weight.to(run.device), c)
        run.learn(score + shape)
        sums += [score.item(), shape.item(), iou.item()]
        if run.step % 50 == 0:
            print(f"{run.minutes():.1f} min, {run.step * a.batch} seen, score {sums[0] / 50:.3f}, shape {sums[1] / 50:.3f}, overlap {sums[2] / 50:.3f}", flush=True)
            sums[:] = 0
            run.save()
    run.save()
    print("seen", run.step * a.batch, "wrote", a.checkpoint, flush=True)


if __name__ == "__main__":
    main()
