"""Fronts and backs of vehicles, drawn: what stands around a plate, and what a detector must not take for one.

car() gives a picture, its mask and the corners of its plate. Lamps, grilles,
windows, badges, lettering and bumpers are where vehicles have them; colours,
sizes and their presence are random.
"""

import cv2
import numpy as np

import render_plates
import syntaxes

WIDTH = 420  # of a drawn vehicle in pixels

PAINT = [(235, 235, 235), (200, 200, 200), (150, 150, 150), (95, 95, 95), (40, 40, 40), (20, 20, 20), (120, 60, 30), (70, 35, 20),
         (30, 25, 150), (40, 40, 190), (60, 90, 40), (150, 190, 210), (60, 190, 220), (170, 150, 60), (60, 100, 140)]


def _poly(img, mask, points, colour):
    p = np.round(np.array(points) * 8).astype(np.int32)
    cv2.fillPoly(img, [p], [int(c) for c in colour], cv2.LINE_AA, 3)
    if mask is not None:
        cv2.fillPoly(mask, [p], 255, cv2.LINE_AA, 3)


def _both(img, points, colour, w):
    _poly(img, None, points, colour)
    _poly(img, None, [(w - x, y) for x, y in points], colour)


def _shade(img, rng, y0, y1):
    a, b, c = rng.uniform(.85, 1.35), rng.uniform(.7, 1.15), rng.uniform(.45, 1)
    ramp = np.interp(np.arange(y1 - y0), [0, (y1 - y0) * rng.uniform(.15, .5), y1 - y0], [a, b, c])[:, None, None]
    img[y0:y1] = np.clip(img[y0:y1] * ramp, 0, 255).astype(np.uint8)


def _bars(img, rng, x0, y0, x1, y1):
    """A grille: slats, bars or a mesh."""
    x0, y0, x1, y1 = int(x0), int(y0), int(x1), int(y1)
    dark = rng.randint(5, 60)
    img[y0:y1, x0:x1] = dark
    light = [min(255, dark + rng.randint(15, 160))] * 3
    step = rng.randint(4, 12)
    kind = rng.random()
    if kind < .6:
        for y in range(y0 + step // 2, y1, step):
            cv2.line(img, (x0, y), (x1, y), light, max(1, step // 4))
    if kind > .45:
        for x in range(x0 + step // 2, x1, step):
            cv2.line(img, (x, y0), (x, y1), light, max(1, step // 4))
    if rng.random() < .5:
        cv2.rectangle(img, (x0, y0), (x1, y1), [rng.randint(120, 240)] * 3, rng.randint(1, 3))


def _lamps(img, rng, front, w, y, h):
    d, t = w * rng.uniform(.1, .24), h * rng.uniform(.12, .26)
    slant = rng.uniform(-.3, .3) * t
    x = w * rng.uniform(.03, .07)
    points = [(x, y + slant), (x + d, y), (x + d * rng.uniform(.7, 1), y + t), (x, y + t * rng.uniform(.7, 1.2) + slant)]
    lit = rng.random() < .2
    colour = (rng.choice([(190, 190, 185), (120, 125, 130), (230, 230, 225)]) if not lit else (255, 255, 255)) if front else \
        ((25, 20, rng.randint(90, 200)) if not lit else (120, 110, 255))
    _both(img, points, colour, w)
    inner = [(x + d * .2 + (px - x) * .5, y + t * .15 + (py - y) * .55) for px, py in points]
    _both(img, inner, rng.choice([(240, 240, 240), (60, 60, 60), (40, 120, 240), (40, 30, 120)]), w)


def _writing(img, rng, w, y0, y1):
    """Badges, names of models, dealers: writing that is no plate."""
    for _ in range(rng.randint(0, 3)):
        text = "".join(rng.choice(syntaxes.LETTERS + "0123456789 .") for _ in range(rng.randint(2, 9)))
        text = text if rng.random() < .5 else text.lower()
        cv2.putText(img, text, (int(rng.uniform(.05, .8) * w), int(rng.uniform(y0, y1))), rng.choice([0, 2, 3, 7]), rng.uniform(.25, .75),
                    [rng.choice([20, 60, 160, 220, 240])] * 3, rng.randint(1, 2), cv2.LINE_AA)
    if rng.random() < .7:
        r = w * rng.uniform(.015, .035)
        at = (int(w / 2), int(rng.uniform(y0, y0 + .4 * (y1 - y0))))
        cv2.ellipse(img, at, (int(r * rng.uniform(1, 1.8)), int(r)), 0, 0, 360, [rng.choice([30, 150, 220])] * 3, -1, cv2.LINE_AA)
        cv2.ellipse(img, at, (int(r * .7), int(r * .7)), 0, 0, 360, [rng.randint(0, 255) for _ in range(3)], -1, cv2.LINE_AA)


def _body(img, mask, rng, front, w, h, waist):
    paint = [max(0, min(255, c + rng.uniform(-20, 20))) for c in rng.choice(PAINT)]
    tall = rng.random() < .15  # lorry, bus, van
    inset = 0 if tall else w * rng.uniform(.06, .2)
    _poly(img, mask, [(inset, h * .03), (w - inset, h * .03), (w - 1, waist), (0, waist)], paint)
    _poly(img, mask, [(w * .03, waist - 2), (w * .97, waist - 2), (w - 1, waist + .1 * h), (w * .98, h * .9), (w * .02, h * .9), (0, waist + .1 * h)], paint)
    _shade(img, rng, 0, int(waist))
    _shade(img, rng, int(waist), int(h * .9))
    glass = [rng.randint(10, 110) + rng.randint(-10, 10) for _ in range(3)]
    m = w * rng.uniform(.03, .07)
    if not tall or front:
        top = h * rng.uniform(.07, .12)
        _poly(img, None, [(inset + m, top), (w - inset - m, top), (w - m * 1.5, waist * rng.uniform(.82, .95)), (m * 1.5, waist * rng.uniform(.82, .95))], glass)
        _poly(img, None, [(inset + m * 2, top * 1.2), (w * rng.uniform(.4, .7), top * 1.2), (w * rng.uniform(.2, .6), waist * .8), (m * 2.5, waist * .8)],
              [min(255, g + rng.randint(0, 60)) for g in glass])
    for _ in range(rng.randint(1, 4)):  # seams
        y = int(rng.uniform(waist, h * .88))
        cv2.line(img, (int(w * rng.uniform(0, .2)), y), (int(w * rng.uniform(.8, 1)), y), [c * rng.choice([.4, .6, 1.3]) for c in paint], rng.randint(1, 3), cv2.LINE_AA)
    for x in (.05, .79):  # wheels
        cv2.rectangle(img, (int(w * x), int(h * .86)), (int(w * (x + .16)), int(h * .99)), (20, 20, 20), -1)
        mask[int(h * .86):int(h * .99), int(w * x):int(w * (x + .16))] = 255
    return paint


def car(rng, pool):
    """(BGR picture, mask, corners of the plate 4×2) of one drawn vehicle."""
    w = WIDTH
    h = int(w * rng.uniform(.62, 1.05))
    front = rng.random() < .5
    waist = h * rng.uniform(.36, .55)
    img, mask = np.zeros((h, w, 3), np.uint8), np.zeros((h, w), np.uint8)
    paint = _body(img, mask, rng, front, w, h, waist)
    bumper = h * rng.uniform(.62, .74)
    if rng.random() < .6:
        c = rng.choice([(30, 30, 30), (60, 60, 60), [v * .8 for v in paint], [min(255, v * 1.15) for v in paint], (180, 180, 180)])
        _poly(img, None, [(0, bumper), (w, bumper), (w, h * rng.uniform(.74, .86)), (0, h * rng.uniform(.74, .86))], c)
    _lamps(img, rng, front, w, rng.uniform(waist, waist + .35 * (bumper - waist)), h)
    if front and rng.random() < .85:
        half = w * rng.uniform(.12, .3)
        _bars(img, rng, w / 2 - half, waist + .05 * h, w / 2 + half, waist + h * rng.uniform(.1, .22))
    if rng.random() < .6:
        half = w * rng.uniform(.15, .4)
        y = h * rng.uniform(.74, .84)
        _bars(img, rng, w / 2 - half, y, w / 2 + half, min(h * .9, y + h * rng.uniform(.04, .12)))
    _writing(img, rng, w, waist, bumper)
    return img, mask, _plate(img, rng, pool, w, h, waist, bumper)


def _plate(img, rng, pool, w, h, waist, bumper):
    flat, _, inner = pool.take()
    flat = render_plates.light(flat, rng)
    real = (inner[2] - inner[0]) / render_plates.SCALE  # millimetres
    k = w / rng.uniform(1500, 1900) * real / (inner[2] - inner[0])  # the vehicle's width in millimetres
    pw, ph = max(8, int(flat.shape[1] * k)), max(4, int(flat.shape[0] * k))
    x = int((w - pw) / 2 + (rng.uniform(-.25, .25) * w if rng.random() < .2 else 0))
    y = int(min(h * .9 - ph, rng.choice([rng.uniform(waist + .05 * h, bumper), rng.uniform(bumper, h * .86)])))
    if rng.random() < .4:  # a recess
        m = rng.randint(3, 16)
        part = img[max(0, y - m):y + ph + m, max(0, x - 2 * m):x + pw + 2 * m]
        part[:] = np.clip(part * rng.uniform(.4, 1.2), 0, 255).astype(np.uint8)
    img[y:y + ph, x:x + pw] = np.clip(cv2.resize(flat, (pw, ph), interpolation=cv2.INTER_AREA) * rng.uniform(.6, 1.05), 0, 255).astype(np.uint8)
    a, b, c, d = [v * k for v in inner]
    return np.array([[x + a, y + b], [x + c, y + b], [x + c, y + d], [x + a, y + d]], np.float32)


def place(rng, img, sprite, boxes, smallest=14, largest=170):
    """Puts a drawn vehicle into img (changed), seen somewhat from the side, and appends its plate's box."""
    side = img.shape[0]
    body, mask, corners = sprite
    h, w = mask.shape
    plate = corners[1, 0] - corners[0, 0]
    k = float(np.exp(rng.uniform(np.log(smallest), np.log(largest)))) / plate
    squeeze, skew, roll = min(1, rng.gauss(.95, .12)), rng.gauss(0, .06), rng.gauss(0, .03)
    m = np.array([[k * squeeze, -roll * k, 0], [(roll + skew) * k, k, 0]], np.float64)
    centre = m[:, :2] @ corners.mean(0)
    m[:, 2] = [rng.uniform(.08, .92) * side - centre[0], rng.uniform(.08, .92) * side - centre[1]]
    at = corners @ m[:, :2].T + m[:, 2]
    box = np.array([*at.min(0), *at.max(0)], np.float32)
    whole = np.array([[0, 0], [w, 0], [w, h], [0, h]]) @ m[:, :2].T + m[:, 2]
    lo, hi = whole.min(0), whole.max(0)
    for o in boxes:  # no vehicle before another's plate
        if min(hi[0], o[2]) > max(lo[0], o[0]) - 4 and min(hi[1], o[3]) > max(lo[1], o[1]) - 4:
            return
    flags = cv2.INTER_LINEAR
    if k < .6:
        body = cv2.GaussianBlur(body, (0, 0), .42 / k)
    light = rng.uniform(.55, 1.1)
    over = np.clip(cv2.warpAffine(body, m, (side, side), flags=flags).astype(np.float32) * light, 0, 255)
    a = cv2.GaussianBlur(cv2.warpAffine(mask, m, (side, side)), (0, 0), .7).astype(np.float32)[..., None] / 255
    img[:] = (img * (1 - a) + over * a).astype(np.uint8)
    boxes.append(box)
