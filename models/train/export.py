"""Makes ONNX models of checkpoints.

  python export.py reader reader.pt plate_reader_eu.onnx
  python export.py detector detector.pt plate_detector.onnx

Opset 17, batch free, weights stored as float16 and cast back as the model is
loaded: half the size, and the same numbers on every machine. The outputs of
the written file are compared with those of the checkpoint.
"""

import argparse
import os

import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn as nn
from onnx import TensorProto, helper, numpy_helper

import train_detector
import train_reader


STRETCH, EVEN = 2.2, -0.7


class ReaderGraph(nn.Module):
    """[N,1,32,128] grey 0..255 → [N,32,37]: shares of 0-9, A-Z, nothing."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        p = self.net(x).exp()
        return torch.cat([p[..., 1:], p[..., :1]], -1)


class DetectorGraph(nn.Module):
    """[N,3,320,320] BGR 0..255 → [N,1600,5]: corners in pixels, score."""

    def __init__(self, net):
        super().__init__()
        self.net = net
        self.register_buffer("c", train_detector.centres())

    def forward(self, x):
        out = self.net(x)
        # The net learnt the overlap to expect, which is seldom over a half for
        # small plates: stretched, so that even odds of a plate are near .5.
        score = (STRETCH * (out[..., :1] - EVEN)).sigmoid()
        return torch.cat([train_detector.boxes_of(out, self.c), score], -1)


KINDS = {
    "reader": (train_reader.Reader, ReaderGraph, (1, train_reader.H, train_reader.W), "columns"),
    "detector": (train_detector.Detector, DetectorGraph, (3, train_detector.SIDE, train_detector.SIDE), "plates"),
}


def load(net, path, which):
    c = torch.load(path, map_location="cpu", weights_only=False)  # our own checkpoint
    if which == "ema":
        e = torch.optim.swa_utils.AveragedModel(net, use_buffers=True)
        e.load_state_dict(c["ema"])
        return e.module
    net.load_state_dict(c["model"])
    return net


def halve(model):
    """Stores large float32 weights as float16 behind a Cast."""
    casts = []
    for t in list(model.graph.initializer):
        if t.data_type != TensorProto.FLOAT or np.prod(t.dims) < 64:
            continue
        half = numpy_helper.from_array(numpy_helper.to_array(t).astype(np.float16), t.name + "_half")
        casts.append(helper.make_node("Cast", [half.name], [t.name], to=TensorProto.FLOAT))
        model.graph.initializer.remove(t)
        model.graph.initializer.append(half)
    nodes = casts + list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def main():
    p = argparse.ArgumentParser()
    p.add_argument("kind", choices=sorted(KINDS))
    p.add_argument("checkpoint")
    p.add_argument("out")
    p.add_argument("--weights", choices=["model", "ema"], default="ema")
    a = p.parse_args()
    net, graph, shape, name = KINDS[a.kind]
    model = graph(load(net(), a.checkpoint, a.weights)).eval()
    torch.onnx.export(model, (torch.zeros(1, *shape),), a.out, input_names=["image"], output_names=[name],
                      dynamic_axes={"image": {0: "n"}, name: {0: "n"}}, opset_version=17, dynamo=False)
    m = halve(onnx.load(a.out))
    with torch.no_grad():
        for d, n in list(zip(m.graph.output[0].type.tensor_type.shape.dim, model(torch.zeros(1, *shape)).shape))[1:]:
            d.dim_value = n
    m.producer_name, m.producer_version, m.doc_string = "posteriori models/train", "", ""
    onnx.checker.check_model(m)
    onnx.save(m, a.out)
    x = torch.rand(2, *shape, generator=torch.Generator().manual_seed(1)) * 255
    got = onnxruntime.InferenceSession(a.out, providers=["CPUExecutionProvider"]).run(None, {"image": x.numpy()})[0]
    with torch.no_grad():
        want = model(x).numpy()
    for o in onnx.load(a.out).graph.output:
        print(o.name, [d.dim_value or d.dim_param for d in o.type.tensor_type.shape.dim])
    print(a.out, os.path.getsize(a.out), "bytes; largest difference", float(np.abs(got - want).max()))


if __name__ == "__main__":
    main()
