"""Trains the classifier of movers, and writes it as ONNX.

  python train.py --crops crops.npz --minutes 60 --out mover_classifier.onnx

Input [N,4,64,64]: B, G, R 0..255 of a square 1.4 times the mover's longer side,
and 1 where its box is. Output [N,8]: shares of CLASSES, calibrated with one
temperature (Guo et al., ICML 2017) on the photographs that were kept apart.
Runs on a GPU where there is one, else on the CPU.
"""

import argparse
import os
import random
import time

import cv2
import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn as nn
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper

from crops import CLASSES, SIDE as CACHED

SIDE, AROUND = 64, 1.4
# Shares of what is drawn in training; the output is about equal odds of what
# moves in a street, not about photographs.
DRAWN = {"other": .24, "person": .24, "bicycle": .09, "motorcycle": .08, "car": .20, "truck": .08, "bus": .05, "animal": .05}
# What is taken for what: the coarse classes that are reported.
COARSE = {"other": 0, "animal": 0, "person": 1, "bicycle": 2, "motorcycle": 2, "car": 3, "truck": 4, "bus": 4}


class Conv(nn.Sequential):
    def __init__(self, a, b, k=3, s=1, act=True):
        layers = [nn.Conv2d(a, b, k, s, k // 2, bias=False), nn.BatchNorm2d(b)]
        super().__init__(*layers, *([nn.ReLU(True)] if act else []))


class Block(nn.Module):
    def __init__(self, c, mid):
        super().__init__()
        self.a, self.b = Conv(c, mid), Conv(mid, c, act=False)

    def forward(self, x):
        return F.relu(x + self.b(self.a(x)))


class Classifier(nn.Module):
    """[N,4,64,64] → [N,8] logits; .66 M parameters."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            Conv(4, 24, 3, 2), Conv(24, 48, 3, 2), Block(48, 32),
            Conv(48, 96, 3, 2), Block(96, 64), Conv(96, 144, 3, 2), Block(144, 96), Block(144, 96))
        self.drop, self.last = nn.Dropout(.2), nn.Linear(144, len(CLASSES))

    def forward(self, x):
        x = torch.cat([(x[:, :3] - 110) / 60, x[:, 3:] * 2 - 1], 1)
        return self.last(self.drop(self.body(x).mean((2, 3))))


def spoil(rng, img):
    """The picture as a bad camera and a codec leave it."""
    if rng.random() < .55:
        n = int(np.exp(rng.uniform(np.log(12), np.log(SIDE))))
        img = cv2.resize(cv2.resize(img, (n, n), interpolation=cv2.INTER_AREA), (SIDE, SIDE),
                         interpolation=rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST]))
    if rng.random() < .25:
        k = rng.choice([3, 5, 7])
        line = np.zeros((k, k), np.float32)
        line[k // 2] = 1 / k
        img = cv2.filter2D(img, -1, line if rng.random() < .7 else line.T)
    x = img.astype(np.float32)
    if rng.random() < .18:
        x = np.repeat(x.mean(2, keepdims=True), 3, 2)
    elif rng.random() < .4:
        x *= np.float32([rng.uniform(.8, 1.2) for _ in range(3)])
    if rng.random() < .7:
        x = 255 * np.clip(x / 255, 0, 1) ** np.exp(rng.uniform(-.5, .6))
        x = (x - 128) * rng.uniform(.55, 1.25) + 128 + rng.uniform(-35, 35)
    if rng.random() < .3:
        x += np.random.default_rng(rng.getrandbits(32)).normal(0, rng.uniform(2, 14), x.shape)
    x = np.clip(x, 0, 255).astype(np.uint8)
    if rng.random() < .45:
        x = cv2.imdecode(cv2.imencode(".jpg", x, [cv2.IMWRITE_JPEG_QUALITY, rng.randint(12, 60)])[1], 1)
    return x


def sample(rng, img, box, label, train=True):
    """One input and its label: the box moved as motion models move it."""
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    if train:
        if label and rng.random() < .05:  # a small part of it: nothing that can be named
            pw, ph = w * rng.uniform(.15, .4), h * rng.uniform(.12, .35)
            x0, y0 = x0 + rng.uniform(0, w - pw), y0 + rng.uniform(0, h - ph)
            x1, y1, label = x0 + pw, y0 + ph, 0
        else:
            j = rng.choice([.05, .12, .22])
            x0, x1 = x0 + w * rng.uniform(-j, j), x1 + w * rng.uniform(-j, j)
            y0, y1 = y0 + h * rng.uniform(-j, j), y1 + h * rng.uniform(-j, j)
            if label and rng.random() < .12:  # with its shadow, or cut by the picture's edge
                x0, x1, y1 = x0 - w * rng.uniform(0, .35), x1 + w * rng.uniform(0, .35), y1 + h * rng.uniform(-.3, .2)
    longer = max(x1 - x0, y1 - y0, 4)
    k = SIDE / (AROUND * longer)
    cx, cy = (x0 + x1) / 2, (y0 + y1) / 2
    bx, by = cx, cy
    if train and rng.random() < .3:  # at the picture's edge the square is moved into it
        room = (AROUND - 1) / 2 * longer
        cx, cy = cx + rng.uniform(-room, room), cy + rng.uniform(-room, room)
    a = np.deg2rad(rng.gauss(0, 5)) if train and rng.random() < .4 else 0
    c, s = k * np.cos(a), k * np.sin(a)
    m = np.float32([[c, -s, SIDE / 2 - c * cx + s * cy], [s, c, SIDE / 2 - s * cx - c * cy]])
    out = cv2.warpAffine(img, m, (SIDE, SIDE), flags=cv2.INTER_AREA if k < .7 else cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = np.zeros((SIDE, SIDE), np.float32)
    bw, bh = k * (x1 - x0) / 2, k * (y1 - y0) / 2
    mx, my = SIDE / 2 + k * (bx - cx), SIDE / 2 + k * (by - cy)
    at = lambda v: min(max(int(v + .5), 0), SIDE)
    inside[at(my - bh):at(my + bh), at(mx - bw):at(mx + bw)] = 1
    if train:
        if rng.random() < .12:  # something stands before it
            n = [rng.randint(6, 26) for _ in range(2)]
            y, x = rng.randrange(SIDE - n[0]), rng.randrange(SIDE - n[1])
            out[y:y + n[0], x:x + n[1]] = [rng.randrange(256) for _ in range(3)]
        if rng.random() < .7:
            out = spoil(rng, out)
        if rng.random() < .5:
            out, inside = out[:, ::-1], inside[:, ::-1]
    return np.concatenate([out.transpose(2, 0, 1).astype(np.float32), inside[None]]), label


class Samples(torch.utils.data.IterableDataset):
    def __init__(self, img, box, label, seed):
        self.img, self.box, self.label, self.seed = img, box, label, seed

    def __iter__(self):
        cv2.setNumThreads(0)
        worker = torch.utils.data.get_worker_info()
        rng = random.Random(self.seed * 100 + (worker.id if worker else 0))
        of = [np.flatnonzero(self.label == i) for i in range(len(CLASSES))]
        weights = [DRAWN[c] if len(of[i]) else 0 for i, c in enumerate(CLASSES)]
        while True:
            i = rng.choice(of[rng.choices(range(len(CLASSES)), weights)[0]])
            x, y = sample(rng, self.img[i], self.box[i], int(self.label[i]))
            yield torch.from_numpy(np.ascontiguousarray(x)), y


def logits(model, img, box, label):
    rng = random.Random(0)
    x = torch.from_numpy(np.stack([sample(rng, *v, train=False)[0] for v in zip(img, box, label)]))
    with torch.no_grad():
        return torch.cat([model(p) for p in x.split(128)])


def temperature(z, y, weight):
    """The one divisor under which the shares are likeliest."""
    grid = np.exp(np.linspace(np.log(.5), np.log(4), 60))
    losses = [(F.cross_entropy(z / t, y, reduction="none") * weight).sum().item() for t in grid]
    return float(grid[int(np.argmin(losses))])


def report(z, y):
    got = z.argmax(1)
    group = torch.tensor([COARSE[c] for c in CLASSES])
    for i, c in enumerate(CLASSES):
        of = y == i
        if of.any():
            print(f"  {c}: {(got[of] == i).float().mean():.3f} right, {(group[got[of]] == group[i]).float().mean():.3f} coarsely, of {int(of.sum())}")
    print(f"  coarse, all classes alike: {np.mean([(group[got[group[y] == g]] == g).float().mean().item() for g in range(5)]):.3f}", flush=True)


class Graph(nn.Module):
    def __init__(self, net, t):
        super().__init__()
        self.net, self.t = net, t

    def forward(self, x):
        return (self.net(x) / self.t).softmax(1)


def export(model, t, out):
    """ONNX, opset 17, batch free, large weights stored as float16 and cast back as the model is loaded."""
    g = Graph(model, t).eval()
    torch.onnx.export(g, (torch.zeros(1, 4, SIDE, SIDE),), out, input_names=["image"], output_names=["shares"],
                      dynamic_axes={"image": {0: "n"}, "shares": {0: "n"}}, opset_version=17, dynamo=False)
    m = onnx.load(out)
    casts = []
    for w in list(m.graph.initializer):
        if w.data_type == TensorProto.FLOAT and np.prod(w.dims) >= 64:
            half = numpy_helper.from_array(numpy_helper.to_array(w).astype(np.float16), w.name + "_half")
            casts.append(helper.make_node("Cast", [half.name], [w.name], to=TensorProto.FLOAT))
            m.graph.initializer.remove(w)
            m.graph.initializer.append(half)
    nodes = casts + list(m.graph.node)
    del m.graph.node[:]
    m.graph.node.extend(nodes)
    m.producer_name, m.producer_version, m.doc_string = "posteriori models/train", "", ""
    onnx.checker.check_model(m)
    onnx.save(m, out)
    x = torch.rand(2, 4, SIDE, SIDE, generator=torch.Generator().manual_seed(1)) * 255
    x[:, 3] = (x[:, 3] > 128).float()
    got = onnxruntime.InferenceSession(out, providers=["CPUExecutionProvider"]).run(None, {"image": x.numpy()})[0]
    with torch.no_grad():
        print(out, os.path.getsize(out), "bytes; largest difference", float(np.abs(got - g(x).numpy()).max()))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--crops", required=True)
    p.add_argument("--checkpoint", default="classifier.pt")
    p.add_argument("--out", default="mover_classifier.onnx")
    p.add_argument("--minutes", type=float, default=60)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--workers", type=int, default=0)
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--rate", type=float, default=2e-3)
    p.add_argument("--seed", type=int, default=42)
    p.add_argument("--resume", action="store_true", help="go on from the checkpoint's weights")
    a = p.parse_args()
    torch.manual_seed(a.seed)
    torch.set_num_threads(a.threads)
    d = np.load(a.crops)
    img, box, label, apart = (d[k] for k in ("img", "box", "label", "apart"))
    assert img.shape[1] == CACHED
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = Classifier().to(device)
    if a.resume:
        model.load_state_dict(torch.load(a.checkpoint, map_location=device))
    if device == "cpu":
        model = model.to(memory_format=torch.channels_last)
    ema = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(.99), use_buffers=True)
    print("parameters", sum(q.numel() for q in model.parameters()), flush=True)
    opt = torch.optim.AdamW(model.parameters(), a.rate, weight_decay=2e-2)
    loader = torch.utils.data.DataLoader(Samples(img[~apart], box[~apart], label[~apart], a.seed), a.batch, num_workers=a.workers)
    begin, step, total = time.time(), 0, 0.0
    for x, y in loader:
        done = (time.time() - begin) / 60 / a.minutes
        if done >= 1:
            break
        for g in opt.param_groups:
            g["lr"] = a.rate * min(1, (step + 1) / 200) * .5 * float(1 + np.cos(np.pi * done)) + 1e-6
        x = x.to(device)
        if device == "cpu":
            x = x.to(memory_format=torch.channels_last)
        with torch.autocast(device, torch.bfloat16):
            out = model(x)
        loss = F.cross_entropy(out.float(), y.to(device), label_smoothing=.05)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5)
        opt.step()
        ema.update_parameters(model)
        step += 1
        total += loss.item()
        if step % 100 == 0:
            print(f"{(time.time() - begin) / 60:.1f} min, {step * a.batch} seen, loss {total / 100:.3f}", flush=True)
            total = 0
            if step % 2000 == 0:
                ema.module.eval()
                report(logits(ema.module, img[apart], box[apart], label[apart]), torch.from_numpy(label[apart]))
                torch.save(ema.module.state_dict(), a.checkpoint)
    net = ema.module.cpu().eval()
    torch.save(net.state_dict(), a.checkpoint)
    z, y = logits(net, img[apart], box[apart], label[apart]), torch.from_numpy(label[apart])
    counts = np.bincount(label[apart], minlength=len(CLASSES))
    weight = torch.tensor([DRAWN[CLASSES[i]] / max(1, counts[i]) for i in label[apart]])
    t = temperature(z, y, weight)
    print("seen", step * a.batch, "temperature", t)
    report(z, y)
    export(net, t, a.out)


if __name__ == "__main__":
    main()
