"""Makes a checkpoint of a model that was shipped, so that training can go on from it.

  python restore.py reader --photographs DIR plate_reader_eu.onnx reader.pt
  python restore.py detector --frames DIR --photographs DIR plate_detector_320.onnx detector.pt

An exported model has its batch normalisation folded into the convolutions. It
is unfolded on fresh samples: each layer takes the mean and spread that its
convolution gives there, and a gain and shift that undo them. Then the net gives
what the model gave, and goes on learning without a jump. So it does when it has
grown since: residual blocks that the model has not begin as adding nothing.
"""

import argparse

import numpy as np
import onnx
import torch
import torch.nn as nn
from onnx import numpy_helper

import train_detector
import train_reader


def convolutions(path):
    """Weights and biases in the order in which the model uses them."""
    g = onnx.load(path).graph
    held = {i.name: numpy_helper.to_array(i).astype(np.float32) for i in g.initializer}
    held |= {n.output[0]: held[n.input[0]] for n in g.node if n.op_type == "Cast" and n.input[0] in held}
    return [[held[x] for x in n.input[1:]] for n in g.node if n.op_type == "Conv"]


def in_order(net, x):
    """The convolutions of net in the order in which it uses them, each with the normalisation that follows or None."""
    order, hooks = [], []
    for m in net.modules():
        if isinstance(m, (nn.Conv2d, nn.BatchNorm2d)):
            hooks.append(m.register_forward_hook(lambda m, i, o: order.append(m)))
    with torch.no_grad():
        net(x)
    for h in hooks:
        h.remove()
    return [(m, order[i + 1] if i + 1 < len(order) and isinstance(order[i + 1], nn.BatchNorm2d) else None)
            for i, m in enumerate(order) if isinstance(m, nn.Conv2d)]


def known(net, pairs, held):
    """The pairs that have a counterpart in held. A residual block without one is muted: its last gain is nothing."""
    of = {conv: block for block in net.modules() if isinstance(block, train_reader.Residual) for conv in (block.a[0], block.b[0])}
    out, grown = [], set()
    for conv, norm in pairs:
        block = of.get(conv)
        if block in grown:
            continue
        if len(out) < len(held) and held[len(out)][0].size == conv.weight.numel():
            out.append((conv, norm))
        elif block is not None:
            nn.init.zeros_(block.b[1].weight)
            grown.add(block)
    return out


def unfold(net, path, x):
    """Gives net the weights of the model at path; x is a batch of samples as the net takes them."""
    net.eval()
    held = convolutions(path)
    pairs = known(net, in_order(net, x), held)
    if len(pairs) != len(held):
        raise SystemExit(f"{path} has {len(held)} convolutions, of which the net has {len(pairs)}: it is another model")
    folded = []
    for (conv, norm), (weight, *bias) in zip(pairs, held):
        conv.weight.data = torch.from_numpy(weight.copy()).reshape(conv.weight.shape)
        bias = torch.from_numpy(bias[0].copy()) if bias else torch.zeros(len(weight))
        if norm is None:
            conv.bias.data = bias
        else:
            folded.append((norm, bias))
    hooks = [norm.register_forward_pre_hook(measuring(bias)) for norm, bias in folded]
    with torch.no_grad():
        net(x)
    for h in hooks:
        h.remove()
    return net


def measuring(bias):
    def hook(norm, inputs):
        y = inputs[0]
        mean, var = y.mean((0, 2, 3)), y.var((0, 2, 3), unbiased=False)
        norm.running_mean.copy_(mean), norm.running_var.copy_(var)
        norm.weight.data = torch.sqrt(var + norm.eps)
        norm.bias.data = bias + mean
    return hook


def main():
    p = argparse.ArgumentParser()
    p.add_argument("kind", choices=["reader", "detector"])
    p.add_argument("model")
    p.add_argument("checkpoint")
    p.add_argument("--photographs", required=True)
    p.add_argument("--frames")
    p.add_argument("--samples", type=int, default=256)
    a = p.parse_args()
    if a.kind == "reader":
        net, data = train_reader.Reader(), train_reader.Samples(a.photographs, 1, 0)
        take = lambda s: torch.as_tensor(s[0])[None].float()
    else:
        net, data = train_detector.Detector(), train_detector.Samples(a.frames, a.photographs, 1)
        take = lambda s: s[0].float()
    x = torch.stack([take(s) for s, _ in zip(data, range(a.samples))])
    unfold(net, a.model, x)
    ema = torch.optim.swa_utils.AveragedModel(net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(.98), use_buffers=True)
    torch.save({"model": net.state_dict(), "ema": ema.state_dict()}, a.checkpoint)
    print("wrote", a.checkpoint)


if __name__ == "__main__":
    main()
