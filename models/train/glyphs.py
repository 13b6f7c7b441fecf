"""Characters as masks: from free fonts that Debian packages, and from strokes of our own.

A plate's typeface is no free font in most countries, so no single face may be
learnt by heart: every glyph is cut tight, stretched to the proportions of a
plate and given another weight each time. The strokes below are drawn by hand
for this project on a grid 4 wide and 6 high, in several styles per character
where the countries differ (0 and O, 1 and I, 3, 4, 6, 7, 9).
"""

import glob
import os
import random

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
HEIGHT = 72  # of a cached mask, in pixels

# File-name endings under /usr/share/fonts; the package is in README.md.
# The number is how often a face is taken: those nearest to plates more often.
FACES = [
    ("OSP-DIN.ttf", 8), ("osifont.ttf", 2), ("BebasNeue-Regular.otf", 3), ("BebasNeue-Bold.otf", 3),
    ("NationalPark-Regular.otf", 3), ("NationalPark-Heavy.otf", 3),
    ("LiberationSans-Bold.ttf", 3), ("LiberationSans-Regular.ttf", 2), ("LiberationSansNarrow-Bold.ttf", 4),
    ("LiberationMono-Bold.ttf", 2), ("DejaVuSans-Bold.ttf", 1), ("DejaVuSansCondensed-Bold.ttf", 2),
    ("DejaVuSansMono-Bold.ttf", 2), ("RobotoCondensed-Bold.ttf", 4), ("RobotoCondensed-Regular.ttf", 3),
    ("Roboto-Medium.ttf", 2), ("Roboto-Bold.ttf", 2), ("Lato-Bold.ttf", 1), ("OpenSans-Bold.ttf", 1),
    ("OpenSans-CondBold.ttf", 2), ("FreeSansBold.ttf", 2), ("Dosis-Bold.otf", 1), ("Cabin-Bold.otf", 1), ("Play-Bold.ttf", 2), ("Karla-Bold.otf", 1), ("JetBrainsMono-Bold.ttf", 1),
    ("Inconsolata.otf", 1), ("LeagueMono-Bold.otf", 1), ("NotoMono-Regular.ttf", 1),
    ("ClearSans-Bold.ttf", 1), ("texgyreheros-bold.otf", 1), ("texgyreheroscn-bold.otf", 3),
    ("NimbusSans-Bold.otf", 1), ("NimbusSansNarrow-Bold.otf", 3), ("millimetreA Bold 01.otf", 1),
    ("B612-Bold.otf", 1), ("B612Mono-Bold.otf", 2), ("FiraCode-Bold.ttf", 1),
]

# Styles of each character; in a style, "|" parts its polylines (x,y points).
STROKES = {
    "0": ["1,0 3,0 4,1 4,5 3,6 1,6 0,5 0,1 1,0", "1,0 3,0 4,1 4,5 3,6 1,6 0,5 0,1 1,0|1.2,3.8 2.8,2.2",
          ".8,0 3.2,0 3.8,.8 3.8,5.2 3.2,6 .8,6 .2,5.2 .2,.8 .8,0"],
    "1": [".8,1.4 2.2,0 2.2,6", ".6,1.2 2,0 2,6|.6,6 3.4,6", "1,1 2.4,0 2.4,6"],
    "2": ["0,1.2 .8,0 3.2,0 4,1 4,2 0,6 4,6", "0,1.4 .6,.3 2,0 3.5,.4 4,1.6 3.6,2.7 0,6 4,6"],
    "3": ["0,.8 .8,0 3.2,0 4,.8 4,2.2 3.2,3 1.6,3|3.2,3 4,3.8 4,5.2 3.2,6 .8,6 0,5.2",
          "0,0 4,0 1.8,2.4 3.2,2.6 4,3.6 4,5.2 3.2,6 .8,6 0,5.2"],
    "4": ["3,6 3,0 0,4.4 4,4.4", "2.4,0 0,4.6 4,4.6|3,2.8 3,6", "1.8,0 0,4.4 4,4.4|2.9,2.8 2.9,6"],
    "5": ["3.8,0 .4,0 .2,2.6 1,2.2 3,2.2 4,3.2 4,5 3,6 .8,6 0,5.2", "4,0 0,0 0,2.6 3.2,2.6 4,3.4 4,5.2 3.2,6 .6,6 0,5.4"],
    "6": ["3.8,.8 3.1,0 1,0 0,1 0,5 1,6 3,6 4,5 4,3.6 3,2.6 1,2.6 0,3.4", "2.8,0 .3,3.6 0,4.6 1,6 3,6 4,4.8 4,3.8 3,2.8 1,2.8 .3,3.6"],
    "7": ["0,0 4,0 1.4,6", "0,0 4,0 4,.8 1.6,3.6 1.4,6"],
    "8": ["1,0 3,0 3.8,.8 3.8,2.1 3,2.9 1,2.9 .2,2.1 .2,.8 1,0|1,2.9 3,2.9 4,3.8 4,5.1 3,6 1,6 0,5.1 0,3.8 1,2.9"],
    "9": [".2,5.2 .9,6 3,6 4,5 4,1 3,0 1,0 0,1 0,2.4 1,3.4 3,3.4 4,2.6", "1.2,6 3.7,2.4 4,1.4 3,0 1,0 0,1.2 0,2.2 1,3.2 3,3.2 3.7,2.4"],
    "A": ["0,6 2,0 4,6|.7,4 3.3,4", "0,6 1.6,0 2.4,0 4,6|.6,4.2 3.4,4.2"],
    "B": ["0,0 3,0 3.8,.8 3.8,2.1 3,2.9 0,2.9|3,2.9 4,3.8 4,5.1 3,6 0,6 0,0"],
    "C": ["4,1.2 3,0 1,0 0,1 0,5 1,6 3,6 4,4.8"],
    "D": ["0,0 2.8,0 4,1.2 4,4.8 2.8,6 0,6 0,0"],
    "E": ["4,0 0,0 0,6 4,6|0,2.9 3.2,2.9"],
    "F": ["4,0 0,0 0,6|0,2.9 3.2,2.9"],
    "G": ["4,1.1 3,0 1,0 0,1 0,5 1,6 3,6 4,5 4,3.2 2.2,3.2"],
    "H": ["0,0 0,6|4,0 4,6|0,2.9 4,2.9"],
    "I": ["2,0 2,6", "2,0 2,6|.8,0 3.2,0|.8,6 3.2,6"],
    "J": ["3.4,0 3.4,5 2.6,6 1,6 .2,5 .2,4.2", "1.2,0 3.6,0 3.6,5 2.6,6 1,6 .2,5"],
    "K": ["0,0 0,6|4,0 0,3.6|1.3,2.5 4,6"],
    "L": ["0,0 0,6 4,6"],
    "M": ["0,6 0,0 2,3.6 4,0 4,6", "0,6 0,0 2,5 4,0 4,6", "0,6 0,0 2,6 4,0 4,6", "0,6 .4,0 2,3 3.6,0 4,6"],
    "N": ["0,6 0,0 4,6 4,0"],
    "O": ["1,0 3,0 4,1 4,5 3,6 1,6 0,5 0,1 1,0", "1.3,0 2.7,0 4,1.5 4,4.5 2.7,6 1.3,6 0,4.5 0,1.5 1.3,0"],
    "P": ["0,6 0,0 3,0 4,1 4,2.4 3,3.4 0,3.4"],
    "Q": ["1,0 3,0 4,1 4,5 3,6 1,6 0,5 0,1 1,0|2.3,4.2 4,6.2"],
    "R": ["0,6 0,0 3,0 4,1 4,2.2 3,3.2 0,3.2|2,3.2 4,6"],
    "S": ["4,1 3.2,0 .9,0 0,.9 0,2 .9,2.8 3.1,3.2 4,4 4,5.1 3.1,6 .8,6 0,5"],
    "T": ["0,0 4,0|2,0 2,6"],
    "U": ["0,0 0,5 1,6 3,6 4,5 4,0"],
    "V": ["0,0 2,6 4,0", "0,0 1.7,6 2.3,6 4,0"],
    "W": ["0,0 1,6 2,1.4 3,6 4,0", "0,0 .9,6 2,2.4 3.1,6 4,0", "0,0 1,6 2,0 3,6 4,0", "0,0 .8,6 2,3.2 3.2,6 4,0", "0,0 .3,6 2,2.6 3.7,6 4,0"],
    "X": ["0,0 4,6|4,0 0,6"],
    "Y": ["0,0 2,3 4,0|2,3 2,6"],
    "Z": ["0,0 4,0 0,6 4,6"],
}

_paths = None
_cache = {}


def _index():
    global _paths
    if _paths is None:
        found = {os.path.basename(p): p for p in sorted(glob.glob("/usr/share/fonts/**/*.[ot]tf", recursive=True))}
        _paths = [(found[n], w) for n, w in FACES if n in found and w > 0]
    return _paths


def fonts():
    """Paths of the faces that this machine has."""
    return [p for p, _ in _index()]


def _tight(mask):
    ys, xs = np.where(mask > 40)
    if len(xs) == 0:
        return mask
    return mask[ys.min():ys.max() + 1, xs.min():xs.max() + 1]


def _font_glyph(path, ch):
    key = (path, ch)
    if key not in _cache:
        f = ImageFont.truetype(path, HEIGHT)
        im = Image.new("L", (HEIGHT * 2, HEIGHT * 2), 0)
        ImageDraw.Draw(im).text((HEIGHT // 2, HEIGHT // 4), ch, fill=255, font=f)
        _cache[key] = _tight(np.asarray(im))
    return _cache[key]


class Face:
    """One typeface for one plate: draw(ch, w, h) gives a mask of about that size."""

    def __init__(self, rng):
        self.rng = rng
        self.strokes = rng.random() < 0.38
        self.weight = rng.uniform(0.11, 0.19)
        self.styles = {}
        self.jitter = rng.uniform(0, 0.12)
        self.smooth = rng.random() < 0.6
        self.bold = rng.choice([-1, 0, 0, 0, 1, 1, 2])
        faces, weights = zip(*_index())
        self.path = rng.choices(faces, weights)[0]
        self.narrow = {c: 1.0 for c in ALPHABET}
        if rng.random() < 0.7:  # proportional: the thin ones are thin
            self.narrow.update({"1": rng.uniform(.45, .75), "I": rng.uniform(.18, .5), "J": rng.uniform(.7, .95),
                                "M": rng.uniform(1, 1.25), "W": rng.uniform(1, 1.3)})

    def draw(self, ch, w, h):
        w = max(3, int(round(w * self.narrow[ch])))
        if self.strokes:
            return self._stroke(ch, w, h)
        g = _font_glyph(self.path, ch)
        if ch in "1I":  # never stretch a bar to a block
            w = max(2, min(w, int(g.shape[1] * h / g.shape[0] * 1.15)))
        m = cv2.resize(g, (w, h), interpolation=cv2.INTER_AREA)
        if self.bold:
            k = np.ones((1 + (abs(self.bold) > 1), 2), np.uint8)
            m = cv2.dilate(m, k) if self.bold > 0 else cv2.erode(m, k)
        return m

    def _points(self, ch):
        if ch not in self.styles:
            text = self.rng.choice(STROKES[ch])
            self.styles[ch] = [np.array([[float(v) for v in p.split(",")] for p in line.split()]) for line in text.split("|")]
            for line in self.styles[ch]:
                closed = np.allclose(line[0], line[-1])
                line += np.array([[self.rng.gauss(0, self.jitter) for _ in range(2)] for _ in line])
                if closed:
                    line[-1] = line[0]
        return self.styles[ch]

    def _stroke(self, ch, w, h):
        t = max(2, int(round(self.weight * h)))
        scale = np.array([max(1, w - t) / 4.0, max(1, h - t) / 6.0])
        m = np.zeros((h + 2, w + 2), np.uint8)
        for line in self._points(ch):
            p = line * scale + t / 2.0 + 0.5
            if self.smooth and len(line) > 3:
                p = _round(p)
            cv2.polylines(m, [np.round(p * 8).astype(np.int32)], False, 255, t, cv2.LINE_AA, 3)
        return m


def _round(p):
    """Chaikin's corner cutting, once; ends stay."""
    q = [p[0]]
    for a, b in zip(p[:-1], p[1:]):
        q += [a * .75 + b * .25, a * .25 + b * .75]
    return np.array(q + [p[-1]])
