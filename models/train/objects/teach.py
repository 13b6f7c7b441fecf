"""Labels photographs with what the listed detectors see in them.

  python teach.py --models DIR --photographs train_images --frames romanian_train --out taught.json

Two detectors look (DEIMv2 Femto at the picture, its mirror image and, where it
is large, its parts; NanoDet-Plus at the picture). What both see under one name
is a label; what one sees alone, or what is only half sure, is left out of the
training on either side: neither an object nor background.
"""

import argparse
import glob
import json
import os

import cv2
import numpy as np
import onnxruntime

# COCO's labels by number, and the name that the classifier gives them. The
# others are things: "other".
NAMES = {0: "person", 1: "bicycle", 2: "car", 3: "motorcycle", 5: "bus", 7: "truck",
         **{i: "animal" for i in range(14, 24)}}
# Scores: of what is kept at all; of a label by one detector alone, and by the
# first when the second agrees with so much.
HALF, ALONE, BOTH, SECOND = 0.15, 0.62, 0.42, 0.25


class Femto:
    """DEIMv2 Femto: boxes in pixels of the picture it is shown."""

    def __init__(self, folder):
        self.session = session(os.path.join(folder, "deimv2_hgnetv2_femto_coco.onnx"))

    def __call__(self, img):
        h, w = img.shape[:2]
        x = cv2.resize(img, (416, 416), interpolation=cv2.INTER_AREA)[..., ::-1].astype(np.float32) / 255
        labels, boxes, scores = self.session.run(None, {
            "images": x.transpose(2, 0, 1)[None], "orig_target_sizes": np.array([[w, h]], np.int64)})
        keep = scores[0] >= HALF
        return boxes[0][keep], labels[0][keep], scores[0][keep]


class NanoDet:
    """NanoDet-Plus-m: see detectors/nanodet."""

    def __init__(self, folder):
        self.session = session(os.path.join(folder, "nanodet-plus-m_416.onnx"))

    def __call__(self, img):
        h, w = img.shape[:2]
        x = cv2.resize(img, (416, 416), interpolation=cv2.INTER_AREA).astype(np.float32)
        x = (x - [103.53, 116.28, 123.675]) / [57.375, 57.12, 58.395]
        rows = self.session.run(None, {"data": x.astype(np.float32).transpose(2, 0, 1)[None]})[0][0]
        centres = np.concatenate([self.grid(s) for s in (8, 16, 32, 64)])
        best, score = rows[:, :80].argmax(1), rows[:, :80].max(1)
        keep = score >= HALF
        d = rows[keep, 80:].reshape(-1, 4, 8)
        d = np.exp(d - d.max(2, keepdims=True))
        d = (d / d.sum(2, keepdims=True) * np.arange(8)).sum(2) * centres[keep, 2:]
        c = centres[keep, :2]
        box = np.concatenate([c - d[:, :2], c + d[:, 2:]], 1) * [w / 416, h / 416, w / 416, h / 416]
        return suppress(box, best[keep], score[keep])

    @staticmethod
    def grid(stride):
        n = -(-416 // stride)
        y, x = np.mgrid[:n, :n]
        return np.stack([x.ravel() * stride, y.ravel() * stride, np.full(n * n, stride)], 1).astype(np.float32)


def session(path):
    o = onnxruntime.SessionOptions()
    o.intra_op_num_threads = o.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, o, providers=["CPUExecutionProvider"])


def iou(a, b):
    """Overlaps of corner boxes a [n,4] with b [m,4]."""
    tl, br = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    inter = np.clip(br - tl, 0, None).prod(2)
    area = lambda t: (t[:, 2:] - t[:, :2]).prod(1)
    return inter / np.maximum(area(a)[:, None] + area(b)[None] - inter, 1e-6)


def suppress(boxes, labels, scores, least=0.55):
    """Of several boxes of one label on one place the surest stays."""
    order, keep = np.argsort(-scores), []
    for i in order:
        if not any(labels[i] == labels[k] and iou(boxes[i:i + 1], boxes[k:k + 1])[0, 0] > least for k in keep):
            keep.append(i)
    keep = np.array(keep, int)
    return boxes[keep], labels[keep], scores[keep]


def looks(img):
    """The picture's parts to be looked at, with their place: all of it, and squares where it is large."""
    h, w = img.shape[:2]
    out = [(0, 0, img)]
    if max(h, w) > 800:
        s = min(h, w)
        out += [(x, 0, img[:s, x:x + s]) for x in (0, w - s)]
    return out


def label(img, femto, nanodet):
    """Objects of one picture: [x0, y0, x1, y1, name, sure, score]."""
    found = []
    for x, y, part in looks(img):
        b, l, s = femto(part)
        found.append((b + [x, y, x, y], l, s))
    if len(found) == 1:
        b, l, s = femto(img[:, ::-1])
        found.append((np.stack([img.shape[1] - b[:, 2], b[:, 1], img.shape[1] - b[:, 0], b[:, 3]], 1), l, s))
    boxes, labels, scores = suppress(*(np.concatenate(v) for v in zip(*found)))
    others = nanodet(img)
    out = []
    for b, l, s in zip(boxes, labels, scores):
        name = NAMES.get(int(l), "other")
        o = iou(b[None], others[0])[0] if len(others[0]) else np.zeros(0)
        seen = [(NAMES.get(int(others[1][i]), "other"), others[2][i]) for i in np.flatnonzero(o > .5)]
        agrees = max((t for n, t in seen if n == name), default=0)
        against = max((t for n, t in seen if n != name), default=0)
        sure = against < agrees + .1 and (s >= ALONE or s >= BOTH and agrees >= SECOND)
        out.append([*(round(float(v), 1) for v in b), name, bool(sure), round(float(s), 2)])
    for b, l, s in zip(*others):
        if not len(boxes) or iou(b[None], boxes)[0].max() < .4:
            out.append([*(round(float(v), 1) for v in b), NAMES.get(int(l), "other"), False, round(float(s), 2)])
    return out


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--models", required=True)
    p.add_argument("--photographs", required=True)
    p.add_argument("--frames", required=True, help="frames of a film; every second is taken")
    p.add_argument("--out", default="taught.json")
    a = p.parse_args()
    cv2.setNumThreads(1)
    femto, nanodet = Femto(a.models), NanoDet(a.models)
    files = sorted(glob.glob(os.path.join(a.photographs, "*.jpg"))) + sorted(glob.glob(os.path.join(a.frames, "**", "*.jpg"), recursive=True))[::2]
    out = {}
    for i, path in enumerate(files):
        img = cv2.imread(path)
        out[os.path.join(os.path.basename(os.path.dirname(path)), os.path.basename(path))] = label(img, femto, nanodet)
        if i % 50 == 0:
            print(i, "of", len(files), flush=True)
    with open(a.out, "w") as f:
        json.dump(out, f)
    sure = [o[4] for objects in out.values() for o in objects if o[5]]
    print({n: sure.count(n) for n in sorted(set(sure))}, sum(len(v) for v in out.values()) - len(sure), "unsure")


if __name__ == "__main__":
    main()
