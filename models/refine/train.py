"""Trains the refiner on drafts of the embedded painter and the world's own pictures in every style.

    ./x train refine --minutes 50

It can be stopped and started again: the state in --work is continued.
"""

import argparse
import json
import math
import os
import sys
import time

import torch

from model import Refiner, denoise, sample, save

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(HERE, ".."), os.path.join(HERE, "..", "paint")]
from muon import Muon  # noqa: E402
from probe import bf16_pays  # noqa: E402
from stream import Stream  # noqa: E402

TRAIN_SEED, HELD_OUT_SEED = 1, 1_000_000_007
# about the deviation of what each style leaves to chance, as flat, paper, watercolor, pencil, crayon, film
SCALE = [0.03, 0.035, 0.06, 0.08, 0.08, 0.025]
# film grain is new in every frame
FRESH = [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]
SIGMAS = [1.0, 0.6, 0.3, 0.12]


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser()
    p.add_argument("--kinora", default="target/release/kinora", help="the command whose `dataset refine` gives samples")
    p.add_argument("--paint", default="models/paint/paint.safetensors", help="the painter that draws the drafts")
    p.add_argument("--minutes", type=float, default=50.0)
    p.add_argument("--frames", type=int, default=4, help="drafts in a batch")
    p.add_argument("--styles", type=int, default=2, help="styles of each draft in a batch")
    p.add_argument("--lr", type=float, default=0.01, help="of the matrices")
    p.add_argument("--adam-lr", type=float, default=2e-3, help="of everything else")
    p.add_argument("--work", default="target/train/refine", help="log, checkpoint, pictures")
    p.add_argument("--out", default=None, help="where the finished weights go")
    p.add_argument("--threads", type=int, default=1)
    return p.parse_args()


def config_of(header: dict) -> dict:
    words = ["style", "place", "time", "weather"]
    return {
        "architecture": "kinora-refine",
        "dim": 256,
        "heads": 4,
        "layers": 4,
        "ffn": 640,
        "text_dim": 64,
        "patch": 8,
        "context": words,
        "words": [len(header["vocabulary"][k]) for k in words],
        "sigmas": [SIGMAS] * len(SCALE),
        "scale": SCALE,
        "fresh_noise": FRESH,
    }


class Batch:
    """Some styles of each of some drafts."""

    def __init__(self, b, styles: torch.Tensor, device):
        """styles [frames, k]"""
        put = lambda x: torch.from_numpy(x.copy()).to(device)
        k = styles.shape[1]
        picture = lambda x: put(x).float().movedim(-1, -3) / 255
        draft, styled, ids = picture(b["draft"]), picture(b["styled"]), put(b["ids"]).long()
        self.draft = draft.repeat_interleave(k, 0)
        self.styled = torch.cat([styled[i, s] for i, s in enumerate(styles)])
        self.ids = torch.cat([styles.reshape(-1, 1).to(device), ids.repeat_interleave(k, 0)], 1)
        self.foreground = (put(b["foreground"]).float()[:, None] / 255).repeat_interleave(k, 0)
        self.scale = torch.tensor(SCALE, device=device)[self.ids[:, 0]]

    def residual(self):
        return (self.styled - self.draft) / self.scale[:, None, None, None]


def loss_of(net, b: Batch, shifted: bool):
    r = b.residual()
    sigma = torch.rand(len(r), device=r.device) * 0.96 + 0.04
    s = sigma[:, None, None, None]
    x = (1 - s) * r + s * torch.randn_like(r)
    y = denoise(net, x, b.draft, sigma, b.ids, shifted)
    # the error of the velocity, (x − r0) / σ, with a floor; a round bottom keeps edges from drowning texture
    weight = (1 + 2 * b.foreground) / (s * s + 0.05)
    d = y.float() - r
    return (weight * torch.nn.functional.smooth_l1_loss(d, torch.zeros_like(d), beta=2.0, reduction="none")).mean()


@torch.no_grad()
def measure(net: Refiner, held: list[Batch], path: str | None = None) -> dict:
    """For each style: deviation of the fine texture (above 4 pixels) as a part of the truth's, and dB of what is coarser,
    refined and draft."""
    import torch.nn.functional as F

    names = ["flat", "paper", "watercolor", "pencil", "crayon", "film"]
    coarse = lambda x: F.avg_pool2d(x, 4)
    fine = lambda x: (x - F.interpolate(coarse(x), scale_factor=4, mode="bilinear")).std().item()
    psnr = lambda a, b: -10 * math.log10(max((coarse(a) - coarse(b)).square().mean().item(), 1e-9))
    sums, rows = {n: [] for n in names}, []
    torch_state = torch.get_rng_state()
    torch.manual_seed(5)
    for b in held:
        y = sample(net, b.draft, b.ids, torch.randn_like(b.draft), SIGMAS, b.scale)
        for i in range(len(y)):
            n = names[b.ids[i, 0]]
            sums[n].append((fine(y[i : i + 1]) / fine(b.styled[i : i + 1]), psnr(y[i], b.styled[i]), psnr(b.draft[i], b.styled[i])))
        rows.append(torch.cat([torch.cat(list(t), 2) for t in (b.styled, y)], 1))
    torch.set_rng_state(torch_state)
    if path:
        from PIL import Image

        image = (torch.cat(rows[:4], 1).permute(1, 2, 0) * 255).round().byte().cpu().numpy()
        Image.fromarray(image).save(path)
    return {n: [round(sum(v) / len(v), 2) for v in zip(*s)] for n, s in sums.items() if s}


def main() -> None:
    a = arguments()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu":
        torch.set_num_threads(a.threads)
        torch.set_flush_denormal(True)
    torch.manual_seed(4)
    os.makedirs(a.work, exist_ok=True)
    log_file = open(os.path.join(a.work, "log"), "a")

    def log(text: str) -> None:
        print(text, flush=True)
        log_file.write(text + "\n")
        log_file.flush()

    bf16, probed = bf16_pays(device)
    log(probed)
    command = lambda seed, count: [a.kinora, "dataset", "refine", "--paint", a.paint, "--seed", str(seed), "--count", str(count)]
    held_stream = Stream(command(HELD_OUT_SEED, 12), 1)
    config = config_of(held_stream.header)
    every = torch.arange(len(SCALE))[None]
    held = [Batch(b, every, device) for b in held_stream.batches()]
    checkpoint = os.path.join(a.work, "state.pt")
    state = torch.load(checkpoint, map_location=device) if os.path.exists(checkpoint) else None
    spent, step = (state["spent"], state["step"]) if state else (0.0, 0)
    stream = Stream(command(TRAIN_SEED + 100_000 * step, 10**9), a.frames)
    net, ema = Refiner(config).to(device), Refiner(config).to(device)
    inside = lambda name, p: p.dim() == 2 and name.startswith("blocks")
    muon = Muon([p for n, p in net.named_parameters() if inside(n, p)], a.lr, torch.bfloat16 if bf16 else torch.float32)
    rest = [p for n, p in net.named_parameters() if not inside(n, p)]
    adam = torch.optim.AdamW(rest, a.adam_lr, betas=(0.9, 0.98), weight_decay=1e-3, fused=True)
    if state:
        net.load_state_dict(state["net"])
        ema.load_state_dict(state["ema"])
        adam.load_state_dict(state["adam"])
        muon.buf = state["muon"]
    else:
        ema.load_state_dict(net.state_dict())
    log(f"parameters {sum(p.numel() for p in net.parameters()):,} device {device} from step {step}")

    def keep() -> None:
        parts = {"net": net.state_dict(), "ema": ema.state_dict(), "adam": adam.state_dict(), "muon": muon.buf}
        torch.save(parts | {"spent": spent, "step": step}, checkpoint + ".new")
        os.replace(checkpoint + ".new", checkpoint)

    chance = torch.Generator().manual_seed(step)
    # flat leaves nothing to chance: half as often as the others
    often = torch.tensor([0.5] + [1.0] * (len(SCALE) - 1))
    last = time.time()
    measured, smooth = last, None
    for raw in stream.batches():
        progress = min(1.0, spent / (60 * a.minutes))
        scale = min(1.0, (step + 1) / 60) * (0.03 + 0.97 * (0.5 + 0.5 * math.cos(math.pi * progress)))
        styles = torch.stack([torch.multinomial(often, a.styles, generator=chance) for _ in range(len(raw))])
        b = Batch(raw, styles, device)
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            loss = loss_of(net, b, bool(torch.rand(1, generator=chance) < 0.5))
        net.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        for group in adam.param_groups:
            group["lr"] = a.adam_lr * scale
        if torch.isfinite(norm):
            adam.step()
            muon.step(scale)
        step += 1
        with torch.no_grad():
            torch._foreach_lerp_(list(ema.parameters()), list(net.parameters()), 1 - min(0.995, step / (step + 50)))
        now = time.time()
        spent, last = spent + now - last, now
        smooth = loss.item() if smooth is None else 0.98 * smooth + 0.02 * loss.item()
        if step % 50 == 0:
            log(f"{spent / 60:.2f} min step {step} loss {smooth:.4f}")
        if now - measured > 240:
            log(json.dumps(measure(ema, held, os.path.join(a.work, "sheet.png"))))
            keep()
            measured = last = time.time()
        if progress >= 1:
            break
    stream.close()
    keep()
    scores = measure(ema, held, os.path.join(a.work, "sheet.png"))
    log(f"end step {step} {json.dumps(scores)}")
    out = a.out or os.path.join(a.work, "refine.safetensors")
    trained = {"steps": step, "minutes": round(spent / 60, 1), "batch": a.frames * a.styles}
    save(out, ema, config, held_stream.header["vocabulary"], {"trained": trained, "held_out": scores})
    log(f"wrote {out}")


if __name__ == "__main__":
    main()
