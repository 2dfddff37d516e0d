"""Trains motion on layouts that the cartoon world acts out while it trains.

    ./x train motion --minutes 12

A conditional temporal GAN whose noise is known: the world tells what chance decided of each shot, so made and true layouts are
paired (L1 on values and differences), and on freshly drawn choices a hinge discriminator over windows and their differences
and a classifier of actions judge the result.
"""

import argparse
import math
import os
import sys
import time

import torch
import torch.nn.functional as F

import codec
from model import Classifier, Discriminator, Motion, draw, save

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(HERE, ".."), os.path.join(HERE, "..", "paint")]
from muon import Muon  # noqa: E402
from probe import bf16_pays  # noqa: E402
from stream import Stream  # noqa: E402

TRAIN_SEED, HELD_OUT_SEED = 1, 1_000_000_007
FRAMES = 33


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser()
    p.add_argument("--kinora", default="target/release/kinora", help="the command whose `dataset motion` gives samples")
    p.add_argument("--minutes", type=float, default=25.0)
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--lr", type=float, default=2e-3)
    p.add_argument("--work", default="target/train/motion")
    p.add_argument("--out", default=None)
    p.add_argument("--init", default=None, help="motion weights to go on from")
    p.add_argument("--threads", type=int, default=1)
    return p.parse_args()


def open_stream(a, seed: int, count: int, batch: int) -> Stream:
    command = [a.kinora, "dataset", "motion", "--seed", str(seed), "--count", str(count), "--frames", str(FRAMES)]
    return Stream(command, batch)


class Batch:
    """What the network needs of samples, on the device."""

    def __init__(self, b, config: dict, device):
        self.ids = torch.from_numpy(b["ids"].astype("i8")).to(device)
        fps = torch.from_numpy(b["fps"].copy()).to(device)
        self.choices, self.cells = (torch.from_numpy(b[k].copy()).to(device) for k in ("choices", "cells"))
        self.audio, self.heard = (torch.from_numpy(b[k].copy()).to(device) for k in ("audio", "heard"))
        self.values = codec.encode(torch.from_numpy(b["layout"].copy()).to(device))
        self.mask = codec.mask(self.ids)
        self.seconds = torch.arange(FRAMES, device=device) / fps[:, None]
        self.length = FRAMES / fps
        self.config = config

    def drawn(self):
        """Other choices, as they are drawn when the model is used."""
        c, n = self.config, len(self.ids)
        return draw(c["choices"], (n,), self.ids.device), draw(c["cell_choices"], self.cells.shape[:2], self.ids.device)


def config_of(header: dict) -> dict:
    words = header["vocabulary"]
    who = [len(words["character"]) + 1, len(words["action"]) + 1, len(words["mood"]) + 1]
    return {
        "architecture": "kinora-motion",
        "frames": FRAMES,
        "dim": 128,
        "heads": 4,
        "layers": 4,
        "ffn": 256,
        "embedding": 24,
        "words": [len(words[k]) for k in ("place", "time", "weather", "prop", "camera")] + who + who,
        "choices": header["choices"],
        "lasting": header["lasting"],
        "cell_choices": header["cell_choices"],
        "cell_seconds": header["cell_seconds"],
        "octaves": 6,
        "oscillators": 24,
        "audio": 18,
        "outputs": codec.NUMBERS,
    }


def action_windows(x, ids):
    """Both characters' numbers and their actions, from 0: x [B, T, 47] → [n, T, 18], [n]"""
    parts = [(x[:, :, list(who)], ids[:, 6 + 3 * i]) for i, who in enumerate(codec.CHARACTERS)]
    x, y = torch.cat([p[0] for p in parts]), torch.cat([p[1] for p in parts])
    return x[y > 0], y[y > 0] - 1


def normalise(batch: Batch, mean, deviation):
    return (batch.values - mean) / deviation * batch.mask[:, None]


class Training:
    """The networks, their optimisers, one step, and the measures."""

    def __init__(self, config: dict, held_out: list[Batch], device, lr: float):
        words, actions = config["words"], config["words"][6] - 1
        make = lambda m: m.to(device)
        self.config, self.lr = config, lr
        self.net, self.ema = make(Motion(config)), make(Motion(config))
        self.ema.load_state_dict(self.net.state_dict())
        values, masks = torch.cat([b.values for b in held_out]), torch.cat([b.mask for b in held_out])
        self.mean, self.deviation = codec.statistics(values, masks)
        self.rate = codec.rates(values, masks, self.deviation)
        of_one = self.rate[list(codec.CHARACTERS[0])]
        self.critic = make(Discriminator(config["outputs"], words, self.rate))
        self.guide, self.judge = (make(Classifier(codec.CHARACTER_LEN, actions, of_one)) for _ in range(2))
        adam = lambda params, rate, b: torch.optim.AdamW(params, rate, betas=b, weight_decay=1e-3, fused=True)
        inside = lambda name, p: p.dim() == 2 and not name.startswith(("words", "output", "audio_0"))
        self.muon = Muon([p for n, p in self.net.named_parameters() if inside(n, p)], 6 * lr)
        self.optimizer = adam([p for n, p in self.net.named_parameters() if not inside(n, p)], lr, (0.9, 0.99))
        self.critic_optimizer = adam(self.critic.parameters(), 4e-4, (0.0, 0.99))
        self.class_optimizer = adam([*self.guide.parameters(), *self.judge.parameters()], 1e-3, (0.9, 0.99))
        self.step = self.skipped = 0

    def made(self, net, b: Batch, choices):
        return net(b.ids, *choices, b.seconds, b.length, b.audio, b.heard) * b.mask[:, None]

    def update(self, b: Batch, progress: float, alone: float) -> dict:
        scale = min(1, (self.step + 1) / 100) * (0.03 + 0.97 * (0.5 + 0.5 * math.cos(math.pi * progress)))
        for group in self.optimizer.param_groups:
            group["lr"] = self.lr * scale
        x = normalise(b, self.mean, self.deviation)
        y = self.made(self.net, b, (b.choices, b.cells))
        # what hardly moves has a high rate: without the round bottom its sign alone would drown every other gradient
        difference = self.rate * (x - y).diff(dim=1)
        near = lambda d, beta: F.smooth_l1_loss(d, torch.zeros_like(d), beta=beta)
        loss = near(x - y, 0.1) + 0.25 * near(difference, 0.5)
        report = {"pair": round(loss.item(), 4)}
        if self.step % 3 == 0:
            self.classify(x, b.ids)
        if progress > alone and self.step % 3 == 0:
            loss = loss + self.judged(x, b)
        self.net.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        if torch.isfinite(norm):
            self.optimizer.step()
            self.muon.step(scale)
        else:
            self.skipped += 1
            report["skipped"] = self.skipped
        for p in [*self.critic.parameters(), *self.guide.parameters()]:
            p.requires_grad_(True)
        self.step += 1
        keep = min(0.995, self.step / (self.step + 50))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.ema.parameters()), list(self.net.parameters()), 1 - keep)
        return report

    def classify(self, x, ids) -> None:
        """One step of the two classifiers on the world's motion: one guides the generator, the other only measures."""
        windows, actions = action_windows(x, ids)
        loss = F.cross_entropy(self.guide(windows), actions) + F.cross_entropy(self.judge(windows), actions)
        self.class_optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.class_optimizer.step()

    def judged(self, x, b: Batch):
        """Motion from drawn choices: teaches the critic every other time, returns the generator's loss."""
        free = self.made(self.net, b, b.drawn())
        if self.step % 2 == 0:
            loss = (F.relu(1 - self.critic(x, b.ids)) + F.relu(1 + self.critic(free.detach(), b.ids))).mean()
            self.critic_optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.critic_optimizer.step()
        for p in [*self.critic.parameters(), *self.guide.parameters()]:
            p.requires_grad_(False)
        windows, actions = action_windows(free, b.ids)
        return 0.5 * F.cross_entropy(self.guide(windows), actions) - 0.04 * self.critic(free, b.ids).mean()

    @torch.no_grad()
    def measure(self, batches: list[Batch]) -> dict:
        """On held-out shots: the judge's accuracy on the world's and on made motion; speed and jerk against the world's."""
        right = {"world": 0, "made": 0}
        total = 0
        speed, jerk = {"world": 0.0, "made": 0.0}, {"world": 0.0, "made": 0.0}
        for b in batches:
            for name, v in (("world", normalise(b, self.mean, self.deviation)), ("made", self.made(self.ema, b, b.drawn()))):
                windows, actions = action_windows(v, b.ids)
                right[name] += (self.judge(windows).argmax(1) == actions).sum().item()
                total += len(actions) if name == "world" else 0
                speed[name] += (self.rate * v.diff(dim=1)).abs().mean().item()
                jerk[name] += (self.rate * v.diff(dim=1, n=3)).abs().mean().item()
        ratio = lambda d: round(d["made"] / max(d["world"], 1e-9), 3)
        accuracy = {f"action_{k}": round(n / total, 4) for k, n in right.items()}
        return accuracy | {"speed_ratio": ratio(speed), "jerk_ratio": ratio(jerk), "characters": total}


def main() -> None:
    a = arguments()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.set_num_threads(a.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(3)
    os.makedirs(a.work, exist_ok=True)
    held = open_stream(a, HELD_OUT_SEED, 512, 128)
    config = config_of(held.header)
    held_out = [Batch(b, config, device) for b in held.batches()]
    stream = open_stream(a, TRAIN_SEED, 10**9, a.batch)
    training = Training(config, held_out, device, a.lr)
    log_file = open(os.path.join(a.work, "log"), "a")

    def log(text: str) -> None:
        print(text, flush=True)
        log_file.write(text + "\n")
        log_file.flush()

    if a.init:
        from safetensors.torch import load_file

        start = {k: v.float() for k, v in load_file(a.init).items() if k in training.net.state_dict()}
        for net in (training.net, training.ema):
            net.load_state_dict(start, strict=False)
    bf16, probed = bf16_pays(device)
    log(probed)
    log(f"parameters {sum(p.numel() for p in training.net.parameters()):,} device {device}")
    start = shown = time.time()
    for raw in stream.batches():
        spent = time.time() - start
        progress = min(1.0, spent / (60 * a.minutes))
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            report = training.update(Batch(raw, config, device), progress, 0.6)
        if time.time() - shown > 30:
            shown = time.time()
            log(f"{spent / 60:.1f} min step {training.step} {report} {training.measure(held_out)}")
        if progress >= 1:
            break
    stream.close()
    scores = training.measure(held_out)
    log(f"end step {training.step} {scores}")
    out = a.out or os.path.join(a.work, "motion.safetensors")
    state = training.ema.state_dict() | {"mean": training.mean, "deviation": training.deviation}
    trained = {"steps": training.step, "minutes": a.minutes, "batch": a.batch}
    save(out, state, config, held.header["vocabulary"], {"trained": trained, "held_out": scores})
    log(f"wrote {out}")


if __name__ == "__main__":
    main()
