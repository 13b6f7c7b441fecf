"""Trains the plate reader.

  python train_reader.py --photographs DIR [--minutes 70] [--threads 1]; then export.py

A fully convolutional net reads a grey picture of 128×32 in 32 columns; each
column gives the probabilities of 37 symbols (0: nothing, then 0-9, A-Z), as
in connectionist temporal classification (Graves et al., ICML 2006). It sees
no further than a few characters, so it learns shapes and not the syntax of a
country. Runs on a GPU where there is one, else on the CPU, in bfloat16.
"""

import random

import cv2
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

import real_plates
import render_plates
import training
from glyphs import ALPHABET

W, H, COLUMNS = 128, 32, 32
REAL = .08  # share of real plates, where there are any


class Conv(nn.Sequential):
    def __init__(self, i, o, k=3, s=1, act=True, pad=None):
        if pad is None:
            pad = (k // 2, k // 2) if isinstance(k, int) else (k[0] // 2, k[1] // 2)
        layers = [nn.Conv2d(i, o, k, s, pad, bias=False), nn.BatchNorm2d(o)]
        super().__init__(*(layers + ([nn.ReLU(inplace=True)] if act else [])))


class Residual(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.a, self.b = Conv(c, c), Conv(c, c, act=False)

    def forward(self, x):
        return F.relu(x + self.b(self.a(x)))


class Reader(nn.Module):
    """[N,1,32,128] in 0..255 → log-probabilities [N,32,37]."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            Conv(1, 24, 3, 2), Residual(24),            # 16×64
            Conv(24, 48, 3, 2), Residual(48),           # 8×32
            Conv(48, 88, 3, (2, 1)), Residual(88), Residual(88),  # 4×32
            Conv(88, 128, 3, (2, 1)), Residual(128),    # 2×32
            nn.Conv2d(128, 160, (2, 1), bias=False), nn.BatchNorm2d(160), nn.ReLU(inplace=True),  # 1×32
            Conv(160, 128, (1, 5)), nn.Dropout(0.1), nn.Conv2d(128, 1 + len(ALPHABET), (1, 3), padding=(0, 1)))

    def forward(self, x):
        # Each picture by its own light: net and runtime agree on it so.
        m = x.mean((1, 2, 3), keepdim=True)
        d = ((x - m) ** 2).mean((1, 2, 3), keepdim=True)
        x = (x - m) / torch.sqrt(d + 25.0)
        return F.log_softmax(self.body(x).squeeze(2).transpose(1, 2).float(), -1)


class Samples(torch.utils.data.IterableDataset):
    def __init__(self, photographs, seed, ease, real=None):
        self.folder, self.seed, self.ease, self.real = photographs, seed, ease, real

    def __iter__(self):
        cv2.setNumThreads(0)
        worker = torch.utils.data.get_worker_info()
        rng = random.Random(self.seed * 1000 + (worker.id if worker else 0))
        backgrounds = render_plates.photographs(self.folder)
        pool = render_plates.Pool(rng)
        n = 0
        while True:
            n += 1
            if self.real and rng.random() < REAL:
                img, text = self.real.take(rng, (W, H))
            else:
                img, text = render_plates.look(rng, backgrounds, (W, H), pool, max(.2, self.ease - n / 20000))
            if not 3 <= len(text) <= 10:
                continue
            target = np.zeros(10, np.int64)
            target[:len(text)] = [1 + ALPHABET.index(c) for c in text]
            yield img, target, len(text)


def greedy(logp):
    out = []
    for row in logp.argmax(-1).tolist():
        s, last = "", 0
        for k in row:
            if k and k != last:
                s += ALPHABET[k - 1]
            last = k
        out.append(s)
    return out


def main():
    p = training.arguments("reader.pt", minutes=70, batch=64, rate=2e-3, seed=20)
    p.add_argument("--frames", help="folder with images/ and annots/ of real plates, to be labelled by --teacher")
    p.add_argument("--teacher", help="cct_xs_v2_global.onnx")
    a = p.parse_args()
    run = training.Training(a, Reader, warm=100, clip=3)
    real = real_plates.Plates(a.frames, a.teacher) if a.frames else None
    samples = Samples(a.photographs, a.seed, 0 if a.resume else 1, real)
    seen, right, total, loss_sum = 0, 0, 0, 0.0
    for img, target, length in run.batches(samples, prefetch=6):
        x = img.unsqueeze(1).to(run.device).float()
        with torch.autocast(run.device, torch.bfloat16):
            logp = run.model(x)
        loss = F.ctc_loss(logp.transpose(0, 1), target.to(run.device), torch.full((len(x),), COLUMNS), length, zero_infinity=True)
        run.learn(loss)
        seen, loss_sum = seen + len(x), loss_sum + loss.item()
        if run.step % 10 == 0:
            want = ["".join(ALPHABET[k - 1] for k in t[:n].tolist()) for t, n in zip(target, length)]
            right += sum(g == w for g, w in zip(greedy(logp.detach()), want))
            total += len(want)
        if run.step % 100 == 0:
            print(f"{run.minutes():.1f} min, {seen} seen, loss {loss_sum / 100:.4f}, whole plates right {right / max(1, total):.3f}", flush=True)
            right = total = 0
            loss_sum = 0.0
            run.save()
    run.save()
    print("seen", seen, "wrote", a.checkpoint, flush=True)


if __name__ == "__main__":
    main()
