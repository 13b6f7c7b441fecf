"""Pictures for the detector: real frames with boxes, and plates and drawn vehicles put into photographs."""

import glob
import os
import random
import xml.etree.ElementTree as ET

import cv2
import numpy as np

import cars
import render_plates
import syntaxes


def pyramid(img):
    """The picture, its half and its quarter, so that scaling down costs little and aliases nothing."""
    half = cv2.resize(img, None, fx=.5, fy=.5, interpolation=cv2.INTER_AREA)
    return [img, half, cv2.resize(half, None, fx=.5, fy=.5, interpolation=cv2.INTER_AREA)]


def real(folder):
    """[(pyramid of a BGR frame, boxes [n,4] as x0 y0 x1 y1)] of a folder with images/ and annots/ (Pascal VOC)."""
    out = []
    for a in sorted(glob.glob(os.path.join(folder, "annots", "*.xml"))):
        root = ET.parse(a).getroot()
        boxes = [[float(b.find(k).text) for k in ("xmin", "ymin", "xmax", "ymax")] for b in root.iter("bndbox")]
        p = os.path.join(folder, "images", os.path.splitext(os.path.basename(a))[0] + ".jpg")
        img = cv2.imread(p)
        if img is None:
            p = os.path.join(folder, "images", root.find("filename").text)
            img = cv2.imread(p)
        if img is not None:
            out.append((pyramid(img), np.array(boxes, np.float32).reshape(-1, 4)))
    return out


def cut(rng, img, boxes, side, lo, hi):
    """A random square of the frame (a pyramid), most often around a plate, scaled to side."""
    h, w = img[0].shape[:2]
    s = float(np.exp(rng.uniform(np.log(lo), np.log(hi))))
    inside = lambda length: rng.uniform(min(.4 * s, length / 2), max(length - .4 * s, length / 2))
    cx, cy = inside(w), inside(h)
    if len(boxes) and rng.random() < .85:
        b = boxes[rng.randrange(len(boxes))]
        cx = (b[0] + b[2]) / 2 + rng.uniform(-.45, .45) * s
        cy = (b[1] + b[3]) / 2 + rng.uniform(-.45, .45) * s
    aspect = rng.uniform(.85, 1.18)
    k = side / s
    m = np.array([[k * aspect, 0, side / 2 - cx * k * aspect], [0, k, side / 2 - cy * k]], np.float32)
    if rng.random() < .5:
        a = rng.gauss(0, .06)
        r = cv2.getRotationMatrix2D((side / 2, side / 2), a * 57.3, 1)
        m = r[:, :2] @ m + np.array([[0, 0, r[0, 2]], [0, 0, r[1, 2]]])
    level = 0
    while k * 2 ** level < .75 and level + 1 < len(img):
        level += 1
    m2 = m.copy()
    m2[:, :2] *= 2 ** level
    out = cv2.warpAffine(img[level], m2, (side, side), borderValue=(114, 114, 114))
    moved = []
    for b in boxes:
        c = np.array([[b[0], b[1]], [b[2], b[1]], [b[2], b[3]], [b[0], b[3]]]) @ m[:, :2].T + m[:, 2]
        moved.append([*c.min(0), *c.max(0)])
    return out, np.array(moved, np.float32).reshape(-1, 4)


def clip(boxes, side, ignored):
    """Boxes inside the picture; those cut by more than a third go to ignored."""
    keep = []
    for b in boxes:
        c = np.clip(b, 0, side)
        area, whole = (c[2] - c[0]) * (c[3] - c[1]), (b[2] - b[0]) * (b[3] - b[1])
        if area <= 0:
            continue
        (keep if area > .66 * whole and c[2] - c[0] >= 8 and c[3] - c[1] >= 2.5 else ignored).append(c)
    return keep


def _body(img, rng, box):
    """Something like a bumper under the plate: smooth, shaded, of one colour."""
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    a = [int(x0 - w * rng.uniform(.15, 1.2)), int(y0 - h * rng.uniform(.4, 3)), int(x1 + w * rng.uniform(.15, 1.2)), int(y1 + h * rng.uniform(.4, 2.5))]
    a = [max(0, a[0]), max(0, a[1]), min(img.shape[1], a[2]), min(img.shape[0], a[3])]
    if a[2] - a[0] < 4 or a[3] - a[1] < 4:
        return
    v = rng.uniform(10, 240)
    colour = np.array([v + rng.uniform(-60, 60) * (rng.random() < .4) for _ in range(3)])
    shade = np.linspace(rng.uniform(.6, 1.3), rng.uniform(.4, 1.1), a[3] - a[1])[:, None, None]
    fill = np.clip(colour * shade, 0, 255) * np.ones((1, a[2] - a[0], 1))
    k = rng.uniform(.55, 1)
    part = img[a[1]:a[3], a[0]:a[2]]
    part[:] = (part * (1 - k) + fill * k).astype(np.uint8)
    for _ in range(rng.randint(0, 3)):
        y = rng.randint(a[1], a[3])
        cv2.line(img, (a[0], y), (a[2], y + rng.randint(-3, 3)), [rng.randint(0, 255)] * 3, rng.randint(1, 3))


def paste(rng, img, pool, boxes):
    """Puts one plate into img (changed) and appends its box, unless it would lie on another."""
    side = img.shape[0]
    flat, _, inner = pool.take()
    flat = render_plates.light(flat, rng)
    h, w = flat.shape[:2]
    q = render_plates.quad(rng, w, h)
    width = float(np.exp(rng.uniform(np.log(15), np.log(230))))
    k = width / (q[:, 0].max() - q[:, 0].min())
    q *= k
    ext = q.max(0) - q.min(0)
    x, y = rng.uniform(2, max(3, side - ext[0] - 2)), rng.uniform(2, max(3, side - ext[1] - 2))
    q += np.array([x, y], np.float32) - q.min(0)
    M = cv2.getPerspectiveTransform(np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32), q.astype(np.float32))
    a, b, c, d = inner
    corners = cv2.perspectiveTransform(np.array([[[a, b], [c, b], [c, d], [a, d]]], np.float32), M)[0]
    box = np.array([*corners.min(0), *corners.max(0)], np.float32)
    for o in boxes:
        if min(box[2], o[2]) > max(box[0], o[0]) - 4 and min(box[3], o[3]) > max(box[1], o[1]) - 4:
            return
    if rng.random() < .6:
        _body(img, rng, box)
    x0, y0 = np.maximum(0, np.floor(q.min(0)).astype(int) - 3)
    x1, y1 = np.minimum(side, np.ceil(q.max(0)).astype(int) + 3)
    around = img[y0:y1, x0:x1].mean()
    if k < .6:
        flat = cv2.GaussianBlur(flat, (0, 0), .42 / k)
    gain = min(1.15, max(.25, rng.uniform(.55, 1.0) + (around - 110) / 350))
    flat = np.clip(flat.astype(np.float32) * gain * np.array([rng.uniform(.88, 1.1) for _ in range(3)], np.float32), 0, 255).astype(np.uint8)
    M2 = np.array([[1, 0, -x0], [0, 1, -y0], [0, 0, 1]], np.float64) @ M
    size = (int(x1 - x0), int(y1 - y0))
    over = cv2.warpPerspective(flat, M2, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.warpPerspective(np.full((h, w), 255, np.uint8), M2, size)
    mask = cv2.GaussianBlur(mask, (0, 0), rng.uniform(.4, .9)).astype(np.float32)[..., None] / 255
    part = img[y0:y1, x0:x1]
    part[:] = (part * (1 - mask) + over * mask).astype(np.uint8)
    boxes.append(box)


def _decoys(rng, img):
    """Writing that is no plate: clocks laid over, signs, stickers."""
    side = img.shape[0]
    for _ in range(rng.randint(1, 3)):
        text = rng.choice(["2023-01-12 10:%02d:%02d" % (rng.randint(0, 59), rng.randint(0, 59)), "CAM %d" % rng.randint(1, 99), "TAXI", "STOP",
                           "".join(rng.choice(syntaxes.LETTERS.lower()) for _ in range(rng.randint(4, 12)))])
        p = (rng.randint(0, side - 60), rng.randint(12, side - 4))
        f, size, t = rng.choice([0, 2, 3, 4]), rng.uniform(.3, 1.1), rng.randint(1, 3)
        (tw, th), _ = cv2.getTextSize(text, f, size, t)
        if rng.random() < .3:
            cv2.rectangle(img, (p[0] - 3, p[1] - th - 3), (p[0] + tw + 3, p[1] + 4), [rng.randint(0, 255) for _ in range(3)], -1)
        cv2.putText(img, text, p, f, size, [rng.randint(0, 255) for _ in range(3)], t, cv2.LINE_AA)


# Sixteen sheets of noise of different strength; each is rolled before use.
_noise = [(np.random.RandomState(k).randn(320 * 320 * 3) * (1 + k * .6)).astype(np.int16) for k in range(16)]


def weather(rng, img):
    """What camera and recorder do to a whole picture."""
    if rng.random() < .25:
        img = cv2.GaussianBlur(img, (0, 0), rng.uniform(.3, 1.1))
    gamma, gain, lift = rng.uniform(.6, 1.7), rng.uniform(.55, 1.1), rng.uniform(-10, 35)
    tint = [rng.uniform(.85, 1.15) if rng.random() < .5 else 1 for _ in range(3)]
    ramp = 255 * (np.arange(256, dtype=np.float32) / 255) ** gamma * gain + lift
    img = cv2.LUT(img, np.clip(np.stack([ramp * t for t in tint], -1), 0, 255).astype(np.uint8)[None])
    if rng.random() < .18:
        img = cv2.cvtColor(cv2.cvtColor(img, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    if rng.random() < .35:
        noise = np.roll(_noise[rng.randrange(len(_noise))], rng.randrange(10000)).reshape(img.shape)
        img = cv2.add(img, noise, dtype=cv2.CV_8U)
    if rng.random() < .5:
        img = cv2.imdecode(cv2.imencode(".jpg", img, [cv2.IMWRITE_JPEG_QUALITY, rng.randint(30, 92)])[1], cv2.IMREAD_COLOR)
    return img


def balanced(rng, img):
    """The picture with its channels brought to about one mean, and to some light: the real frames are red ones of the night."""
    mean = img.reshape(-1, 3).mean(0) + 4
    gain = np.clip(rng.uniform(60, 140) / mean, .5, 4) * [rng.uniform(.9, 1.1) for _ in range(3)]
    ramp = np.arange(256, dtype=np.float32)[:, None] * gain
    return cv2.LUT(img, np.clip(ramp, 0, 255).astype(np.uint8)[None])


class Fleet:
    """Drawn vehicles, each placed six or seven times."""

    def __init__(self, rng, pool, size=120):
        self.rng, self.pool = rng, pool
        self.cars = [cars.car(rng, pool) for _ in range(size)]

    def take(self):
        k = self.rng.randrange(len(self.cars))
        taken = self.cars[k]
        if self.rng.random() < .15:
            self.cars[k] = cars.car(self.rng, self.pool)
        return taken


def scene(rng, frames, photographs, pool, fleet, side, share=.4):
    """(BGR side×side, boxes, ignored boxes)."""
    ignored = []
    if frames and rng.random() < share:
        img, boxes = frames[rng.randrange(len(frames))]
        img, boxes = cut(rng, img, boxes, side, 190, 780)
        if rng.random() < .5:
            img = balanced(rng, img)
        boxes = clip(boxes, side, ignored)
        if rng.random() < .25:
            paste(rng, img, pool, boxes)
    else:
        p = photographs[rng.randrange(len(photographs))]
        img, _ = cut(rng, [p], np.zeros((0, 4), np.float32), side, 160, 480)
        boxes = []
        if rng.random() < .2:
            _decoys(rng, img)
        if rng.random() < .7:
            for _ in range(rng.choice([1, 1, 2, 2, 3])):
                cars.place(rng, img, fleet.take(), boxes)
        for _ in range(rng.choice([0, 0, 1, 1, 2])):
            paste(rng, img, pool, boxes)
    img = weather(rng, img)
    if rng.random() < .5:
        img = np.ascontiguousarray(img[:, ::-1])
        boxes = [np.array([side - b[2], b[1], side - b[0], b[3]], np.float32) for b in boxes]
        ignored = [np.array([side - b[2], b[1], side - b[0], b[3]], np.float32) for b in ignored]
    return img, boxes, ignored


if __name__ == "__main__":
    import sys
    r = random.Random(4)
    fr = real(sys.argv[2])[:40]
    ph = render_plates.photographs(sys.argv[1], grey=False, limit=30)
    pl = render_plates.Pool(r, 40)
    fl = Fleet(r, pl, 20)
    tiles = []
    for _ in range(15):
        im, bs, ig = scene(r, fr, ph, pl, fl, 320)
        for b in bs:
            cv2.rectangle(im, tuple(map(int, b[:2])), tuple(map(int, b[2:])), (0, 255, 0), 1)
        tiles.append(im)
    cv2.imwrite(sys.argv[3], np.vstack([np.hstack(tiles[i:i + 5]) for i in range(0, 15, 5)]))
