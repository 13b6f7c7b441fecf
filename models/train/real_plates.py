"""Real plates for the reader: cut out of frames whose boxes are known, their text by a teacher.

The teacher is the listed MIT reader (cct_xs_v2_global.onnx). A label counts
only when it is sure of each character, reads the same with three margins, and
what it reads has the form of a plate of the frames' country. Of two texts that
differ in one character, one plate read in two ways, the rarer is dropped.
"""

import re

import cv2
import numpy as np
import onnxruntime

import render_plates
import scenes
import syntaxes
from glyphs import ALPHABET

FORM = re.compile(r"^(B\d{2,3}|(%s)\d\d)[A-Z]{3}$" % "|".join(sorted({c for c in syntaxes.RO if len(c) == 2})))  # Romania
SURE = .7
MARGINS = [(0, 0), (.03, .06), (.06, .12)]


def _cut(img, box, mx, my, size):
    w, h = box[2] - box[0], box[3] - box[1]
    x0, y0, k, l = box[0] - mx * w, box[1] - my * h, size[0] / (w * (1 + 2 * mx)), size[1] / (h * (1 + 2 * my))
    m = np.array([[k, 0, -x0 * k], [0, l, -y0 * l]])
    return cv2.warpAffine(img, m, size, flags=cv2.INTER_AREA if k < 1 else cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


class Plates:
    """take(rng, size) gives a grey picture of one and its characters; every plate comes as often as any other."""

    def __init__(self, frames, teacher):
        session = onnxruntime.InferenceSession(teacher, providers=["CPUExecutionProvider"])
        self.by_text = {}
        for pyramid, boxes in scenes.real(frames):
            grey = cv2.cvtColor(pyramid[0], cv2.COLOR_BGR2GRAY)
            for box in boxes:
                text = _label(session, pyramid[0], box)
                if text:
                    w, h = box[2] - box[0], box[3] - box[1]
                    x0, y0 = max(0, int(box[0] - .4 * w)), max(0, int(box[1] - .8 * h))
                    part = grey[y0:int(box[3] + .8 * h), x0:int(box[2] + .4 * w)].copy()
                    self.by_text.setdefault(text, []).append((part, box - [x0, y0, x0, y0]))
        counts = {t: len(v) for t, v in self.by_text.items()}
        self.texts = sorted(t for t in counts if not any(_one_apart(t, o) and counts[o] >= counts[t] for o in counts))

    def take(self, rng, size):
        text = rng.choice(self.texts)
        img, box = rng.choice(self.by_text[text])
        w, h = box[2] - box[0], box[3] - box[1]
        lo, hi = render_plates.looseness(rng)
        src = np.array([[box[0] - lo[0] * w, box[1] - lo[1] * h], [box[2] + hi[0] * w, box[1] - lo[1] * h],
                        [box[0] - lo[0] * w, box[3] + hi[1] * h]], np.float32)
        src += np.array([[rng.gauss(0, .02) * w, rng.gauss(0, .05) * h] for _ in range(3)], np.float32)
        width = int(min(w, np.exp(rng.uniform(np.log(50), np.log(220)))) * (1 + lo[0] + hi[0]))
        out = (width, max(6, int(width * h * (1 + lo[1] + hi[1]) / (w * (1 + lo[0] + hi[0])))))
        if width < .6 * w:
            img = cv2.GaussianBlur(img, (0, 0), .42 * w / width)
        m = cv2.getAffineTransform(src, np.array([[0, 0], [out[0], 0], [0, out[1]]], np.float32))
        img = cv2.warpAffine(img, m, out, borderMode=cv2.BORDER_REPLICATE)
        if rng.random() < .6:
            img = render_plates.degrade(img, rng)
        if rng.random() < .1:
            img = 255 - img
        return cv2.resize(img, size, interpolation=cv2.INTER_LINEAR), text


def _one_apart(a, b):
    return len(a) == len(b) and sum(x != y for x, y in zip(a, b)) == 1


def _label(session, img, box):
    x = np.stack([cv2.cvtColor(_cut(img, box, *m, (128, 64)), cv2.COLOR_BGR2RGB) for m in MARGINS])
    shares = session.run(None, {session.get_inputs()[0].name: x})[0]
    texts = {"".join((ALPHABET + " ")[k] for k in row.argmax(-1)).strip() for row in shares}
    if len(texts) != 1 or shares.max(-1).min() < SURE:
        return None
    text = texts.pop()
    return text if FORM.match(text) else None
