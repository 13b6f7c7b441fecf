"""What the recipes of the plate models share: arguments, set-up, the course of
the learning rate, checkpoints."""

import argparse
import os
import time

import numpy as np
import torch
import torch.nn as nn


def arguments(checkpoint, minutes, batch, rate, seed):
    """The parser of a recipe, with the defaults that its model was trained with."""
    p = argparse.ArgumentParser()
    p.add_argument("--photographs", required=True)
    p.add_argument("--checkpoint", default=checkpoint)
    p.add_argument("--minutes", type=float, default=minutes)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--workers", type=int, default=1)
    p.add_argument("--batch", type=int, default=batch)
    p.add_argument("--rate", type=float, default=rate)
    p.add_argument("--seed", type=int, default=seed)
    p.add_argument("--resume", action="store_true", help="go on from the checkpoint, with the rate as at the beginning; take another seed")
    return p


class Training:
    """A model under training, with a running mean of its weights. warm is the
    steps over which the rate rises, clip the largest norm of a gradient."""

    def __init__(self, a, model, warm, clip):
        torch.manual_seed(a.seed)
        torch.set_num_threads(a.threads)
        self.a, self.warm, self.clip = a, warm, clip
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model = model().to(self.device)
        if self.device == "cpu":
            self.model = self.model.to(memory_format=torch.channels_last)
        self.ema = torch.optim.swa_utils.AveragedModel(self.model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(.98), use_buffers=True)
        print("parameters", sum(q.numel() for q in self.model.parameters()), flush=True)
        self.opt = torch.optim.AdamW(self.model.parameters(), a.rate, weight_decay=1e-3)
        self.step = 0
        if a.resume and os.path.exists(a.checkpoint):
            k = torch.load(a.checkpoint, map_location=self.device, weights_only=False)
            self.model.load_state_dict(k["model"]), self.ema.load_state_dict(k["ema"])
            if "opt" in k:
                self.opt.load_state_dict(k["opt"])

    def minutes(self):
        return (time.time() - self.begin) / 60

    def batches(self, samples, prefetch):
        """Batches until the time is up; the rate rises, then falls as a cosine to
        nothing, by the clock."""
        a = self.a
        self.begin = time.time()
        for batch in torch.utils.data.DataLoader(samples, a.batch, num_workers=a.workers, prefetch_factor=prefetch):
            done = self.minutes() / a.minutes
            if done >= 1:
                return
            for g in self.opt.param_groups:
                g["lr"] = a.rate * min(1, (self.step + 1) / self.warm) * .5 * float(1 + np.cos(np.pi * done)) + 1e-6
            yield batch

    def learn(self, loss):
        self.opt.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.clip)
        self.opt.step()
        self.ema.update_parameters(self.model)
        self.step += 1

    def save(self):
        torch.save({"model": self.model.state_dict(), "ema": self.ema.state_dict(), "opt": self.opt.state_dict()}, self.a.checkpoint)
