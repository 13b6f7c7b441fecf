"""What the classifier of movers learns from: objects cut out of photographs as
a motion model cuts them, i.e. badly.

  python crops.py --taught taught.json --photographs train_images --frames romanian_train \
      --scenes street.mp4 demo.mp4 --out crops.npz

A crop is a square around the object, twice its longer side, of at most
SIDE pixels, with the object's box in it; train.py shifts, scales and spoils it
anew each time. Every fifth photograph is kept apart, to calibrate on.
"""

import argparse
import json
import os
import random

import cv2
import numpy as np

import overhead

CLASSES = ["other", "person", "bicycle", "motorcycle", "car", "truck", "bus", "animal"]
SIDE, AROUND, LEAST = 128, 2.0, 14
RARE = ("bicycle", "motorcycle", "truck", "bus")  # taken on one detector's word


def cut(img, box):
    """The square around box, and box inside it; None where too little is in the picture."""
    h, w = img.shape[:2]
    x0, y0, x1, y1 = max(box[0], 0), max(box[1], 0), min(box[2], w), min(box[3], h)
    longer = max(x1 - x0, y1 - y0)
    if min(x1 - x0, y1 - y0) < 4 or longer < LEAST:
        return None
    side = AROUND * longer
    k = min(1.0, SIDE / side)
    cx, cy = (x0 + x1) / 2, (y0 + y1) / 2
    m = np.float32([[k, 0, SIDE / 2 - k * cx], [0, k, SIDE / 2 - k * cy]])
    small = img
    if k < .5:  # warping alone would pass over samples
        f = int(1 / k)
        small = cv2.resize(img, (w // f, h // f), interpolation=cv2.INTER_AREA)
        m[:, :2] *= [w / (w // f), h / (h // f)]
    out = cv2.warpAffine(small, m, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    b = [SIDE / 2 - k * (x1 - x0) / 2, SIDE / 2 - k * (y1 - y0) / 2, SIDE / 2 + k * (x1 - x0) / 2, SIDE / 2 + k * (y1 - y0) / 2]
    return out, b


def union(a, b):
    return [min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])]


def meet(a, b):
    """The share of the smaller box that lies in the other."""
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    area = lambda t: max((t[2] - t[0]) * (t[3] - t[1]), 1)
    return max(w, 0) * max(h, 0) / min(area(a), area(b))


def blobs(objects):
    """What a motion model would cut out: each object, a rider with what is ridden, two who walk side by side."""
    sure = [o for o in objects if o[5] or o[4] in RARE and o[6] >= .42]
    out = [(o[:4], o[4]) for o in sure]
    people = [o for o in sure if o[4] == "person"]
    for o in sure:
        for p in people:
            if o[4] in ("bicycle", "motorcycle") and meet(o, p) > .25 and p[3] < o[3] + .2 * (o[3] - o[1]):
                out.append((union(o, p), o[4]))
    for i, p in enumerate(people):
        for q in people[:i]:
            u, tall = union(p, q), max(p[3] - p[1], q[3] - q[1])
            if u[2] - u[0] < 1.1 * tall and u[3] - u[1] < 1.15 * tall and .7 < (p[3] - p[1]) / max(1, q[3] - q[1]) < 1.4:
                out.append((u, "person"))
    return out


def background(rng, img, objects, most):
    """Boxes of nothing: of the shapes that movers have, off every object."""
    h, w = img.shape[:2]
    out = []
    for _ in range(8 * most):
        bh = np.exp(rng.uniform(np.log(18), np.log(.5 * h)))
        bw = bh * np.exp(rng.uniform(np.log(.35), np.log(2.6)))
        x, y = rng.uniform(-.1 * bw, w - .9 * bw), rng.uniform(-.1 * bh, h - .9 * bh)
        b = [x, y, x + bw, y + bh]
        if all(meet(b, o) < .15 for o in objects) and len(out) < most:
            out.append(b)
    return out


def add(store, img, box, name, apart):
    got = cut(img, box)
    if got:
        store.append((got[0], got[1], CLASSES.index(name), apart))


def photographs(rng, taught, folders, store):
    for i, (name, objects) in enumerate(sorted(taught.items())):
        img = cv2.imread(os.path.join(folders[os.path.dirname(name)], os.path.basename(name)))
        apart = i % 5 == 4
        for box, c in blobs(objects):
            add(store, img, box, c, apart)
        movers = [o for o in objects if o[4] != "other" and o[6] >= .2]
        for box in background(rng, img, movers, 4):
            add(store, img, box, "other", apart)
        for _ in range(2):
            box = background(rng, img, [], 1)[0]
            got = cut(overhead.shadow(rng, img, box), box)
            if got and all(meet(box, o) < .3 for o in movers):
                store.append((got[0], got[1], 0, apart))
        for _ in range(2):  # a vehicle seen from above, on whatever lies here
            drawn, box, c = overhead.vehicle(rng, img)
            add(store, drawn, box, c, apart)


def scenes(rng, files, store):
    """Movers of rendered scenes, by their exact boxes."""
    for path in files:
        with open(path + ".json") as f:
            truth = json.load(f)
        film = cv2.VideoCapture(path)
        fps = film.get(cv2.CAP_PROP_FPS)
        for o in truth["objects"]:
            name = {"van": "truck"}.get(o["class"], o["class"])
            if name not in CLASSES:
                name = "other"
            for t, x, y, w, h in rng.sample(o["boxes"], min(6, len(o["boxes"]))):
                film.set(cv2.CAP_PROP_POS_FRAMES, round(t * fps))
                ok, img = film.read()
                if ok:
                    add(store, img, [x, y, x + w, y + h], name, False)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--taught", required=True)
    p.add_argument("--photographs", required=True)
    p.add_argument("--frames", required=True)
    p.add_argument("--scenes", nargs="*", default=[])
    p.add_argument("--out", default="crops.npz")
    p.add_argument("--seed", type=int, default=41)
    a = p.parse_args()
    cv2.setNumThreads(1)
    rng = random.Random(a.seed)
    with open(a.taught) as f:
        taught = json.load(f)
    store = []
    photographs(rng, taught, {"train_images": a.photographs, "images": os.path.join(a.frames, "images")}, store)
    scenes(rng, a.scenes, store)
    img, box, label, apart = (np.array(v) for v in zip(*store))
    np.savez(a.out, img=img, box=box.astype(np.float32), label=label, apart=apart)
    print({c: (int((label[~apart] == i).sum()), int((label[apart] == i).sum())) for i, c in enumerate(CLASSES)})


if __name__ == "__main__":
    main()
