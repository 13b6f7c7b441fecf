"""Plates drawn flat, then seen badly.

plate()  draws one flat plate, in colour, with its text.
look()   puts it into a picture: perspective, light, dirt, blur, low resolution,
         noise and compression; gives the crop a detector would cut out.
Everything random comes from the random.Random that is passed in.
"""

import random

import cv2
import numpy as np

import syntaxes
from glyphs import Face

SCALE = 0.5  # pixels for a millimetre


def _mm(v):
    return max(1, int(round(v * SCALE)))


def _mix(img, mask, colour, x, y, alpha=1.0):
    h, w = mask.shape[:2]
    H, W = img.shape[:2]
    x0, y0, x1, y1 = max(0, x), max(0, y), min(W, x + w), min(H, y + h)
    if x1 <= x0 or y1 <= y0:
        return
    m = mask[y0 - y:y1 - y, x0 - x:x1 - x].astype(np.float32)[..., None] * (alpha / 255.0)
    part = img[y0:y1, x0:x1].astype(np.float32)
    img[y0:y1, x0:x1] = (part * (1 - m) + np.array(colour, np.float32) * m).astype(np.uint8)


def _jitter(rng, bgr, d):
    return tuple(int(min(255, max(0, c + rng.uniform(-d, d)))) for c in bgr)


def _shield(img, rng, cx, cy, r):
    """A coat of arms, as far as a camera sees one: two colours in a shield."""
    a, b = rng.choice([(60, 40, 190), (160, 80, 30), (50, 50, 50), (40, 40, 150)]), rng.choice([(150, 70, 30), (235, 235, 235), (40, 200, 240), (60, 40, 190)])
    w = r * rng.uniform(.75, 1.0)
    top = np.array([[cx - w, cy - r], [cx + w, cy - r], [cx + w, cy + r * .2], [cx, cy + r], [cx - w, cy + r * .2]])
    cv2.fillPoly(img, [np.round(top * 8).astype(np.int32)], _jitter(rng, a, 30), cv2.LINE_AA, 3)
    inner = (top - [cx, cy]) * rng.uniform(.3, .65) + [cx, cy + r * rng.uniform(-.2, .3)]
    cv2.fillPoly(img, [np.round(inner * 8).astype(np.int32)], _jitter(rng, b, 30), cv2.LINE_AA, 3)


def _blob(img, rng, cx, cy, r):
    """A picture between groups or at the edge: the outline of a country, a star, a plant."""
    n = rng.randint(5, 11)
    a = np.sort(np.array([rng.uniform(0, 2 * np.pi) for _ in range(n)]))
    d = np.array([r * rng.uniform(.35, 1) for _ in range(n)])
    p = np.stack([cx + d * np.cos(a) * rng.uniform(.6, 1), cy + d * np.sin(a)], -1)
    colour = [rng.randint(20, 230) for _ in range(3)]
    cv2.fillPoly(img, [np.round(p * 8).astype(np.int32)], colour, cv2.LINE_AA, 3)
    if rng.random() < .5:
        q = (p - [cx, cy]) * rng.uniform(.3, .7) + [cx, cy]
        cv2.fillPoly(img, [np.round(q * 8).astype(np.int32)], [rng.randint(20, 230) for _ in range(3)], cv2.LINE_AA, 3)


def _emblem_band(img, rng, code):
    """An edge without blue: arms or a flag above the country's letters."""
    h = img.shape[0]
    bw = _mm(rng.uniform(36, 56))
    cx = bw * rng.uniform(.42, .56)
    if rng.random() < .7:
        _shield(img, rng, cx, h * rng.uniform(.28, .4), h * rng.uniform(.15, .24))
    else:
        y, d = int(h * rng.uniform(.15, .25)), int(h * .08)
        for k in range(3):
            cv2.rectangle(img, (int(cx - bw * .3), y + k * d), (int(cx + bw * .3), y + (k + 1) * d), _jitter(rng, rng.choice([(160, 80, 30), (60, 40, 190), (40, 200, 240), (230, 230, 230)]), 30), -1)
    if rng.random() < .9:
        cv2.putText(img, code, (max(0, int(cx) - 4 * len(code)), int(h * rng.uniform(.78, .9))), cv2.FONT_HERSHEY_SIMPLEX,
                    .4 if len(code) < 3 else .3, _jitter(rng, (40, 40, 40), 30), 1, cv2.LINE_AA)
    return bw


def _band(img, rng, code, right):
    h, w = img.shape[:2]
    if not right and rng.random() < .22:
        return _emblem_band(img, rng, code)
    bw = _mm(rng.uniform(36, 52))
    x = w - bw if right else 0
    blue = _jitter(rng, rng.choice([(150, 60, 10), (170, 70, 20), (120, 40, 0)]), 25)
    img[:, x:x + bw] = blue
    cx, r = x + bw // 2, int(bw * .3)
    cy = int(h * rng.uniform(.28, .36))
    if not right or rng.random() < .3:
        for k in range(12):
            a = k * np.pi / 6
            img[min(h - 1, max(0, int(cy + r * np.sin(a)))), min(w - 1, max(0, int(cx + r * np.cos(a))))] = (60, 220, 250)
    text = code if not right else str(rng.randint(1, 95)).zfill(2)
    cv2.putText(img, text, (x + 2 + (bw - 8 * len(text)) // 3, int(h * .85)), cv2.FONT_HERSHEY_SIMPLEX,
                .42 if len(text) < 3 else .3, (240, 240, 240), 1, cv2.LINE_AA)
    return bw


def _colours(rng, look):
    if look.get("american"):
        bg = rng.choice([(235, 235, 235), (235, 235, 235), (210, 225, 240), (240, 220, 190), (150, 220, 240), (90, 60, 20), (60, 160, 220)])
        dark = sum(bg) < 330
        fg = (230, 230, 230) if dark else rng.choice([(120, 40, 20), (40, 40, 40), (30, 30, 30), (60, 80, 20), (30, 30, 150), (110, 50, 10)])
        return _jitter(rng, bg, 20), _jitter(rng, fg, 20)
    if rng.choice(look["bg"]) == syntaxes.YELLOW:
        bg = (20, 190, 240)
    else:
        bg = (235, 235, 235)
    fg = (25, 25, 25)
    if rng.random() < look.get("red", 0):
        fg = (40, 20, 150)
    elif rng.random() < .06:
        fg = rng.choice([(120, 40, 10), (30, 110, 20), (40, 30, 170)])
    if rng.random() < .08:  # old black French, historic, diplomatic and temporary ones
        bg, fg = rng.choice([((25, 25, 25), (230, 230, 230)), ((110, 60, 20), (240, 240, 240)), ((40, 30, 160), (240, 240, 240)), ((60, 120, 30), (230, 230, 230))])
    return _jitter(rng, bg, 18), _jitter(rng, fg, 18)


def _scenery(img, rng):
    """What American plates have behind the characters."""
    h, w = img.shape[:2]
    if rng.random() < .5:
        a = np.linspace(rng.uniform(.6, 1), rng.uniform(.6, 1), h)[:, None, None]
        img[:] = np.clip(img * a, 0, 255).astype(np.uint8)
    for _ in range(rng.randint(0, 4)):
        c = _jitter(rng, (170, 170, 170), 70)
        p = np.array([[rng.randint(0, w), rng.randint(0, h)] for _ in range(rng.randint(3, 5))], np.int32)
        over = img.copy()
        cv2.fillPoly(over, [p], c, cv2.LINE_AA)
        k = rng.uniform(.08, .3)
        img[:] = cv2.addWeighted(over, k, img, 1 - k, 0)


def _small_text(img, rng, y, size, colour):
    word = "".join(rng.choice(syntaxes.LETTERS) for _ in range(rng.randint(4, 14)))
    if rng.random() < .5:
        word = word.capitalize() if rng.random() < .5 else word.lower()
    (tw, th), _ = cv2.getTextSize(word, cv2.FONT_HERSHEY_SIMPLEX, size, 1)
    x = max(0, (img.shape[1] - tw) // 2 + rng.randint(-10, 10))
    cv2.putText(img, word, (x, y), rng.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX]),
                size, colour, 1, cv2.LINE_AA)


def plate(rng):
    """A flat plate: (BGR picture, characters, its box in the picture without the holder)."""
    text, look = syntaxes.sample(rng)
    american = look.get("american", False)
    face = Face(rng)
    bg, fg = _colours(rng, look)
    h = _mm(150 if american else rng.uniform(104, 118))
    ch = _mm(rng.uniform(58, 84) if american else rng.uniform(66, 86))
    pitch = ch * (rng.uniform(.5, .62) if american else rng.uniform(.54, .74))
    thick = rng.uniform(.72, .9)  # of a glyph's width in its pitch
    gap = ch * rng.uniform(.15, .85 if american else .65)
    dash_drawn = rng.random() < (.5 if american else look["dash"])
    masks = []
    for c in text:
        if c.isalnum() and c in syntaxes.LETTERS + "0123456789":
            masks.append((face.draw(c, pitch * thick, ch), 0))
        else:
            masks.append((c, gap))
    space = pitch * (1 - thick)
    width = sum(m.shape[1] + space if not isinstance(m, str) else g for m, g in masks)
    pad = _mm(rng.uniform(6, 26))
    left = _mm(46) if not american and "L" in look["bands"] and rng.random() < look.get("bandp", .93) else 0
    right = _mm(44) if not american and "R" in look["bands"] and rng.random() < .85 else 0
    w = int(width + 2 * pad + left + right)
    if american:
        w = max(w, _mm(290))
    elif rng.random() < .7:
        w = max(w, _mm(500))
    img = np.empty((h, w, 3), np.uint8)
    img[:] = bg
    if american:
        _scenery(img, rng)
    if left:
        left = _band(img, rng, look["code"], False)
    if right:
        right = _band(img, rng, look["code"], True)
    x = left + (w - left - right - width) / 2 + rng.uniform(-.3, .3) * pad
    if not left and rng.random() < .15:
        _blob(img, rng, max(6, x - pitch * rng.uniform(.4, .7)), h * rng.uniform(.35, .65), ch * rng.uniform(.2, .4))
    y = (h - ch) // 2 + (rng.randint(-3, 6) if american else rng.randint(-2, 2))
    for m, g in masks:
        if isinstance(m, str):
            _mark(img, rng, m, x, y, g, ch, fg, dash_drawn)
            x += g
            continue
        _mix(img, m, fg, int(x), y)
        x += m.shape[1] + space
    if rng.random() < .5:
        t = rng.randint(1, 2)
        cv2.rectangle(img, (t, t), (w - 1 - t, h - 1 - t), fg, t)
    if american:
        for yy, size in ((_mm(22), .42), (h - _mm(6), .36)):
            if rng.random() < .8:
                _small_text(img, rng, yy, size * rng.uniform(.8, 1.3), _jitter(rng, fg, 60))
    _bolts(img, rng)
    framed, t, b = _frame(img, rng)
    return framed, syntaxes.plain(text), (t, t, t + w, t + h)


def _mark(img, rng, c, x, y, g, ch, fg, dash_drawn):
    if c == "-" and dash_drawn:
        t = max(2, int(ch * rng.uniform(.09, .16)))
        cv2.rectangle(img, (int(x + g * .12), y + ch // 2 - t // 2), (int(x + g * .72), y + ch // 2 + t // 2), fg, -1)
    elif c == "o":
        r = int(min(g * .8, ch * .3) * rng.uniform(.6, 1))
        n = rng.choice([1, 2])
        if rng.random() < .3:
            _blob(img, rng, x + g * .45, y + ch * rng.uniform(.4, .6), max(4, min(g * .6, ch * .45)))
            return
        if rng.random() < .25:
            _shield(img, rng, x + g * .4, y + ch * rng.uniform(.3, .6), max(3, min(g * .5, ch * .35)))
            return
        if rng.random() < .25:  # a sticker on the dash
            t = max(2, int(ch * .12))
            cv2.rectangle(img, (int(x + g * .05), y + ch // 2 - t // 2), (int(x + g * .75), y + ch // 2 + t // 2), fg, -1)
        for k in range(n):
            cy = y + ch // 2 if n == 1 else y + int(ch * (.2 + .6 * k))
            colour = rng.choice([(60, 60, 60), (120, 160, 60), (60, 120, 200), (180, 120, 60), (90, 90, 200), (160, 160, 160)])
            centre = (int(x + g * .4), cy)
            cv2.circle(img, centre, max(2, r // n), _jitter(rng, colour, 30), -1, cv2.LINE_AA)
            cv2.circle(img, centre, max(1, r // n // 2), _jitter(rng, colour, 90), -1, cv2.LINE_AA)
    elif c == "·":
        cv2.circle(img, (int(x + g * .3), y + ch // 2), 2, fg, -1, cv2.LINE_AA)


def _bolts(img, rng):
    h, w = img.shape[:2]
    if rng.random() < .45:
        for x in (rng.uniform(.08, .3), 1 - rng.uniform(.08, .3)):
            y = rng.choice([.5, .12, .88]) + rng.uniform(-.05, .05)
            c = rng.choice([(70, 70, 70), (200, 200, 200), (120, 120, 120), (20, 170, 210)])
            cv2.circle(img, (int(x * w), int(y * h)), rng.randint(2, 4), c, -1, cv2.LINE_AA)


def _frame(img, rng):
    """A holder around, often with a dealer's name below: (picture, width of its sides, of its foot)."""
    if rng.random() < .4:
        return img, 0, 0
    c = _jitter(rng, rng.choice([(25, 25, 25), (25, 25, 25), (150, 150, 150), (60, 60, 60)]), 15)
    t, b = rng.randint(2, 6), rng.randint(3, 14)
    out = cv2.copyMakeBorder(img, t, b, t, t, cv2.BORDER_CONSTANT, value=c)
    if b > 8 and rng.random() < .8:
        _small_text(out, rng, out.shape[0] - 3, .3, (200, 200, 200))
    return out, t, b


def light(img, rng):
    """Dirt, shadow and glare on the flat plate."""
    h, w = img.shape[:2]
    if rng.random() < .4:
        return img
    f = img.astype(np.float32)
    if rng.random() < .45:
        g = cv2.resize(np.random.RandomState(rng.getrandbits(31)).rand(rng.randint(2, 6), rng.randint(3, 14)).astype(np.float32), (w, h), interpolation=cv2.INTER_CUBIC)
        g = np.clip((g - .5) * rng.uniform(.5, 2), 0, 1)[..., None] * rng.uniform(.2, .75)
        f = f * (1 - g) + np.array(rng.choice([(70, 90, 110), (40, 45, 50), (150, 150, 150)]), np.float32) * g
    if rng.random() < .45:
        a = rng.uniform(-.6, .6)
        yy, xx = np.mgrid[0:h, 0:w]
        s = ((yy - h * rng.uniform(-.1, 1.1)) > a * (xx - w * rng.uniform(0, 1))).astype(np.float32)
        s = cv2.GaussianBlur(s, (0, 0), rng.uniform(.6, 5))[..., None]
        f = f * (1 - s * rng.uniform(.25, .65))
    if rng.random() < .18:
        yy, xx = np.mgrid[0:h, 0:w]
        d = ((xx - w * rng.random()) / (w * rng.uniform(.05, .3))) ** 2 + ((yy - h * rng.random()) / (h * rng.uniform(.2, .6))) ** 2
        f = f + (np.exp(-d) * rng.uniform(40, 170)).astype(np.float32)[..., None]
    return np.clip(f, 0, 255).astype(np.uint8)


def quad(rng, w, h, strength=1.0):
    """Corners of a w×h plate seen from somewhere: 4×2, any offset."""
    k = strength
    yaw, pitch, roll = rng.gauss(0, .38 * k), rng.gauss(0, .25 * k), rng.gauss(0, .07 * k)
    p = np.array([[-w / 2, -h / 2, 0], [w / 2, -h / 2, 0], [w / 2, h / 2, 0], [-w / 2, h / 2, 0]])
    cy, sy, cx, sx, cz, sz = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
    r = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]]) @ np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]]) @ np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    q = p @ r.T
    z = w * rng.uniform(3, 12)
    q = q[:, :2] * (z / (z + q[:, 2:3]))
    shear = rng.gauss(0, .09 * k)
    q[:, 1] += q[:, 0] * shear * .5
    return q.astype(np.float32)


def degrade(img, rng):
    """Blur, bad light, noise and compression of a grey picture."""
    width = img.shape[1]
    if rng.random() < .6:
        img = cv2.GaussianBlur(img, (0, 0), rng.uniform(.3, min(1.5, .3 + width / 130)))
    if rng.random() < .2:
        n = rng.randint(2, max(2, min(6, width // 22)))
        k = np.zeros((n, n), np.float32)
        cv2.line(k, (0, rng.randint(0, n - 1)), (n - 1, rng.randint(0, n - 1)), 1, 1)
        img = cv2.filter2D(img, -1, k / max(1, k.sum()))
    f = img.astype(np.float32)
    f = 255 * np.clip(f / 255, 0, 1) ** rng.uniform(.55, 1.8)
    lo, span = rng.uniform(0, 70), rng.uniform(75, 255)
    span = min(span, 255 - lo)
    f = lo + f * span / 255
    if rng.random() < .6:
        f += np.random.RandomState(rng.getrandbits(31)).randn(*f.shape).astype(np.float32) * rng.uniform(1, 2 + span * .05)
    img = np.clip(f, 0, 255).astype(np.uint8)
    if rng.random() < .6:
        img = cv2.imdecode(cv2.imencode(".jpg", img, [cv2.IMWRITE_JPEG_QUALITY, rng.randint(25, 92)])[1], cv2.IMREAD_GRAYSCALE)
    return img


class Pool:
    """Flat plates, each seen four or five times, as drawing one costs more than looking at it."""

    def __init__(self, rng, size=400):
        self.rng = rng
        self.plates = [plate(rng) for _ in range(size)]

    def take(self):
        k = self.rng.randrange(len(self.plates))
        taken = self.plates[k]
        if self.rng.random() < .22:
            self.plates[k] = plate(self.rng)
        return taken


def looseness(rng):
    """How much wider than the plate the box is, left and top, right and bottom, in shares of it; seldom tighter.

    One side in eight is far off: boxes of detectors are, and a box that may
    have cut the plate is read again with more around it.
    """
    far = lambda usual, most: rng.uniform(0, most) if rng.random() < .125 else usual
    side = lambda: (far(max(-.025, rng.gauss(.04, .075)), .35), far(max(-.08, rng.gauss(.1, .17)), .7))
    return side(), side()


def look(rng, backgrounds, size=(128, 32), pool=None, ease=0.0):
    """One sample for the reader: (grey picture of size, characters).

    Ease is the share of samples that are large, straight and clear: a net that
    begins with those finds the characters sooner.
    """
    easy = rng.random() < ease
    flat, text, _ = pool.take() if pool else plate(rng)
    flat = cv2.cvtColor(flat if easy else light(flat, rng), cv2.COLOR_BGR2GRAY)
    h, w = flat.shape
    q = quad(rng, w, h, .4 if easy else 1)
    lo, hi = q.min(0), q.max(0)
    bw, bh = hi - lo
    before, after = looseness(rng)
    x0, y0 = lo[0] - before[0] * bw, lo[1] - before[1] * bh
    x1, y1 = hi[0] + after[0] * bw, hi[1] + after[1] * bh
    target = float(np.exp(rng.uniform(np.log(110 if easy else 50), np.log(220))))  # the plate's width in the picture
    s = min(1.0, target / (x1 - x0))
    ow, oh = max(8, int((x1 - x0) * s)), max(6, int((y1 - y0) * s))
    if s < .6:
        flat = cv2.GaussianBlur(flat, (0, 0), .42 / s)
    dst = (q - [x0, y0]) * s
    src = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
    M = cv2.getPerspectiveTransform(src, dst.astype(np.float32))
    b = backgrounds[rng.randrange(len(backgrounds))]
    by, bx = rng.randrange(max(1, b.shape[0] - oh)), rng.randrange(max(1, b.shape[1] - ow))
    out = cv2.resize(b[by:by + oh, bx:bx + ow], (ow, oh))
    out = cv2.warpPerspective(flat, M, (ow, oh), dst=out, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT)
    return cv2.resize(out if easy else degrade(out, rng), size, interpolation=rng.choice([cv2.INTER_LINEAR, cv2.INTER_LINEAR, cv2.INTER_AREA])), text


def photographs(folder, grey=True, limit=None, long_side=480):
    """Pictures to put plates on, scaled to long_side."""
    import glob
    import os
    out = []
    for p in sorted(glob.glob(os.path.join(folder, "*.jpg")))[:limit]:
        im = cv2.imread(p, cv2.IMREAD_GRAYSCALE if grey else cv2.IMREAD_COLOR)
        s = long_side / max(im.shape[:2])
        out.append(cv2.resize(im, None, fx=s, fy=s, interpolation=cv2.INTER_AREA))
    return out


if __name__ == "__main__":
    import sys
    r = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    bgs = photographs(sys.argv[1], limit=20)
    rows = []
    for _ in range(20):
        row = []
        for _ in range(8):
            im, t = look(r, bgs)
            im = cv2.copyMakeBorder(im, 0, 14, 0, 0, cv2.BORDER_CONSTANT, value=255)
            cv2.putText(im, t, (2, 60), cv2.FONT_HERSHEY_SIMPLEX, .4, 0, 1)
            row.append(im)
        rows.append(np.hstack(row))
    cv2.imwrite(sys.argv[2], np.vstack(rows))
