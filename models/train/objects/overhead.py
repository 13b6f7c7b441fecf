"""Vehicles drawn from above, and shadows: what photographs do not show and
cameras on masts do."""

import math

import cv2
import numpy as np

PAINTS = [(238, 238, 236), (225, 228, 230), (176, 180, 184), (120, 122, 126), (60, 62, 66), (28, 28, 30), (30, 26, 170),
          (150, 70, 35), (110, 60, 30), (60, 100, 40), (40, 190, 225), (40, 60, 95)]  # BGR, the frequent ones first


def vehicle(rng, img):
    """img with a car, van or lorry from above, its box and its class."""
    h, w = img.shape[:2]
    kind = rng.choice(["car", "car", "car", "truck", "bus"])
    length = math.exp(rng.uniform(math.log(24), math.log(.6 * min(h, w))))
    width = length / {"car": rng.uniform(2.0, 2.6), "truck": rng.uniform(2.3, 4.5), "bus": rng.uniform(3.6, 5)}[kind]
    angle = rng.uniform(0, 2 * math.pi)
    cx, cy = rng.uniform(.1 * w, .9 * w), rng.uniform(.1 * h, .9 * h)
    c, s = math.cos(angle), math.sin(angle)
    lean = rng.uniform(-.5, .5) * width, rng.uniform(-.6, 0) * width  # the roof against the ground: not quite from above

    def at(points, up=0.0):
        return np.int32([[16 * (cx + up * lean[0] + length * x * c - width * y * s), 16 * (cy + up * lean[1] + length * x * s + width * y * c)] for x, y in points])

    out = img.copy()
    paint = np.array(rng.choices(PAINTS, weights=[5, 3, 4, 3, 3, 5, 3, 2, 2, 1, 1, 1])[0], float) * rng.uniform(.6, 1.1)

    def fill(points, colour, up=0.0):
        cv2.fillConvexPoly(out, cv2.convexHull(at(points, up)), [float(min(255, max(0, v))) for v in colour], cv2.LINE_AA, 4)

    if rng.random() < .6:
        dark = out.copy()
        d = np.int32([16 * rng.uniform(-.5, .5) * width, 16 * rng.uniform(.1, .5) * width])
        cv2.fillConvexPoly(dark, at(oblong(.5, .5)) + d, (0, 0, 0), cv2.LINE_AA, 4)
        k = rng.uniform(.3, .6)
        out = cv2.addWeighted(dark, k, out, 1 - k, 0)
    glass = np.array([70, 60, 50]) * rng.uniform(.5, 1.6)
    fill(oblong(.5, .5), paint * rng.uniform(.55, .9))  # flanks
    fill(oblong(.49, .47), paint, .35)
    if kind == "car":
        van = rng.random() < .2
        back = -.46 if van else -.38
        fill([(.22, -.42), (.22, .42), (back, .42), (back, -.42)], glass, .5)
        fill([(.12, -.36), (.12, .36), (back + .1, .36), (back + .1, -.36)], paint * rng.uniform(.95, 1.1), 1)
    elif kind == "truck":
        fill([(.42, -.42), (.42, .42), (.34, .42), (.34, -.42)], glass, .6)
        load = paint if rng.random() < .5 else np.array([rng.uniform(90, 240)] * 3)
        fill([(.28, -.48), (.28, .48), (-.5, .48), (-.5, -.48)], load, 1)
    else:
        fill([(.5, -.45), (.5, .45), (.46, .45), (.46, -.45)], glass, .6)
        for x in (-.3, 0, .25):
            fill([(x, -.2), (x, .2), (x + .08, .2), (x + .08, -.2)], paint * .75, 1)
    for y in (-.38, .38):
        fill([(.5, y - .08), (.5, y + .08), (.46, y + .08), (.46, y - .08)], (215, 245, 250), .3)
        fill([(-.5, y - .08), (-.5, y + .08), (-.47, y + .08), (-.47, y - .08)], (30, 30, 190), .3)
    all_ = np.concatenate([at(oblong(.5, .5)), at(oblong(.49, .47), 1)]) / 16
    (x0, y0), (x1, y1) = all_.min(0), all_.max(0)
    return out, [x0, y0, x1, y1], kind


def oblong(a, b):
    """A rectangle of half sides a and b with its corners cut."""
    return [(a, -.6 * b), (a, .6 * b), (.9 * a, b), (-.92 * a, b), (-a, .7 * b), (-a, -.7 * b), (-.92 * a, -b), (.9 * a, -b)]


def shadow(rng, img, box):
    """img with a shadow that fills box, or light from headlamps."""
    x0, y0, x1, y1 = box
    n = rng.randint(5, 12)
    pts = np.float32([[(x0 + x1) / 2 + (x1 - x0) / 2 * rng.uniform(.5, 1) * math.cos(2 * math.pi * i / n),
                       (y0 + y1) / 2 + (y1 - y0) / 2 * rng.uniform(.5, 1) * math.sin(2 * math.pi * i / n)] for i in range(n)])
    mask = np.zeros(img.shape[:2], np.float32)
    cv2.fillPoly(mask, [np.int32(pts)], 1.0)
    mask = cv2.GaussianBlur(mask, (0, 0), max(.6, rng.uniform(.01, .08) * (x1 - x0)))[..., None]
    k = rng.uniform(.35, .8) if rng.random() < .75 else rng.uniform(1.2, 1.8)
    return np.clip(img * (1 - mask + k * mask), 0, 255).astype(np.uint8)
