"""Trains the colour classifier of engine/attribute on the features that
main.go of this folder writes, and writes its coefficients:

  go run ./models/train/colour -data ../shared/data > features.jsonl
  python models/train/colour/train.py features.jsonl engine/attribute/colour.json

A perceptron with one hidden layer. Photographs are kept whole: a quarter of
them is left out in each of four rounds (one round with --rounds 1), all are
used for the final coefficients. The temperature (Guo et al., ICML 2017) is
fitted on what the rounds left out. One core, a few minutes; the same seed
gives the same coefficients on the same machine.
"""

import argparse
import json

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

NAMES = ["unknown", "black", "grey", "silver", "white", "red", "orange", "yellow",
         "green", "blue", "purple", "pink", "brown", "beige"]
HIDDEN = 28


def load(path):
    rows = [json.loads(line) for line in open(path)]
    x = np.array([r["x"] for r in rows], np.float32)
    y = np.array([NAMES.index(r["colour"]) for r in rows])
    g = np.array([r["group"] for r in rows])
    made = np.array([r["made"] for r in rows])
    return x, y, g, made


def weights(y, made):
    """Every colour counts the same, real photographs twice as much as painted ones."""
    w = np.where(made, 0.5, 1.0).astype(np.float32)
    for c in range(len(NAMES)):
        if (y == c).any():
            w[y == c] /= w[y == c].sum()
    w[y == 0] *= 0.4
    return w / w.mean()


def fit(x, y, w, epochs, seed, hidden=HIDDEN):
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Dropout(0.1), nn.Linear(x.shape[1], hidden), nn.ReLU(), nn.Dropout(0.15), nn.Linear(hidden, len(NAMES)))
    opt = torch.optim.AdamW(net.parameters(), lr=4e-3, weight_decay=0.02)
    X, Y, W = torch.tensor(x), torch.tensor(y), torch.tensor(w)
    steps = epochs * (len(x) // 256 + 1)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, 4e-3, total_steps=steps)
    gen = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        for i in torch.randperm(len(x), generator=gen).split(256):
            loss = (F.cross_entropy(net(X[i]), Y[i], reduction="none", label_smoothing=0.03) * W[i]).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
            if sched.last_epoch < steps - 1:
                sched.step()
    return net.eval()


def temperature(logits, y, w):
    z, t = torch.tensor(logits), torch.tensor(y)
    best = min((float((F.cross_entropy(z / k, t, reduction="none") * torch.tensor(w)).mean()), k) for k in np.arange(0.5, 4, 0.05))
    return round(float(best[1]), 2)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("features")
    p.add_argument("out")
    p.add_argument("--epochs", type=int, default=40)
    p.add_argument("--rounds", type=int, default=4)
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    torch.set_num_threads(1)
    x, y, g, made = load(a.features)
    w = weights(y, made)
    mean, std = x.mean(0), x.std(0) + 0.02
    x = (x - mean) / std
    left = np.zeros((len(x), len(NAMES)), np.float32)
    seen = np.zeros(len(x), bool)
    for k in range(a.rounds):
        out = g % 4 == k
        net = fit(x[~out], y[~out], w[~out], a.epochs, a.seed)
        with torch.no_grad():
            left[out] = net(torch.tensor(x[out])).numpy()
        seen |= out
    hit = left.argmax(1) == y
    for part, m in (("real", ~made & seen), ("painted", made & seen)):
        print(part, "left out:", " ".join(f"{n} {hit[m & (y == i)].mean():.2f}" for i, n in enumerate(NAMES) if (m & (y == i)).any()))
    t = temperature(left[seen & ~made], y[seen & ~made], w[seen & ~made])
    net = fit(x, y, w, a.epochs, a.seed)
    w1, b1 = net[1].weight.detach().numpy(), net[1].bias.detach().numpy()
    w2, b2 = net[4].weight.detach().numpy(), net[4].bias.detach().numpy()
    b1, w1 = b1 - (w1 * mean / std).sum(1), w1 / std  # of features as they are

    def number(v):
        return [float(f"{k:.4g}") for k in v]

    with open(a.out, "w") as f:
        json.dump({"names": NAMES, "temperature": t, "hidden": [number(r) for r in w1], "hidden_bias": number(b1),
                   "output": [number(r) for r in w2], "output_bias": number(b2)}, f, separators=(",", ":"))
        f.write("\n")
    print("temperature", t)


if __name__ == "__main__":
    main()
