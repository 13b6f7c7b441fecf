"""Makes motmetrics.json: small random sequences with the figures that
motmetrics 1.4.0 gives them, to check our scorer against.

    pip install motmetrics==1.4.0 "numpy<2" && python3 make_motmetrics.py > motmetrics.json
"""
import json
import random

import motmetrics as mm
import numpy as np

rng = random.Random(7)


def case():
    truth, result = [], []
    objects = [[rng.uniform(0, 300), rng.uniform(0, 200), rng.uniform(-6, 6), rng.uniform(-4, 4)] for _ in range(5)]
    names = {}
    for frame in range(1, 31):
        for k, o in enumerate(objects):
            o[0] += o[2]
            o[1] += o[3]
            if (frame + 7 * k) % 29 < 6:
                continue  # out of view
            truth.append([frame, k + 1, round(o[0], 2), round(o[1], 2), 30, 60])
            if rng.random() < .15:
                continue  # missed
            if rng.random() < .06 or k not in names:
                names[k] = rng.randrange(100, 130)
            result.append([frame, names[k], round(o[0] + rng.gauss(0, 2), 2), round(o[1] + rng.gauss(0, 4), 2), 30, 60])
        if rng.random() < .2:
            result.append([frame, 200 + frame, rng.randrange(300), rng.randrange(200), 30, 60])
    # one box of a name in a frame
    seen, clean = set(), []
    for row in result:
        if (row[0], row[1]) not in seen:
            seen.add((row[0], row[1]))
            clean.append(row)
    return truth, clean


def figures(truth, result):
    acc = mm.MOTAccumulator()
    for frame in sorted({row[0] for row in truth}):
        t = [r for r in truth if r[0] == frame]
        p = [r for r in result if r[0] == frame]
        d = mm.distances.iou_matrix(np.array([r[2:] for r in t]), np.array([r[2:] for r in p]).reshape(-1, 4), max_iou=.5)
        acc.update([r[1] for r in t], [r[1] for r in p], d, frameid=frame)
    names = ["mota", "idf1", "num_switches", "num_misses", "num_false_positives", "num_fragmentations"]
    s = mm.metrics.create().compute(acc, metrics=names, name="x").iloc[0]
    return {n: float(s[n]) for n in names}


out = []
for _ in range(6):
    truth, result = case()
    out.append({"truth": truth, "result": result, "figures": figures(truth, result)})
print(json.dumps(out, separators=(",", ":")))
